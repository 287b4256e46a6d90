"""What a query finds in a graph, and in which order."""

from __future__ import annotations

import pytest

from tests.trace.grouped import recorded
from tests.traces import golden
from tests.traces.recording import record_text
from tutor.trace.folding import all_closed, fold
from tutor.trace.picture import Structure
from tutor.trace.search import search, shape_asked
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

PROGRAM = """
import torch
x = torch.ones(3, 4)
W = torch.ones(4, 2, requires_grad=True)
with torch.no_grad():
    y = x * 0.25
h = y @ W
h.relu_()
loss = h.sum()
loss.backward()
"""


def names(drawn: Structure, found: tuple[object, ...]) -> list[str]:
    called = {box.id: box.name for box in drawn.boxes}
    called |= {circle.id: circle.function.rpartition(".")[2] for circle in drawn.circles}
    called |= {group.id: group.name for group in drawn.groups}
    return [called[item] for item in found]  # type: ignore[index]


def asked(query: str, trace: Trace | None = None, *, covered: bool = False) -> list[str]:
    run = trace if trace is not None else record_text(PROGRAM)
    drawn = structure(run, 0)
    return names(drawn, search(run, drawn, query, covered=covered))


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("[3, 4]", (3, 4)),
        ("3x4", (3, 4)),
        ("3 × 4", (3, 4)),
        ("(3,)", (3,)),
        ("[]", ()),
        ("3", None),
        ("x", None),
    ],
)
def test_a_shape_is_written_in_brackets_or_with_a_cross(text: str, shape: tuple[int, ...] | None) -> None:
    assert shape_asked(text) == shape


def test_the_thing_of_exactly_this_name_comes_first() -> None:
    assert asked("loss")[0] == "loss"
    assert asked("w")[0] == "W"


def test_grad_fn_functions_and_expressions_are_found() -> None:
    assert "relu_" in asked("ReluBackward0")
    assert "relu_" in asked("RELU")
    assert asked("y @ W") == ["matmul"]


def test_shapes_find_tensors_and_what_makes_them() -> None:
    assert {"x", "y"} <= set(asked("3x4")) and "W" not in asked("3x4")
    assert asked("[3, 4]") == asked("3×4")
    assert asked("[7, 7]") == []


@pytest.mark.parametrize("words", ["no grad", "sin grad", "NO  GRAD"])
def test_no_grad_finds_what_is_not_tracked(words: str) -> None:
    assert {"x", "y"} <= set(asked(words))
    assert not {"W", "loss"} & set(asked(words))


def test_words_for_leaves_and_writes_in_place_in_both_languages() -> None:
    assert asked("leaf") == asked("hoja") and "W" in asked("leaf") and "loss" not in asked("leaf")
    assert asked("in-place") == asked("en el sitio") == ["relu_"]


def test_several_words_must_all_be_met() -> None:
    assert asked("float32 3x4") and set(asked("float32 3x4")) <= {"x", "y"}
    assert asked("float32 nothing") == [] and asked("   ") == []


def test_a_covered_number_is_not_found_in_the_programs_text() -> None:
    assert asked("0.25") != []
    assert asked("0.25", covered=True) == []
    assert asked("3x4", covered=True) == asked("3x4")


def test_hits_in_closed_groups_are_found_as_in_open_ones() -> None:
    run = recorded("blocks")
    whole = structure(run, 0)
    closed = fold(whole, all_closed(whole))
    found = search(run, closed, "gelu")
    assert found and found == search(run, whole, "gelu")
    assert any(group.id in search(run, whole, group.name) for group in whole.groups)


def test_hits_follow_the_program() -> None:
    run = golden("q")
    drawn = structure(run, 0)
    order = [circle.id for circle in drawn.circles]
    found = [item for item in search(run, drawn, "Backward0") if item in order]
    assert found == sorted(found, key=order.index) and len(found) > 1
