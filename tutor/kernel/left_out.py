"""What iterations that are left out of a trace have changed in what the trace knows: told all at once, at the gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import structs

from tutor.kernel.measure import EVENT_BYTES, NUMBER_BYTES, size
from tutor.kernel.renumbering import Renumbering
from tutor.protocol import (
    BackwardBegan,
    Change,
    Data,
    Gap,
    GradientAccumulated,
    ModuleLeft,
    NameForgotten,
    Operation,
    Tangent,
    TensorId,
    TensorNamed,
    TraceEvent,
    Unseen,
    Value,
)


@dataclass(slots=True)
class _Changed:
    """A gradient or flag as the trace last told it, and as it is now."""

    before: Data
    after: Data


@dataclass(slots=True)
class LeftOut:
    """Takes in the records of iterations that are not told, and forgets them; gives the rows of one gap."""

    numbers: Renumbering
    iterations: int = 0
    operations: int = 0
    backwards: int = 0
    bytes: int = 0
    """How much is kept here."""
    anything: bool = False
    owners: dict[str, TensorId] = field(default_factory=dict)
    """Which tensor has a name, as far as the trace knows."""
    _values: dict[TensorId, Value] = field(default_factory=dict)
    _tangents: dict[TensorId, Tangent] = field(default_factory=dict)
    _gradients: dict[TensorId, _Changed] = field(default_factory=dict)
    _flags: dict[tuple[TensorId, str], _Changed] = field(default_factory=dict)
    _names: dict[str, TensorId | None] = field(default_factory=dict)
    _calls: list[ModuleLeft] = field(default_factory=list)
    _unseen: list[Unseen] = field(default_factory=list)

    # ------------------------------------------------------------ what is left out

    def take(self, event: TraceEvent) -> None:
        """The record is not told."""
        self.anything = True
        self.numbers.leave_out(event)
        match event:
            case Operation():
                self.operations += 1
            case BackwardBegan():
                self.backwards += 1
            case Value():
                self._keep_value(event)
            case Tangent() if self._knows(event.tensor):
                self._tangents[event.tensor] = event
            case GradientAccumulated(accumulation=sum_):
                self._keep_gradient(sum_.tensor, sum_.before, sum_.after)
            case Change(what="grad"):
                self._keep_gradient(event.tensor, event.before, event.after)
            case Change(what="requires_grad" | "retains_grad"):
                self._keep_flag(event)
            case TensorNamed():
                self._keep_name(event.name, event.tensor if self._knows(event.tensor) else None)
            case NameForgotten():
                if self._names.get(event.name, self.owners.get(event.name)) == event.tensor:
                    self._keep_name(event.name, None)
            case ModuleLeft() if self.numbers.calls.of(event.id) is not None:
                self._calls.append(event)
            case Unseen():
                self._unseen.append(event)
            case _:
                pass

    def _knows(self, tensor: TensorId) -> bool:
        return self.numbers.tensors.of(tensor) is not None

    def _keep_value(self, value: Value) -> None:
        if not self._knows(value.tensor):
            return
        before = self._values.get(value.tensor)
        self._count(None if before is None else before.value, value.value, fresh=before is None)
        self._values[value.tensor] = value

    def _keep_gradient(self, tensor: TensorId, before: Data, after: Data) -> None:
        if not self._knows(tensor):
            return
        kept = self._gradients.get(tensor)
        if kept is None:
            self._gradients[tensor] = _Changed(before, after)
            self._count(None, before, fresh=True)
            self._count(None, after, fresh=False)
        else:
            self._count(kept.after, after, fresh=False)
            kept.after = after

    def _keep_flag(self, change: Change) -> None:
        if self._knows(change.tensor):
            kept = self._flags.setdefault((change.tensor, change.what), _Changed(change.before, None))
            kept.after = change.after

    def _keep_name(self, name: str, owner: TensorId | None) -> None:
        if owner == self.owners.get(name):
            self._names.pop(name, None)
        else:
            self._names[name] = owner

    def _count(self, before: Data, after: Data, *, fresh: bool) -> None:
        self.bytes += NUMBER_BYTES * (_numbers(after) - _numbers(before)) + (EVENT_BYTES if fresh else 0)

    # ------------------------------------------------------------ what is told

    def heard(self, event: TraceEvent) -> None:
        """A record is told: who has which name."""
        match event:
            case TensorNamed():
                self.owners[event.name] = event.tensor
            case NameForgotten():
                if self.owners.get(event.name) == event.tensor:
                    del self.owners[event.name]
            case _:
                pass

    def rows(self, step: int) -> Iterator[TraceEvent]:
        """The gap at `step`, and what is other than was told, in the trace's own ids; then all is forgotten."""
        yield Gap(iterations=self.iterations, operations=self.operations, backwards=self.backwards, step=step)
        yield from self._changed_names(step)
        yield from self._changed_tensors(step)
        for call in self._calls:
            yield structs.replace(call, id=self.numbers.calls.of(call.id), step=step)
        for unseen in self._unseen:
            yield structs.replace(unseen, step=step)
        self._forget()

    def _changed_names(self, step: int) -> Iterator[TraceEvent]:
        for name, owner in self._names.items():
            before = self.owners.get(name)
            if owner is not None:
                self.owners[name] = owner
                yield TensorNamed(tensor=self._told(owner), name=name, step=step)
            elif before is not None:
                del self.owners[name]
                yield NameForgotten(tensor=self._told(before), name=name, step=step)

    def _changed_tensors(self, step: int) -> Iterator[TraceEvent]:
        for (tensor, what), flag in self._flags.items():
            if flag.before != flag.after:
                yield self._change(tensor, what, flag, step)
        for tensor, value in self._values.items():
            yield structs.replace(value, tensor=self._told(tensor), step=step)
        for tensor, gradient in self._gradients.items():
            if gradient.before != gradient.after:
                yield self._change(tensor, "grad", gradient, step)
        for tensor, tangent in self._tangents.items():
            yield structs.replace(tangent, tensor=self._told(tensor), step=step)

    def _change(self, tensor: TensorId, what: str, changed: _Changed, step: int) -> Change:
        return Change(
            tensor=self._told(tensor),
            what=what,  # type: ignore[arg-type]
            before=changed.before,
            after=changed.after,
            span=None,
            step=step,
        )

    def _told(self, tensor: TensorId) -> TensorId:
        told = self.numbers.tensors.of(tensor)
        assert told is not None
        return TensorId(told)

    def _forget(self) -> None:
        self.iterations = self.operations = self.backwards = self.bytes = 0
        self.anything = False
        for kept in (self._values, self._tangents, self._gradients, self._flags, self._names):
            kept.clear()
        self._calls.clear()
        self._unseen.clear()


def _numbers(data: Data) -> int:
    return 0 if data is None else size(data)
