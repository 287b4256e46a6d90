"""Gradients are read once, as long as they are what they were; when memory runs out, their shapes are told."""

from __future__ import annotations

import gc

import torch

from tests.traces.recording import record_text
from tutor.kernel.budget import Limits, Outlet
from tutor.kernel.gradients import Gradients
from tutor.kernel.looked import Looked
from tutor.kernel.measure import size

LONG = """
import torch
from torch import nn

cell = nn.RNNCell(16, 16)
h = torch.zeros(8, 16)
for _ in range(30):
    h = cell(h, h)
h.sum().backward()
"""


def reader() -> Gradients:
    return Gradients(Outlet(lambda event: None, Limits()), Looked())


def test_a_gradient_that_was_written_is_read_again() -> None:
    gradients, tensor = reader(), torch.ones(3)
    first = gradients.read(tensor)

    assert gradients.read(tensor) is first
    tensor.mul_(2)
    assert gradients.read(tensor) == [2.0, 2.0, 2.0]


def test_a_write_without_a_version_is_found_by_reading_anew() -> None:
    gradients, large = reader(), torch.ones(2_000)
    gradients.read(large)
    large.data.mul_(2)

    assert gradients.reread(large)["stats"]["max"] == 2.0
    assert gradients.read(large.view(40, 50))["stats"]["max"] == 2.0


def test_what_was_read_is_let_go_with_its_gradient() -> None:
    gradients = reader()
    for number in range(600):
        assert gradients.read(torch.full((2,), float(number))) == [number, number]
    gc.collect()

    assert not gradients._read


def test_many_gradients_are_remembered_together() -> None:
    gradients = reader()
    living = [torch.full((2,), float(number)) for number in range(600)]
    first = [gradients.read(tensor) for tensor in living]

    assert all(gradients.read(tensor) is data for tensor, data in zip(living, first, strict=True))


def test_a_backward_larger_than_the_budget_is_told_to_its_end() -> None:
    """Its forward has fitted in; the gradients that no longer do are there by their shapes, and every node runs."""
    whole = record_text(LONG)
    tight = record_text(LONG, limits=Limits(bytes=1_000_000))
    (whole_run,), (tight_run,) = whole.backwards, tight.backwards
    kept = [data for run in tight_run.steps for data in run.grad_outputs]

    assert [run.node for run in tight_run.steps] == [run.node for run in whole_run.steps]
    assert len(tight.steps) == len(whole.steps)
    assert {"shape": [8, 16], "stats": None} in kept
    assert sum(map(size, kept)) < sum(size(data) for run in whole_run.steps for data in run.grad_outputs) / 2
    assert kept[0] == 1.0


def test_memory_that_numpy_has_written_is_read_for_a_new_view() -> None:
    trace = record_text(
        "import torch\nx = torch.ones(2_000)\ny = x * 1\nx.numpy()[:] = 7\nz = x.view(40, 50)\n",
    )
    seen = [value.stats for value in trace.values if value.stats is not None]

    assert seen[-1].max == 7.0
