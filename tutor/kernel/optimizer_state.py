"""What optimizers are called, and what they keep for each parameter: momentum, averages, step counts."""

from __future__ import annotations

import weakref
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch.optim.optimizer import Optimizer

from tutor.kernel.capture import number
from tutor.kernel.identity import is_a, version
from tutor.kernel.paths import path_in
from tutor.kernel.tape import Tape
from tutor.kernel.watch import Watch
from tutor.protocol import Data, OptimizerState, TensorId

_MOST_PARTS = 16
"""A list in the state (LBFGS keeps a history) is kept up to this length."""
_SEARCHES = 3
"""How often a variable is looked for that holds an optimizer: it may step before it lies where it will."""
_SAFE = 2**53
_GRAD_SCALER = torch.amp.GradScaler.step.__code__.co_filename


class _Read(NamedTuple):
    """What was read of a tensor of the state, and at which version."""

    tensor: weakref.ref[torch.Tensor]
    version: int
    data: Data


@dataclass(slots=True)
class _Seen:
    """One optimizer: its name, and what was last read of its state."""

    optimizer: weakref.ref[Optimizer]
    name: str | None = None
    searches: int = 0
    reads: dict[tuple[TensorId, str], _Read] = field(default_factory=dict)
    before: dict[tuple[TensorId, str], Data] = field(default_factory=dict)


class States:
    """The optimizers that were met, for as long as they live."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._seen: dict[int, _Seen] = {}

    def before(self, optimizer: Optimizer, parameters: Iterable[tuple[TensorId, torch.Tensor]]) -> None:
        """Takes down the state that the step begins with. What the last step left is not read again."""
        seen = self._of(optimizer)
        seen.before = dict(self._read(seen, optimizer, parameters))

    def after(
        self,
        optimizer: Optimizer,
        parameters: Iterable[tuple[TensorId, torch.Tensor]],
        fused: Container[TensorId],
    ) -> list[OptimizerState]:
        """What the step has made of it; `fused` are the parameters whose state changes without a new version."""
        seen = self._of(optimizer)
        seen.reads = {slot: read for slot, read in seen.reads.items() if slot[0] not in fused}
        before, seen.before = seen.before, {}
        return [
            OptimizerState(tensor=slot[0], name=slot[1], before=before.get(slot), after=data)
            for slot, data in self._read(seen, optimizer, parameters)
        ]

    def name(self, optimizer: Optimizer, frame: FrameType | None) -> str | None:
        """The learner's variable that holds it: `opt`, `trainer.opt`."""
        seen = self._of(optimizer)
        scaled = False
        while frame is not None and frame.f_code.co_filename not in self._tape.sources.files:
            scaled = scaled or frame.f_code.co_filename == _GRAD_SCALER
            frame = frame.f_back
        if frame is None:
            return seen.name
        variables = frame.f_globals
        if seen.searches < _SEARCHES and (seen.name is None or variables.get(seen.name) is not optimizer):
            seen.searches += 1
            seen.name = _held(variables, optimizer) or self._written(frame, scaled) or seen.name
        return seen.name

    def _written(self, frame: FrameType, scaled: bool) -> str | None:
        """How the learner's own line names it: `opt` of `opt.step()`, or of `scaler.step(opt)`."""
        file = self._tape.sources.files[frame.f_code.co_filename]
        position = self._tape.sources.spot(frame, file).position
        if position is None:
            return None
        return file.index.first_argument(position) if scaled else file.index.receiver(position)

    def _of(self, optimizer: Optimizer) -> _Seen:
        seen = self._seen.get(id(optimizer))
        if seen is None or seen.optimizer() is not optimizer:
            address = id(optimizer)
            seen = _Seen(weakref.ref(optimizer, lambda gone: self._forget(address, gone)))
            self._seen[address] = seen
        return seen

    def _forget(self, address: int, gone: weakref.ref[Optimizer]) -> None:
        seen = self._seen.get(address)
        if seen is not None and seen.optimizer is gone:
            del self._seen[address]

    def _read(
        self, seen: _Seen, optimizer: Optimizer, parameters: Iterable[tuple[TensorId, torch.Tensor]]
    ) -> Iterable[tuple[tuple[TensorId, str], Data]]:
        state = object.__getattribute__(optimizer, "__dict__").get("state")
        for id, parameter in parameters if isinstance(state, dict) else ():
            # Its `state[parameter]` would make an entry.
            kept = state.get(parameter)
            for name, value in kept.items() if type(kept) is dict else ():
                if type(name) is str:
                    yield (id, name), self._data(seen, (id, name), value)

    def _data(self, seen: _Seen, slot: tuple[TensorId, str], value: object) -> Data:
        if not is_a(value, torch.Tensor):
            return plain(value, self._tape)
        read = seen.reads.get(slot)
        if read is None or read.tensor() is not value or read.version != version(value):
            data = self._tape.reread_gradient(value)
            read = seen.reads[slot] = _Read(Watch(value), version(value), data)
        return read.data


def plain(value: object, tape: Tape) -> Data:
    """A setting, or a part of the state, as plain data; of anything unusual its type's name."""
    if value is None or type(value) in (bool, str):
        return value
    if is_a(value, torch.Tensor):
        return tape.read_gradient(value)
    if is_a(value, float):
        return number(float(value))
    if is_a(value, int):
        return int(value) if abs(value) < _SAFE else str(int(value))
    if type(value) in (list, tuple):
        return _parts(value, tape)
    return f"<{type(value).__name__}>"


def _parts(values: Any, tape: Tape) -> Data:
    return [plain(part, tape) for part in values] if len(values) <= _MOST_PARTS else None


def _held(variables: dict[str, Any], optimizer: Optimizer) -> str | None:
    for name, value in list(variables.items()):
        if value is optimizer and not name.startswith("_"):
            return name
    return path_in(variables, optimizer)
