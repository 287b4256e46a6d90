"""A saved tensor of a node, and how it stands: torch checks its version when backward takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tutor.protocol import TensorId

PinPhase = Literal["held", "locked", "dropped", "missing", "changed", "behind"]
"""`locked` by retain_graph, `dropped` by the backward that used it, `missing` where another one needs it; `changed` when
its tensor is at a later version, `behind` when it was written without one."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A saved tensor, "a v0". Without a version it is a plain number, or what no version is kept of."""

    name: str
    tensor: TensorId | None = None
    version: int | None = None
