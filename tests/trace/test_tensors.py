"""The rows of the tensor panel, and what a question hides in them and in the output."""

from __future__ import annotations

from tests.traces import golden
from tutor.trace.cover import covered_text
from tutor.trace.tensors import TensorRow, tensor_rows


def _rows(name: str, step: int, covered: frozenset[str] = frozenset()) -> dict[str, TensorRow]:
    return {row.name: row for row in tensor_rows(golden(name), step, covered)}


def test_rows_are_the_named_tensors_alive_in_order_of_birth() -> None:
    assert list(_rows("q", 0)) == ["a"]
    assert list(_rows("q", 12)) == ["a", "b", "Q"]


def test_a_row_says_what_torch_says() -> None:
    q = _rows("q", 12)["Q"]
    assert (q.shape, q.dtype, q.device, q.requires_grad, q.is_leaf, q.grad_fn) == (
        (2,), "float32", "cpu", True, False, "SubBackward0",
    )  # fmt: skip
    assert q.value is not None and q.value.data == [-12.0, 65.0]


def test_the_name_goes_with_the_newest_tensor() -> None:
    trace = golden("q")
    first, second = (_rows("q", step)["Q"].tensor for step in (12, len(trace.steps) - 1))
    assert first != second


def test_a_gradient_is_no_row_of_its_own() -> None:
    assert not any(name.endswith(".grad") for name in _rows("by_hand", 22))


def test_a_covered_gradient_is_covered_in_its_row() -> None:
    rows = _rows("q", 12, frozenset({"a.grad"}))
    assert rows["a"].grad.value is not None and rows["a"].grad.value.covered
    assert rows["b"].grad.value is not None and not rows["b"].grad.value.covered


def test_covered_numbers_are_masked_in_what_was_printed() -> None:
    trace = golden("q")
    printed = "tensor([36., 81.])\ntensor([-12., -8.])\n36 36.0 360 3.6\n"
    masked = covered_text(printed, trace, 12, frozenset({"a.grad"}))
    assert masked == "tensor([?, ?])\ntensor([-12., -8.])\n? ? 360 3.6\n"


def test_a_covered_value_is_masked_as_torch_prints_it() -> None:
    text = "Q is tensor([-12.,  65.], grad_fn=<SubBackward0>)"
    masked = covered_text(text, golden("q"), 12, frozenset({"Q"}))
    assert masked == "Q is tensor([?,  ?], grad_fn=<SubBackward0>)"


def test_nothing_covered_changes_nothing() -> None:
    assert covered_text("36.", golden("q"), 12, frozenset()) == "36."
