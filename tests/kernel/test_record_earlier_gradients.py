"""A large `.grad` that was made while nothing was recorded is told by its shape, until a backward adds to it."""

from __future__ import annotations

import pytest
import torch

from tests.kernel.reading import Read
from tests.traces.recording import record_text
from tutor.protocol import Change

SHAPE = {"shape": [2000], "stats": None, "unread": True}
LATER = "(w * 2).sum().backward()\n"


def read(text: str, *, size: int = 2_000) -> Read:
    """`w` has a gradient of threes already."""
    w = torch.ones(size, requires_grad=True)
    (w * 3).sum().backward()
    return Read(text, record_text(text, namespace={"__name__": "__main__", "torch": torch, "w": w}))


def gradients(told: Read) -> list[Change]:
    return [change for change in told.trace.changes if change.what == "grad"]


def test_clearing_it_tells_its_shape() -> None:
    told = read("w.grad = None\n")
    (cleared,) = gradients(told)

    assert (cleared.before, cleared.after) == (SHAPE, None)
    assert told.steps() == ["grad_changed w"]


def test_a_tensor_that_is_met_late_brings_it_along() -> None:
    told = read("y = w * 2\nw.grad = None\n")
    met, cleared = gradients(told)

    assert (met.before, met.after, cleared.before, cleared.after) == (None, SHAPE, SHAPE, None)


def test_a_small_one_is_told_whole() -> None:
    (cleared,) = gradients(read("w.grad = None\n", size=2))

    assert cleared.before == [3.0, 3.0]


def test_a_backward_that_adds_to_it_looks_through_it_before() -> None:
    told = read(LATER)
    (sum_,) = told.trace.backwards[0].accumulations

    assert [sum_.before["stats"]["mean"], sum_.incoming["stats"]["mean"]] == [3.0, 2.0]
    assert sum_.after["stats"]["mean"] == 5.0


def test_what_the_recording_has_seen_is_told_in_full() -> None:
    for written in ("", "w.grad.mul_(2)\n", "torch.nn.utils.clip_grad_norm_([w], 1.0)\n"):
        cleared = gradients(read(f"w.grad = None\n{LATER}{written}w.grad = None\n"))[-1]

        assert cleared.before["stats"]["count"] == 2000, written


@pytest.mark.parametrize("settings", ["", ", fused=True"])
def test_an_optimizers_step_changes_nothing_about_it(settings: str) -> None:
    told = read(f"o = torch.optim.SGD([w], lr=0.5{settings})\no.step()\n")

    assert [change.what for change in told.trace.changes if change.what != "value"] == ["grad"]
    assert told.steps() == ["value_changed w"]
