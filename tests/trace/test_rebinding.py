"""A name that goes to another tensor: who had it, who gets it, and in which step."""

from __future__ import annotations

from tests.traces.recording import record_text
from tutor.trace.picture import Picture
from tutor.trace.state import picture
from tutor.trace.structure import structure

UPDATE = """\
import torch
W = torch.tensor(0.5, requires_grad=True)
loss = (W * 3 - 6) ** 2
loss.backward()
W = W - 0.1 * W.grad
W = W.detach().requires_grad_()
"""


def flights(text: str) -> list[tuple[int, Picture]]:
    trace = record_text(text)
    drawn = structure(trace, None)
    pictures = [picture(trace, drawn, step) for step in range(len(trace.steps))]
    return [(seen.step, seen) for seen in pictures if seen.motion.renames]


def test_a_name_goes_from_the_tensor_that_had_it_to_the_new_one() -> None:
    (_, first), (_, second) = flights(UPDATE)
    (one,), (other,) = first.motion.renames, second.motion.renames

    assert {one.name, other.name} == {"W"}
    assert one.new == other.old
    assert (first.boxes[one.old].was, first.boxes[one.old].was_line) == ("W", 5)
    assert first.boxes[one.old].grad.value is not None
    assert first.boxes[one.new].name == "W"


def test_a_name_that_is_given_for_the_first_time_does_not_fly() -> None:
    assert flights("import torch\na = torch.ones(2)\nb = a * 2\n") == []


def test_a_second_name_for_the_same_tensor_does_not_fly() -> None:
    assert flights("import torch\na = torch.ones(2, requires_grad=True)\nb = a\nc = b * 2\n") == []
