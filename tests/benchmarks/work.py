"""The work that is timed: the same with the recorder, without it, and with other tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from tests.benchmarks.models import LSTM, Chain, Transformer, perceptron, resnet_50

Loss = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Work:
    """Forward and backward, `turns` times over; with an optimizer a training loop."""

    model: nn.Module
    input: torch.Tensor
    loss: Loss
    optimizer: torch.optim.Optimizer | None = None
    turns: int = 1

    def __call__(self) -> None:
        for _ in range(self.turns):
            self.clear()
            self.loss(self.model(self.input)).backward()
            self.step()

    def clear(self) -> None:
        self.model.zero_grad()
        self.input.grad = None

    def step(self) -> None:
        if self.optimizer is not None:
            self.optimizer.step()


def tiny_chain(device: str) -> Work:
    x = torch.tensor(1.0, device=device, requires_grad=True)
    return Work(model=Chain(5_000), input=x, loss=torch.sum)


def lstm_cells(device: str) -> Work:
    """About 3,000 nodes."""
    torch.manual_seed(0)
    with torch.device(device):
        return Work(model=LSTM(16), input=torch.randn(200, 4, 16), loss=torch.sum)


def digits(device: str) -> Work:
    """A training loop on one batch of 64 pictures."""
    torch.manual_seed(0)
    with torch.device(device):
        images, labels = torch.rand(64, 784), torch.randint(0, 10, (64,))
        model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
    return Work(
        model=model,
        input=images,
        loss=lambda scores: functional.cross_entropy(scores, labels),
        optimizer=optimizer,
        turns=300,
    )


def resnet_step(device: str) -> Work:
    torch.manual_seed(0)
    with torch.device(device):
        return Work(model=resnet_50(), input=torch.randn(8, 3, 96, 96), loss=torch.sum)


def transformer_step(device: str) -> Work:
    torch.manual_seed(0)
    with torch.device(device):
        model, words = Transformer(), torch.randint(0, 50_257, (1, 129))
    said, next_words = words[:, :-1], words[0, 1:]
    return Work(model=model, input=said, loss=lambda x: functional.cross_entropy(x[0], next_words))


WORKS: dict[str, Callable[[str], Work]] = {
    "chain of 5,000 operations": tiny_chain,
    "LSTMCell, 200 steps": lstm_cells,
    "MNIST perceptron, 300 steps": digits,
    "ResNet-50, 8 × 96 × 96": resnet_step,
    "GPT-2 small, 1 × 128": transformer_step,
}
GOALS = {
    "chain of 5,000 operations": 4.0,
    "ResNet-50, 8 × 96 × 96": 1.15,
    "GPT-2 small, 1 × 128": 1.15,
}
"""How many times the unrecorded run the recorded one may take."""
