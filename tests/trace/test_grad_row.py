"""Why `.grad` is None: the reason that holds after a step, with the line that cleared it."""

from __future__ import annotations

import pytest

from tests.traces.recording import record_text
from tutor.protocol import TensorId
from tutor.trace.grad_row import grad_row
from tutor.trace.index import index_of
from tutor.trace.picture import GradRow
from tutor.trace.shown import NOTHING

START = """\
import torch
a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
c = torch.tensor(4.0)
y = a * b * c
z = b * 2
"""


def row(text: str, name: str) -> GradRow:
    """What is said at the end of the program."""
    trace = record_text(START + text)
    index = index_of(trace)
    tensor = index.names[name][-1].tensor
    return grad_row(trace, index, TensorId(tensor), len(trace.steps) - 1, NOTHING)


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("", "a", "no_backward_yet"),
        ("", "c", "no_requires_grad"),
        ("", "y", "not_leaf"),
        ("y.backward()", "y", "passes"),
        ("z.backward()", "a", "not_reached"),
        ("y.backward()\na.grad = None", "a", "cleared"),
        ("y.backward()\na.grad = None\nz.backward()", "a", "not_reached"),
        ("z.backward()\na = a - b.grad", "a", "not_leaf"),
        ("g = torch.autograd.grad(y, a)", "a", "returned"),
        ("g = torch.autograd.grad(y, a)", "b", "no_backward_yet"),
        ("g = torch.autograd.grad(y, a)\nz.backward()", "a", "not_reached"),
    ],
)
def test_the_reason_is_the_last_thing_that_happened(text: str, name: str, reason: str) -> None:
    found = row(text, name)

    assert found.value is None
    assert found.reason == reason


def test_the_line_that_cleared_it_is_told() -> None:
    assert row("y.backward()\na.grad = None", "a").line == 8
    assert row("y.backward()\na.grad = None\nz.backward()", "a").line is None


def test_a_gradient_that_is_there_needs_no_reason() -> None:
    found = row("y.backward()", "a")

    assert found.value is not None
    assert (found.value.data, found.reason) == (12.0, None)
