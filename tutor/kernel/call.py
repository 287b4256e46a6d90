"""A call in progress: what a torch function was given, as it was before it ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

import msgspec
import torch

from tutor.kernel.calls import Function, Kind, Traits
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


class Call(msgspec.Struct, eq=False):
    """A call in progress: what it was given, as it was before it ran. (A Struct is made in half the time.)"""

    traits: Traits
    arguments: tuple[object, ...]
    keywords: Mapping[str, object]
    frame: FrameType
    pairs: list[tuple[Known, torch.Tensor]] = msgspec.field(default_factory=list)
    """The tensors that it was given and that are known, with what was known of them."""
    nameless: bool = False
    """Whether a tensor among its arguments had no name."""
    gradients: Sequence[Written] = ()
    """The gradients that it may write to."""
    inputs: Sequence[torch.Tensor] = ()
    """What a setter is called on."""
    before: Data = None
    grad_before: torch.Tensor | None = None
    found: Place | None = None
    """Where it was called from, once that was asked."""

    @property
    def kind(self) -> Kind:
        return self.traits.kind

    @property
    def function(self) -> Function:
        return self.traits.function

    def place(self, sources: Sources) -> Place:
        """Where it was called from, looked up once."""
        if self.found is None:
            self.found = sources.place(self.frame)
        return self.found
