"""Wrapping whole statements in no_grad, and taking them out again."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.source.rewrite import RewriteError, inside_no_grad, unwrap_no_grad, wrap_no_grad

LOOP = """\
import torch
for i in range(3):
    y = w * x  # forward
    # now the loss
    loss = (y - t) ** 2

    loss.backward()
print(w)
"""


def test_lines_inside_a_loop_are_wrapped_with_their_comments() -> None:
    assert wrap_no_grad(LOOP, 3, 5) == LOOP.replace(
        "    y = w * x  # forward\n    # now the loss\n    loss = (y - t) ** 2\n",
        "    with torch.no_grad():\n        y = w * x  # forward\n        # now the loss\n        loss = (y - t) ** 2\n",
    )


def test_a_whole_loop_is_wrapped() -> None:
    wrapped = wrap_no_grad(LOOP, 2, 7)
    assert "with torch.no_grad():\n    for i in range(3):\n        y = w * x  # forward\n" in wrapped
    assert wrapped.endswith("        loss.backward()\nprint(w)\n")


@pytest.mark.parametrize(
    ("text", "first", "last", "line"),
    [
        (LOOP, 2, 3, 2),
        (LOOP, 7, 8, 2),
        ("y = (a +\n     b)\n", 2, 2, 1),
        ("if a:\n    b = 1\nelse:\n    b = 2\n", 2, 4, 1),
        ("if a:\n    b = 1\nelif c:\n    b = 2\n", 3, 4, 1),
    ],
)
def test_half_a_statement_is_refused(text: str, first: int, last: int, line: int) -> None:
    with pytest.raises(RewriteError) as caught:
        wrap_no_grad(text, first, last)
    assert (caught.value.reason, caught.value.line) == ("half_statement", line)


def test_nothing_and_the_future_are_refused() -> None:
    with pytest.raises(RewriteError, match="nothing_selected"):
        wrap_no_grad("a = 1\n\n# here\n\nb = 2\n", 2, 4)
    with pytest.raises(RewriteError, match="future_import"):
        wrap_no_grad("from __future__ import annotations\n", 1, 1)
    with pytest.raises(RewriteError, match="syntax"):
        wrap_no_grad("a = (", 1, 1)


def test_the_branches_of_an_elif_are_reached() -> None:
    text = "if a:\n    b = 1\nelif c:\n    b = 2\nelse:\n    b = 3\n"
    assert "elif c:\n    with torch.no_grad():\n        b = 2\nelse:" in wrap_no_grad(text, 4, 4)
    assert "else:\n    with torch.no_grad():\n        b = 3\n" in wrap_no_grad(text, 6, 6)


def test_except_and_match_blocks_are_reached() -> None:
    text = "try:\n    a = 1\nexcept E:\n    a = 2\nfinally:\n    b = 3\n"
    assert "except E:\n    with torch.no_grad():\n        a = 2\n" in wrap_no_grad(text, 4, 4)
    text = "match a:\n    case 1:\n        b = 2\n"
    assert "        with torch.no_grad():\n            b = 2\n" in wrap_no_grad(text, 3, 3)


def test_a_string_over_several_lines_is_not_indented() -> None:
    text = 'if x:\n    s = """one\n  two\nthree"""\n    y = 1\n'
    wrapped = wrap_no_grad(text, 2, 5)
    assert wrapped == 'if x:\n    with torch.no_grad():\n        s = """one\n  two\nthree"""\n        y = 1\n'
    assert unwrap_no_grad(wrapped, 3, 3) == text


def test_decorators_tabs_and_torchs_other_name_are_respected() -> None:
    assert (
        wrap_no_grad("@d\ndef f():\n\treturn 1\n", 1, 3)
        == "with torch.no_grad():\n\t@d\n\tdef f():\n\t\treturn 1\n"
    )
    assert wrap_no_grad("import torch as t\ny = 1", 2, 2) == "import torch as t\nwith t.no_grad():\n    y = 1"
    with pytest.raises(RewriteError, match="half_statement"):
        wrap_no_grad("@d\ndef f():\n    return 1\n", 2, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with torch.no_grad():\n    a = 1\n    b = 2\nc = 3\n", "a = 1\nb = 2\nc = 3\n"),
        (
            "with torch.no_grad():  # why\n    # first\n    a = 1\n    # last\nc = 3\n",
            "# why\n# first\na = 1\n# last\nc = 3\n",
        ),
        ("with torch.no_grad(): a = 1; b = 2\nc = 3", "a = 1; b = 2\nc = 3"),
        ("with (\n    torch.no_grad()\n):\n    a = 1\n", "a = 1\n"),
        ("if x:\n  with no_grad():\n      a = 1\n", "if x:\n  a = 1\n"),
        (
            "with torch.no_grad():\n    with torch.no_grad():\n        a = 1\n",
            "with torch.no_grad():\n    a = 1\n",
        ),
    ],
)
def test_a_block_is_taken_away(text: str, expected: str) -> None:
    line = next(number for number, line in enumerate(text.split("\n"), 1) if "a = 1" in line)
    assert unwrap_no_grad(text, line, line) == expected


def test_what_holds_no_block_or_more_is_refused() -> None:
    with pytest.raises(RewriteError, match="not_in_no_grad"):
        unwrap_no_grad("a = 1\n", 1, 1)
    with pytest.raises(RewriteError, match="more_in_with"):
        unwrap_no_grad("with torch.no_grad(), open(p) as f:\n    a = 1\n", 2, 2)
    assert not inside_no_grad("a = 1\n", 1, 1)
    assert inside_no_grad("with torch.no_grad():\n    a = 1\n", 1, 2)


simple = st.sampled_from(
    ["a = b * 2", "f(a)", "s = '''one\n  two'''", "t = (1,\n  2)", "# note", "pass", "x = 'ñ'"]
)


@st.composite
def blocks(draw: st.DrawFn, depth: int = 2) -> list[str]:
    """The lines of a random block, at least one of them a statement."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        if depth and draw(st.booleans()):
            lines.append(draw(st.sampled_from(["if a:", "for i in b:", "with c:", "def f():"])))
            lines += indented(draw(blocks(depth=depth - 1)))
        else:
            lines += draw(simple).split("\n")
    return [*lines, "end()"]


def indented(lines: list[str]) -> list[str]:
    inside = {n for n, line in enumerate(lines) if line in ("  two'''",)}
    return [line if n in inside else "    " + line for n, line in enumerate(lines)]


@given(blocks(), st.data())
def test_wrapping_changes_only_the_block_and_unwrapping_gives_the_text_back(
    lines: list[str], data: st.DataObject
) -> None:
    text = "\n".join(lines) + "\n"
    first = data.draw(st.integers(1, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    try:
        wrapped = wrap_no_grad(text, first, last)
    except RewriteError as refused:
        assert refused.reason in ("half_statement", "nothing_selected")
        return
    added = next(
        n for n, line in enumerate(wrapped.split("\n"), 1) if line.strip() == "with torch.no_grad():"
    )
    assert unwrap_no_grad(wrapped, added, added) == text
    assert ast.dump(unblocked(ast.parse(wrapped))) == ast.dump(ast.parse(text))


class _Unblocked(ast.NodeTransformer):
    def visit_With(self, node: ast.With) -> list[ast.stmt] | ast.With:
        self.generic_visit(node)
        return node.body if ast.unparse(node.items[0]) == "torch.no_grad()" else node


def unblocked(tree: ast.Module) -> ast.Module:
    result = _Unblocked().visit(tree)
    assert isinstance(result, ast.Module)
    return result
