"""torch's own graph of well-known models, walked here, is the recorded one; the engine runs it in the recorded order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from tests.benchmarks.models import LSTM, Chain, Transformer, perceptron, resnet_50
from tests.kernel.soundness import assert_ids_lead_somewhere
from tests.kernel.walked import observed, recorded_order, recorded_walk, walked
from tutor.kernel.budget import Limits
from tutor.kernel.record import Recorder
from tutor.trace.trace import Trace

DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
    ),
    pytest.param(
        "mps", marks=pytest.mark.skipif(not torch.backends.mps.is_available(), reason="there is no MPS here")
    ),
]
ROOMY = Limits(events=2_000_000, bytes=2_000_000_000)

Made = tuple[Callable[[], nn.Module], Callable[[], Any], int]
MODELS: dict[str, Made] = {
    "a ResNet-50": (resnet_50, lambda: torch.randn(2, 3, 32, 32), 300),
    "a transformer": (
        lambda: Transformer(words=50, width=16, heads=2, layers=3),
        lambda: torch.randint(0, 50, (2, 8)),
        60,
    ),
    "an LSTMCell, 200 steps": (lambda: LSTM(8), lambda: torch.randn(200, 2, 8), 2_500),
    "a chain of 5,000": (lambda: Chain(5_000), lambda: torch.tensor(1.0, requires_grad=True), 5_000),
    "a perceptron": (perceptron, lambda: torch.rand(4, 784), 9),
    "nn.LSTM": (lambda: nn.LSTM(3, 4, num_layers=2), lambda: torch.randn(5, 2, 3), 6),
    "nn.GRU": (lambda: nn.GRU(3, 4, bidirectional=True), lambda: torch.randn(5, 2, 3), 6),
    "nn.TransformerEncoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2),
        lambda: torch.randn(2, 3, 8),
        50,
    ),
    "nn.Transformer": (
        lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True),
        lambda: (torch.randn(2, 3, 8), torch.randn(2, 4, 8)),
        80,
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5)
        ),
        lambda: torch.randn(2, 1, 6, 6),
        8,
    ),
}


def loss_of(name: str, device: str) -> torch.Tensor:
    make, given, _ = MODELS[name]
    torch.manual_seed(0)
    with torch.device(device):
        model, inputs = make(), given()
    out = model(*inputs) if isinstance(inputs, tuple) else model(inputs)
    return (out[0] if isinstance(out, tuple) else out).sum()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", MODELS)
def test_the_graph_of_a_model_is_torchs_own_and_runs_in_the_engines_order(name: str, device: str) -> None:
    with observed() as twins:
        loss_of(name, device).backward()
    trace = Trace()
    with Recorder(trace.extend, limits=ROOMY) as recorder:
        loss = loss_of(name, device)
        torchs = walked(loss)
        loss.backward()

    (twin,), (backward,) = twins, trace.backwards
    assert recorder.fault is None, recorder.fault
    assert recorded_walk(trace, backward) == torchs == twin.graph
    assert recorded_order(trace, backward) == twin.order
    assert len(twin.order) == len(torchs.names) >= MODELS[name][2]
    assert trace.truncated is None and not trace.gaps
    assert_ids_lead_somewhere(trace)
