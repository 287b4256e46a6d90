"""A call in progress: what a torch function was given, as it was before it ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

import torch

from tutor.kernel.calls import Function, Kind
from tutor.kernel.identity import Known, version
from tutor.kernel.spans import Place, Sources
from tutor.protocol import Data


@dataclass(slots=True)
class Written:
    """A gradient, as it was before a call that may write to it."""

    tensor: torch.Tensor
    owner: Known
    version: int
    before: Data

    @property
    def changed(self) -> bool:
        return version(self.tensor) != self.version


@dataclass(slots=True)
class Call:
    """A call in progress: what it was given, as it was before it ran."""

    function: Function
    kind: Kind
    arguments: tuple[object, ...]
    keywords: Mapping[str, object]
    frame: FrameType
    inputs: Sequence[torch.Tensor] = ()
    pairs: Sequence[tuple[Known, torch.Tensor]] = ()
    """The inputs that are known, with what was known of them."""
    gradients: Sequence[Written] = ()
    """The gradients that it may write to."""
    before: Data = None
    grad_before: torch.Tensor | None = None
    _place: Place | None = None

    def place(self, sources: Sources) -> Place:
        """Where it was called from, looked up once."""
        if self._place is None:
            self._place = sources.place(self.frame)
        return self._place
