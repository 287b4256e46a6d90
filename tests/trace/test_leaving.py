"""Where a value leaves autograd: it ends at a tag with its number, and what goes on from there has no return lane."""

from __future__ import annotations

import pytest

from tests.traces.recording import record_text
from tutor.trace.picture import Circle, Picture
from tutor.trace.shown import NOTHING, Covered
from tutor.trace.state import picture
from tutor.trace.structure import structure

START = """\
import torch
a = torch.tensor([2.0, 5.0], requires_grad=True)
b = a * 2
"""


def last(text: str, covered: Covered = NOTHING) -> Picture:
    trace = record_text(START + text)
    return picture(trace, structure(trace, None), len(trace.steps) - 1, covered)


def tags(seen: Picture) -> list[Circle]:
    return [circle for circle in seen.structure.circles if circle.cut == "python"]


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True")
@pytest.mark.parametrize(
    ("line", "name", "told"),
    [
        ("n = b.sum().item()", "n", 14.0),
        ("f = float(b[1])", "f", 10.0),
        ("k = int(b[0] / 3)", "k", 1),
        ("rows = b.tolist()", "rows", [4.0, 10.0]),
        ("i = b.argmax()", "i", 1),
        ("half = b.sum().item() / 2", "", 14.0),
        ("t = torch.tensor([b[0], 1.0])", "", [4.0, 1.0]),
    ],
)
def test_the_tag_tells_the_number_and_the_name_that_gets_it(line: str, name: str, told: object) -> None:
    seen = last(line)
    (tag,) = tags(seen)
    shown = seen.circles[tag.id].told

    assert (tag.binds, shown and shown.data) == (name, told)
    assert not any(lane.returns for lane in seen.structure.lanes if tag.id in (lane.source, lane.target))


@pytest.mark.parametrize(
    "line",
    [
        "print(b.sum().item())",
        "losses = []\nlosses.append(b.sum().item())",
        "n = b.detach().sum().item()",
        "with torch.no_grad():\n    i = b.argmax()",
        "n = torch.tensor([1.0, 2.0]).sum().item()",
        "t = torch.tensor([1.0, 2.0])",
    ],
)
def test_what_is_only_looked_at_or_not_tracked_gets_no_tag(line: str) -> None:
    assert tags(last(line)) == []


def test_an_index_has_no_box_and_is_used_from_its_tag() -> None:
    seen = last("i = b.argmax()\nc = b[i]")
    (tag,) = tags(seen)

    assert "i" not in {box.name for box in seen.structure.boxes}
    assert any(lane.source == tag.id and not lane.returns for lane in seen.structure.lanes)


def test_a_leaf_whose_number_was_taken_is_still_used_from_its_box() -> None:
    seen = last("s = torch.tensor(3.0, requires_grad=True)\nn = s.item()\nc = s * b")
    s = next(box.id for box in seen.structure.boxes if box.name == "s")
    product = next(circle.id for circle in seen.structure.circles if circle.expression == "s * b")

    assert any(lane.source == s and lane.target == product and lane.returns for lane in seen.structure.lanes)


def test_a_covered_value_is_covered_on_its_tag() -> None:
    seen = last("total = b.sum()\nn = total.item()", frozenset({"total"}))
    (tag,) = tags(seen)
    told = seen.circles[tag.id].told

    assert told is not None
    assert told.covered
