"""The lines that the window writes into the program, and its refusals."""

from __future__ import annotations

import pytest

from tutor.protocol import Change, Data, NodeId, Tensor, TensorId, TensorNamed
from tutor.session import edits
from tutor.session.refusals import RefusedError
from tutor.source.document import Cell, CellId
from tutor.source.rewrite import NotALiteral
from tutor.trace.trace import Trace

CELLS = (
    Cell(CellId("cell-1"), "code", "import torch\na = torch.tensor([2., 3.], requires_grad=True)"),
    Cell(CellId("cell-2"), "code", "Q = 3*a**3"),
)
A, Q, NAMELESS, W, PLAIN = (TensorId(number) for number in range(5))


def tensor(
    tensor_id: TensorId,
    name: str | None,
    shape: list[int],
    *,
    requires_grad: bool = True,
    grad_fn: NodeId | None = None,
) -> Tensor:
    return Tensor(
        id=tensor_id,
        name=name,
        shape=shape,
        dtype="float32",
        device="cpu",
        requires_grad=requires_grad,
        is_leaf=grad_fn is None,
        grad_fn=grad_fn,
        step=0,
    )


@pytest.fixture
def trace() -> Trace:
    trace = Trace()
    trace.extend(
        [
            tensor(A, "a", [2]),
            tensor(Q, "Q", [2], grad_fn=NodeId(0)),
            tensor(NAMELESS, None, [], grad_fn=NodeId(1)),
            tensor(W, "model.fc.weight", [1]),
            tensor(PLAIN, "p", [], requires_grad=False),
        ]
    )
    return trace


@pytest.mark.parametrize(
    ("v", "line"),
    [
        ([1.0, 1.0], "Q.backward(gradient=torch.tensor([1., 1.]))"),
        ([0.1, -2], "Q.backward(gradient=torch.tensor([0.1, -2.]))"),
        (["nan", 1], 'Q.backward(gradient=torch.tensor([float("nan"), 1.]))'),
    ],
)
def test_backward_spells_v(trace: Trace, v: Data, line: str) -> None:
    assert edits.backward_line(trace, Q, v) == line


def test_backward_uses_the_programs_own_name_of_torch(trace: Trace) -> None:
    cells = (Cell(CellId("c"), "code", "import torch as t  # short"),)
    line = edits.backward_line(trace, Q, [1, 1], torch=edits.torch_name(cells))
    assert line == "Q.backward(gradient=t.tensor([1., 1.]))"


def test_a_large_v_of_ones_is_written_short(trace: Trace) -> None:
    trace.tensors[Q] = tensor(Q, "Q", [100], grad_fn=NodeId(0))
    line = edits.backward_line(trace, Q, edits.ones([100]))
    assert line == "Q.backward(gradient=torch.ones_like(Q))"


def test_backward_on_a_scalar_needs_no_v(trace: Trace) -> None:
    trace.tensors[Q] = tensor(Q, "Q", [], grad_fn=NodeId(0))
    assert edits.backward_line(trace, Q, None) == "Q.backward()"


def test_backward_refuses_what_has_no_name(trace: Trace) -> None:
    with pytest.raises(RefusedError, match="has no name"):
        edits.backward_line(trace, NAMELESS, None)


def test_backward_refuses_a_name_that_moved_on(trace: Trace) -> None:
    trace.append(TensorNamed(tensor=PLAIN, name="Q", step=5))
    with pytest.raises(RefusedError, match="another tensor"):
        edits.backward_line(trace, Q, [1, 1])


def test_backward_refuses_what_is_not_tracked(trace: Trace) -> None:
    with pytest.raises(RefusedError, match="does not require gradients"):
        edits.backward_line(trace, PLAIN, None)


def test_a_module_in_a_sequence_is_spoken_of_by_its_index(trace: Trace) -> None:
    trace.tensors[W] = tensor(W, "model.0.weight", [])
    assert edits.backward_line(trace, W, None) == "model[0].weight.backward()"


def test_backward_knows_a_flag_raised_later(trace: Trace) -> None:
    trace.append(
        Change(
            tensor=PLAIN, what="requires_grad", before=False, after=True, operation=None, span=None, step=3
        )
    )
    assert edits.backward_line(trace, PLAIN, None) == "p.backward()"


def test_zero_grad_clears_one_all_or_a_module(trace: Trace) -> None:
    assert edits.zero_grad_line(trace, A, []) == "a.grad = None"
    assert edits.zero_grad_line(trace, None, [A, Q]) == "a.grad = Q.grad = None"
    assert edits.zero_grad_line(trace, W, []) == "model.zero_grad()"
    assert edits.zero_grad_line(trace, None, [W, A]) == "a.grad = None\nmodel.zero_grad()"


def test_zero_grad_without_a_gradient_anywhere_is_refused(trace: Trace) -> None:
    with pytest.raises(RefusedError):
        edits.zero_grad_line(trace, None, [])


def test_a_line_is_appended_to_its_cell() -> None:
    edit = edits.line_appended(CELLS, CellId("cell-2"), "Q.backward()")
    assert edit == edits.TextEdit(CellId("cell-2"), "Q = 3*a**3\nQ.backward()")


def test_a_number_is_set_where_the_tensor_is_made(trace: Trace) -> None:
    edit = edits.value_set(CELLS, trace, A, [2.0, 4.0])
    assert edit.cell == "cell-1"
    assert "torch.tensor([2., 4.], requires_grad=True)" in edit.text


def test_a_computed_tensor_says_why_it_has_no_numbers(trace: Trace) -> None:
    assert isinstance(edits.literal_for(CELLS, trace, Q), NotALiteral)
    with pytest.raises(RefusedError, match="computed from other tensors"):
        edits.value_set(CELLS, trace, Q, [1.0, 2.0])


def test_requires_grad_is_set_in_the_last_cell_that_decides(trace: Trace) -> None:
    cells = (*CELLS, Cell(CellId("cell-3"), "code", "a.requires_grad_()"))
    assert edits.requires_grad_set(CELLS, trace, A, on=False).text.endswith("torch.tensor([2., 3.])")
    assert edits.requires_grad_set(cells, trace, A, on=False) == edits.TextEdit(
        CellId("cell-3"), "a.requires_grad_(False)"
    )


def test_no_grad_wraps_and_unwraps() -> None:
    wrapped = edits.no_grad_toggled(CELLS, CellId("cell-2"), 1, 1)
    assert wrapped.text == "with torch.no_grad():\n    Q = 3*a**3"
    again = (Cell(CellId("cell-2"), "code", wrapped.text),)
    assert edits.no_grad_toggled(again, CellId("cell-2"), 2, 2).text == "Q = 3*a**3"


def test_broken_code_is_refused_in_words() -> None:
    with pytest.raises(RefusedError, match="syntax error"):
        edits.line_appended((Cell(CellId("c"), "code", "a = ("),), CellId("c"), "x = 1")
