"""The window's edits of a text: numbers, requires_grad, a line at the end."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.source.document import Cell, CellId
from tutor.source.literals import LiteralInfo, NotALiteral
from tutor.source.rewrite import (
    RewriteError,
    append_line,
    creating_cell,
    literal_of,
    set_literal,
    set_requires_grad,
)


def data_of(text: str, name: str) -> Any:
    found = literal_of(text, name)
    assert isinstance(found, LiteralInfo), found
    return found.data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a = torch.tensor([2., 3.])", [2.0, 3.0]),
        ("a = torch.tensor(3., requires_grad=True)", 3.0),
        ("a: Tensor = tensor([[1, -2], [3, +4]])", [[1, -2], [3, 4]]),
        ("ñandú = 'é'; a = torch.tensor((1e-3, 2))", [0.001, 2]),
        ("a = b = torch.tensor([True, False])", [True, False]),
        ("a = torch.tensor([2.]).requires_grad_()", [2.0]),
        ("a = nn.Parameter(torch.tensor([2.]))", [2.0]),
        ("a = torch.Tensor([1, 2])", [1, 2]),
        ("if True:\n    a = torch.tensor(float('-inf'))", float("-inf")),
        ("with torch.no_grad():\n    a = torch.tensor([torch.inf, 1.])", [float("inf"), 1.0]),
        ("a = torch.tensor([])", []),
    ],
)
def test_a_literal_is_read_wherever_it_stands(text: str, data: Any) -> None:
    assert data_of(text, "a") == data


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("a = torch.tensor([2.]\n", "syntax", 1),
        ("b = 1", "not_found", None),
        ("a = torch.tensor(1.)\na = a * 2", "assigned_twice", 2),
        ("a = torch.tensor(1.)\na += 2", "assigned_twice", 2),
        ("for i in range(3):\n    a = torch.tensor(1.)", "in_loop", 2),
        ("while go:\n    if i:\n        a = torch.tensor(1.)", "in_loop", 3),
        ("def f():\n    a = torch.tensor(1.)", "in_function", 2),
        ("a, b = torch.tensor([1., 2.])", "unpacked", 1),
        ("(a, *rest) = f()", "unpacked", 1),
        ("a = b * 2", "computed", 1),
        ("a = x", "computed", 1),
        ("with f() as a:\n    pass", "computed", 1),
        ("\na = torch.ones(2, 2)", "factory", 2),
        ("a = torch.randn(3).requires_grad_()", "factory", 1),
        ("a = torch.Tensor(3)", "factory", 1),
        ("a = torch.tensor(numbers)", "not_numbers", 1),
        ("a = torch.tensor([1., x])", "not_numbers", 1),
        ("a = torch.tensor()", "not_numbers", 1),
        ("a = \0", "syntax", None),
        ("(" * 5000, "syntax", None),
    ],
)
def test_what_is_no_literal_says_why(text: str, reason: str, line: int | None) -> None:
    found = literal_of(text, "a")
    assert isinstance(found, NotALiteral)
    assert found.reason == reason
    assert line is None or found.line == line


def test_a_name_local_to_a_function_is_another_name() -> None:
    assert data_of("a = torch.tensor(1.)\ndef f():\n    a = 2\n", "a") == 1.0


@pytest.mark.parametrize(
    ("text", "data", "expected"),
    [
        ("a = torch.tensor([2., 3.])  # hoja", [5, 3.0], "a = torch.tensor([5., 3.])  # hoja"),
        ("a = torch.tensor( [2.0,3.0 ] )", [2.0, -1], "a = torch.tensor( [2.0,-1.0 ] )"),
        ("a = torch.tensor([2, 3])", [2, 7], "a = torch.tensor([2, 7])"),
        ("a = torch.tensor([2, 3.])", [5.0, 3.0], "a = torch.tensor([5, 3.])"),
        ("a = torch.tensor([2, 3.])", [5.5, 3.0], "a = torch.tensor([5.5, 3.])"),
        ("a = torch.tensor(3.)", 3.01, "a = torch.tensor(3.01)"),
        ("a = torch.tensor(-3.)", 4.0, "a = torch.tensor(4.)"),
        ("a = torch.tensor([0.1, 2.])", [0.10000000149011612, 3.0], "a = torch.tensor([0.1, 3.])"),
        ("a = torch.tensor([2.])", [0.10000000149011612], "a = torch.tensor([0.1])"),
        ("a = torch.tensor([1., 2.])", ["nan", "-inf"], 'a = torch.tensor([float("nan"), float("-inf")])'),
        ("a = torch.tensor([1., 2.])", [[1, 2], [3, 4]], "a = torch.tensor([[1., 2.], [3., 4.]])"),
        ("a = torch.tensor([1e-3])", [2.0], "a = torch.tensor([2.0])"),
        ("á = 'ñ'; a = torch.tensor([1.], dtype=d)", [2.5], "á = 'ñ'; a = torch.tensor([2.5], dtype=d)"),
        ("a = torch.tensor([True, False])", [True, True], "a = torch.tensor([True, True])"),
        (
            "a = torch.tensor([\n  1.,  # one\n  2.,\n])",
            [1.0, 9.0],
            "a = torch.tensor([\n  1.,  # one\n  9.,\n])",
        ),
    ],
)
def test_a_number_changes_and_the_rest_of_the_text_stays(text: str, data: Any, expected: str) -> None:
    assert set_literal(text, "a", data) == expected


def test_a_fraction_among_integers_is_refused() -> None:
    with pytest.raises(RewriteError) as caught:
        set_literal("a = torch.tensor([1, 2])", "a", [1, 2.5])
    assert caught.value.reason == "integers_only"
    assert set_literal("a = torch.Tensor([1, 2])", "a", [1, 2.5]) == "a = torch.Tensor([1, 2.5])"


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(RewriteError, match="not_numbers"):
        set_literal("a = torch.tensor([1.])", "a", ["two"])


@pytest.mark.parametrize(
    ("text", "on", "expected"),
    [
        ("a = torch.tensor([2.])", True, "a = torch.tensor([2.], requires_grad=True)"),
        ("a = torch.tensor([2.], requires_grad=True)", False, "a = torch.tensor([2.])"),
        (
            "a = torch.tensor([2.], requires_grad=False)  # b",
            True,
            "a = torch.tensor([2.], requires_grad=True)  # b",
        ),
        ("a = torch.tensor([2.] , requires_grad = True )", False, "a = torch.tensor([2.]  )"),
        ("a = torch.ones(2, requires_grad=True, dtype=d)", False, "a = torch.ones(2, dtype=d)"),
        ("a = torch.tensor(requires_grad=True, data=[1.])", False, "a = torch.tensor(data=[1.])"),
        (
            "a = torch.tensor(\n    [2.],  # two, exactly\n)",
            True,
            "a = torch.tensor(\n    [2.], requires_grad=True,  # two, exactly\n)",
        ),
        ("a = torch.tensor(([2.]))", True, "a = torch.tensor(([2.]), requires_grad=True)"),
        ("a = torch.randn(3)\n", True, "a = torch.randn(3, requires_grad=True)\n"),
        ("a = torch.ones(2).requires_grad_()", False, "a = torch.ones(2)"),
        ("a = torch.ones(2).requires_grad_(False)", True, "a = torch.ones(2).requires_grad_()"),
        ("a = torch.tensor([2.]).double()", True, "a = torch.tensor([2.]).double().requires_grad_()"),
        ("a = torch.Tensor([2, 3])", True, "a = torch.Tensor([2, 3]).requires_grad_()"),
        ("a = nn.Parameter(torch.ones(2))", False, "a = nn.Parameter(torch.ones(2), requires_grad=False)"),
        ("a = nn.Parameter(torch.ones(2), requires_grad=False)", True, "a = nn.Parameter(torch.ones(2))"),
        ("a = f()\na.requires_grad_()", False, "a = f()\na.requires_grad_(False)"),
        ("a = f()\na.requires_grad_(False)", True, "a = f()\na.requires_grad_()"),
        ("a = f()\na.requires_grad = True", False, "a = f()\na.requires_grad = False"),
        (
            "a.requires_grad = True\na.requires_grad_(False)",
            True,
            "a.requires_grad = True\na.requires_grad_()",
        ),
        ("a = torch.tensor([2.])", False, "a = torch.tensor([2.])"),
    ],
)
def test_requires_grad_is_flipped_where_it_is_decided(text: str, on: bool, expected: str) -> None:
    assert set_requires_grad(text, "a", on) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = b * 2", "computed"),
        ("a = model(x)", "computed"),
        ("a = torch.tensor([1, 2])", "integer_tensor"),
        ("a = torch.tensor(1.)\na = torch.tensor(2.)", "assigned_twice"),
        ("a = = 2", "syntax"),
    ],
)
def test_a_flag_that_cannot_be_set_says_why(text: str, reason: str) -> None:
    with pytest.raises(RewriteError) as caught:
        set_requires_grad(text, "a", True)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", "x = 1\nx.backward()"),
        ("x = 1\n", "x = 1\nx.backward()\n"),
        ("x = 1\n\n\n", "x = 1\nx.backward()\n\n\n"),
        ("", "x.backward()"),
        ('if __name__ == "__main__":\n    x = 1\n', 'if __name__ == "__main__":\n    x = 1\nx.backward()\n'),
        ("x = 1  # fin", "x = 1  # fin\nx.backward()"),
    ],
)
def test_a_line_goes_to_the_end_at_top_level(text: str, expected: str) -> None:
    assert append_line(text, "x.backward()") == expected


def test_no_line_is_put_behind_a_broken_text() -> None:
    with pytest.raises(RewriteError, match="syntax"):
        append_line("x = (1,\n", "x.backward()")


def test_the_cell_that_makes_a_name_is_found() -> None:
    cells = [
        Cell(CellId("one"), "code", "a = 1"),
        Cell(CellId("two"), "markdown", "b = 1"),
        Cell(CellId("three"), "code", "b = a"),
    ]
    assert creating_cell(cells, "b") == "three"
    with pytest.raises(RewriteError, match="not_found"):
        creating_cell(cells, "c")
    with pytest.raises(RewriteError, match="assigned_twice"):
        creating_cell([*cells, Cell(CellId("four"), "code", "a = 2")], "a")


floats = st.floats(allow_nan=False, width=32)
shapes = st.sampled_from([(), (1,), (3,), (2, 2), (1, 3)])


def of_shape(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    if not shape:
        return floats
    return st.lists(of_shape(shape[1:]), min_size=shape[0], max_size=shape[0])


@given(
    shapes.flatmap(lambda shape: st.tuples(of_shape(shape), of_shape(shape))), st.text("ñé# '", max_size=5)
)
def test_a_rewritten_literal_reads_back_and_nothing_else_changes(pair: tuple[Any, Any], comment: str) -> None:
    old, new = pair
    old_text = repr(old).replace("inf", 'float("inf")')
    text = f"é = 'ü'; a = torch.tensor( {old_text} , requires_grad = True )  # {comment}\nb = a*2\n"
    result = set_literal(text, "a", new)
    assert close(data_of(result, "a"), new)
    assert without_literal(result) == without_literal(text)
    assert result.splitlines()[0].endswith(f", requires_grad = True )  # {comment}")


@given(of_shape((2, 2)))
def test_writing_the_same_numbers_changes_nothing(data: Any) -> None:
    text = f"a = torch.tensor({data!r})".replace("inf", 'float("inf")')
    assert set_literal(text, "a", data) == text


@given(st.sampled_from(["", ", dtype=torch.float32", ",", ", # c\n"]), st.booleans(), st.booleans())
def test_flipping_twice_keeps_the_meaning(rest: str, first: bool, second: bool) -> None:
    text = f"a = torch.tensor([2.]{rest})"
    result = set_requires_grad(set_requires_grad(text, "a", first), "a", second)
    flags = [keyword for keyword in call_in(result).keywords if keyword.arg == "requires_grad"]
    assert [ast.literal_eval(flag.value) for flag in flags] == ([True] if second else [])
    assert [ast.dump(argument) for argument in call_in(result).args] == [
        ast.dump(argument) for argument in call_in(text).args
    ]


def call_in(text: str) -> ast.Call:
    call = ast.parse(text).body[0].value  # type: ignore[attr-defined]
    assert isinstance(call, ast.Call)
    return call


def without_literal(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            node.args = []
    return ast.dump(tree)


def close(left: Any, right: Any) -> bool:
    """Equal after float32's rounding, in which torch would read the text."""
    import numpy

    with numpy.errstate(over="ignore"):
        return bool(
            numpy.array_equal(numpy.asarray(left, numpy.float32), numpy.asarray(right, numpy.float32))
        )
