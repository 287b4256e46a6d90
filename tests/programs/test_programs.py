"""Whole programs under the recorder: each runs through, and every figure that hangs on no random number is torch's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.kernel.reading import Read, landed
from tests.traces.recording import record_text
from tutor.trace.file import decode_trace, encode_trace

FOLDER = Path(__file__).parent

NETWORK = """\
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, pixels):
        return self.layers(pixels)
"""


@pytest.fixture(autouse=True)
def digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module and the model file that two of the programs ask for, in the working directory."""
    (tmp_path / "digits_network.py").write_text(NETWORK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module: Any = __import__("digits_network")
    torch.save(module.Network(), tmp_path / "digits.pt")
    yield
    del sys.modules["digits_network"]


def program(name: str) -> Read:
    text = (FOLDER / f"{name}.py").read_text()
    read = Read(text, record_text(text))
    assert read.trace.error is None, read.trace.error
    return read


@pytest.mark.parametrize("name", ["retrain", "two_powers", "ones", "one_layer", "inference"])
def test_each_program_runs_through_and_its_trace_can_be_kept(name: str) -> None:
    read = program(name)

    assert read.trace.backwards and read.trace.truncated is None
    assert decode_trace(encode_trace(read.trace), Path("x.json")) == read.trace


def test_two_powers() -> None:
    read = program("two_powers")

    assert read.trace.output == (
        "Q tensor([-12.,  65.], grad_fn=<SubBackward0>)\n"
        "before None None\n"
        "after tensor([36., 81.]) tensor([-12.,  -8.])\n"
        "weights follow the input: True bias: tensor([-0.5000])\n"
        "a leaf again: True moved: True\n"
    )
    assert [a.after for a in landed(read, 0)] == [[-12.0, -8.0], [36.0, 81.0]]
    assert [a.after for a in landed(read, 1) if a.tensor == "b"] == [[-0.5]]
    assert read.trace.backwards[0].gradients == [[1.0, 1.0]]


def test_ones() -> None:
    read = program("ones")

    assert [a.after for a in landed(read, 0)] == [[[4.5, 4.5], [4.5, 4.5]]]
    assert "tensor(27., grad_fn=<MeanBackward0>)" in read.trace.output
    assert read.trace.output.endswith(
        "False\nTrue\ntensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])\nTrue\nTrue\nTrue\nFalse\n"
    )


def test_one_layer() -> None:
    read = program("one_layer")
    eye = [[4.0 if row == column else 2.0 for column in range(5)] for row in range(4)]
    double = [[2 * value for value in row] for row in eye]

    assert [landed(read, k)[0].after for k in (1, 2, 3)] == [eye, double, eye]
    assert "AddBackward0 BinaryCrossEntropyWithLogitsBackward0\n" in read.trace.output
    assert "True\nFalse\nFalse\n" in read.trace.output


def test_inference() -> None:
    read = program("inference")

    assert [a.after for a in landed(read, 0)] == [[[-1.5, 0.0], [1.5, 3.0]]]
    assert sorted((a.tensor, a.after) for a in landed(read, 2)) == [
        ("w", [1.0, 2.0, 3.0]),
        ("x", [1.0, 1.0, 1.0]),
    ]
    assert [(a.tensor, a.after) for a in landed(read, 3)] == [("w", [1.0, 2.0, 3.0])]
    assert read.trace.backwards[4].error is not None
    assert "RuntimeError: element 0 of tensors does not require grad" in read.trace.output
    assert read.trace.output.endswith("tensor(6.)\n")


def test_retrain() -> None:
    read = program("retrain")

    assert read.trace.output == "True torch.Size([64]) True\n"
    assert [a.after for a in landed(read) if a.tensor == "model.layers.2.bias"] == [[64.0] * 10]
    updated = [read.name(c.tensor) for c in read.trace.changes if c.what == "value"]
    assert updated == [f"model.layers.{layer}.{part}" for layer in (0, 2) for part in ("weight", "bias")]
