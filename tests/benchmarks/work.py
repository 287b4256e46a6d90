"""The programs that are timed: the same work with and without the recorder."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

Work = Callable[[], None]


def tiny_chain(length: int = 5_000) -> Work:
    """A chain of operations on one number: nothing but overhead."""
    x = torch.tensor(1.0, requires_grad=True)

    def work() -> None:
        x.grad = None
        y = x
        for _ in range(length):
            y = y * 1.0001
        y.backward()

    return work


def mlp_loop(turns: int = 30) -> Work:
    """A training loop of a small network on batches of 64 digits of 784 pixels."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(64, 784, generator=generator)
    labels = torch.randint(0, 10, (64,), generator=generator)
    model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)

    def work() -> None:
        for _ in range(turns):
            optimizer.zero_grad()
            functional.cross_entropy(model(images), labels).backward()
            optimizer.step()

    return work


class Bottleneck(nn.Module):
    """Three convolutions around a shortcut, as in He et al. 2015."""

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.work = nn.Sequential(
            nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.expand = nn.Sequential(nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width))
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels != 4 * width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, 4 * width, 1, stride=stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.expand(self.work(self.reduce(x))) + self.shortcut(x))


def resnet_50() -> nn.Module:
    """Stem, stages of 3, 4, 6 and 3 bottlenecks, a linear head."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
    ]
    channels = 64
    for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for block in range(blocks):
            layers.append(Bottleneck(channels, width, stride=2 if stage and not block else 1))
            channels = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


def resnet_step(batch: int = 8, pixels: int = 96) -> Work:
    """Forward and backward of a ResNet-50."""
    model = resnet_50()
    images = torch.randn(batch, 3, pixels, pixels)

    def work() -> None:
        model.zero_grad()
        model(images).sum().backward()

    return work


def lstm_cells(length: int = 200) -> Work:
    """An LSTMCell unrolled: about 3,000 nodes."""
    cell = nn.LSTMCell(16, 16)
    inputs = torch.randn(length, 4, 16)

    def work() -> None:
        cell.zero_grad()
        h, c = torch.zeros(4, 16), torch.zeros(4, 16)
        for x in inputs:
            h, c = cell(x, (h, c))
        h.sum().backward()

    return work


WORKS: dict[str, Callable[[], Work]] = {
    "chain of 5,000 tiny operations": tiny_chain,
    "MLP, 30 turns": mlp_loop,
    "ResNet-50, 8 × 96 × 96": resnet_step,
    "LSTMCell, 200 steps": lstm_cells,
}
