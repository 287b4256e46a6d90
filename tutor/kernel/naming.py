"""Which Python name belongs to which tensor, and since when; read from the syntax tree, checked against the namespace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import torch

from tutor.kernel.budget import Outlet
from tutor.kernel.identity import Known, Tensors, is_a
from tutor.kernel.names import Target
from tutor.kernel.paths import path_in
from tutor.kernel.spans import Place, Spot
from tutor.protocol import NameForgotten, TensorId, TensorNamed

_SEARCHES = 3
"""How often a tensor is looked for: it may be used before it lies where it will."""


class Naming:
    """Holds names → tensors as the learner's program has them. A name that is rebound leaves its old tensor."""

    def __init__(self, outlet: Outlet, tensors: Tensors) -> None:
        self._outlet = outlet
        self._tensors = tensors
        self._holders: dict[str, TensorId] = {}
        self._names: dict[TensorId, str] = {}
        self._held: dict[TensorId, set[str]] = {}
        self._global: set[str] = set()
        self._frames: dict[str, int] = {}
        """The frames of the functions whose local names these are."""
        self._sought: dict[TensorId, int] = {}
        self._loop_names: frozenset[str] = frozenset()
        self._pending: tuple[str, ...] = ()
        self._pending_since = 0
        self._pending_line = 0
        self._namespace: Mapping[str, object] = {}

    def name_of(self, tensor: TensorId) -> str | None:
        return self._names.get(tensor)

    @property
    def holders(self) -> Mapping[str, TensorId]:
        """Which tensor has a name."""
        return self._holders

    def give(self, tensor: TensorId, name: str, step: int) -> None:
        """From `step` on the name is this tensor's."""
        if self._holders.get(name) == tensor:
            return
        before = self._holders.get(name)
        if before is not None:
            self._let_go(before, name)
        self._holders[name] = tensor
        self._names[tensor] = name
        self._held.setdefault(tensor, set()).add(name)
        self._outlet.put(TensorNamed(tensor=tensor, name=name, step=step))

    # ------------------------------------------------------------ names that go out of use

    @property
    def has_locals(self) -> bool:
        return bool(self._frames)

    def leave(self, entered: Set[int], step: int) -> None:
        """Forgets the names of functions whose frames are entered no more."""
        for name in [name for name, frame in self._frames.items() if frame not in entered]:
            self._forget(name, step)

    def bury(self, step: int) -> None:
        """Forgets the names of tensors that are dead."""
        dead = self._tensors.dead
        while dead:
            tensor = dead.pop()
            self._sought.pop(tensor, None)
            for name in sorted(self._held.pop(tensor, ())):
                self._forget(name, step)

    def check_globals(self, step: int) -> None:
        """Forgets the variables that were deleted or hold something else."""
        for name in [name for name in self._global if name in self._holders]:
            value = self._namespace.get(name)
            known = self._tensors.find(value) if is_a(value, torch.Tensor) else None
            if known is None or known.id != self._holders[name]:
                self._forget(name, step)

    def _forget(self, name: str, step: int) -> None:
        tensor = self._holders.pop(name)
        self._frames.pop(name, None)
        self._let_go(tensor, name)
        self._outlet.put(NameForgotten(tensor=tensor, name=name, step=step))

    def _let_go(self, tensor: TensorId, name: str) -> None:
        held = self._held.get(tensor, set())
        held.discard(name)
        if self._names.get(tensor) == name:
            del self._names[tensor]
            if held:
                self._names[tensor] = min(held)

    # ------------------------------------------------------------ at a call

    def operands(self, place: Place, arguments: Sequence[object], *, reflected: bool, step: int) -> None:
        """Names nameless tensors by the names that the learner wrote as operands."""
        spot = place.spot
        if not place.direct or spot is None or spot.position is None:
            return
        written = spot.file.index.operands(spot.position, count=len(arguments), reflected=reflected)
        for name, argument in zip(written, arguments, strict=False):
            if name is not None and isinstance(argument, torch.Tensor):
                self._name_operand(place, name, argument, step)

    def _name_operand(self, place: Place, name: str, tensor: torch.Tensor, step: int) -> None:
        known = self._tensors.find(tensor)
        if known is None or known.id in self._names:
            return
        own = place.namespace is not None and place.namespace.get(name) is tensor
        if not own or name in self._loop_names:
            self._give_path(place.namespace or {}, known, tensor, step)
        if known.id in self._names or not name.isidentifier() or (place.is_module and not own):
            return
        if not place.is_module and name in self._global:
            return
        self._give_in(place, known, name, max(known.step, step - 1))

    def _give_path(
        self, namespace: Mapping[str, object], known: Known, tensor: torch.Tensor, step: int
    ) -> None:
        """Names a leaf that lies in an object, a list or a dict by its path from the variable."""
        if not (known.tracked and tensor.is_leaf) or self._sought.get(known.id, 0) >= _SEARCHES:
            return
        self._sought[known.id] = self._sought.get(known.id, 0) + 1
        path = path_in(namespace, tensor)
        if path is not None:
            self.give(known.id, path, max(known.step, step - 1))

    def _give_in(self, place: Place, known: Known, name: str, step: int) -> None:
        if place.is_module:
            self._global.add(name)
            self._frames.pop(name, None)
        else:
            self._frames[name] = place.frame
        self.give(known.id, name, step)

    def results(self, place: Place, results: object, step: int, *, function: str) -> None:
        """Names the results of a call that stands alone on the right of an assignment; notes the names that may follow.

        `function` is the plain name of what was called: `s = sum(parts)` calls many additions, none of them `sum`.
        """
        spot = place.spot
        if place.namespace is self._namespace and self._is_elsewhere(place):
            self.check_globals(step)
        if place.direct and spot is not None and spot.position is not None and _is_call_of(spot, function):
            for target in spot.file.index.targets(spot.position):
                self._assign(place, target, results, step)
        self._await(place, step)

    def _assign(self, place: Place, target: Target, value: object, step: int) -> None:
        if isinstance(target, str):
            if is_a(value, torch.Tensor) and (place.is_module or target not in self._global):
                known = self._tensors.find(value)
                if known is not None and (known.step == step or known.id not in self._names):
                    self._give_in(place, known, target, step)
        elif isinstance(value, (tuple, list)) and len(value) == len(target):
            for part, item in zip(target, value, strict=True):
                if part is not None:
                    self._assign(place, part, item, step)

    # ------------------------------------------------------------ names that appear once a statement is done

    def _await(self, place: Place, step: int) -> None:
        spot = place.module_spot
        if spot is None or place.namespace is None:
            return
        line = spot.span.line
        if self._is_elsewhere(place) or self._namespace is not place.namespace:
            self._loop_names = spot.file.index.loop_names
            self._pending = spot.file.index.names_bound(line)
            self._pending_since, self._pending_line, self._namespace = step, line, place.namespace

    def _is_elsewhere(self, place: Place) -> bool:
        """Whether the program has come to another line since the last operation."""
        return place.module_spot is not None and place.module_spot.span.line != self._pending_line

    def catch_up(self) -> None:
        """Checks the names that the last statement was to bind."""
        for name in self._pending:
            self._check(name, self._namespace.get(name), self._pending_since)

    def _check(self, name: str, value: object, since: int) -> None:
        if not is_a(value, torch.Tensor):
            return
        known = self._tensors.find(value)
        if known is None or self._holders.get(name) == known.id:
            return
        current = self._names.get(known.id)
        if current is not None and self._namespace.get(current) is value:
            return
        if current is None and name in self._loop_names:
            self._give_path(self._namespace, known, value, since)
        self._global.add(name)
        self._frames.pop(name, None)
        self.give(known.id, name, max(known.step, since))

    def check_namespace(self, namespace: Mapping[str, object], step: int) -> None:
        """At a cell's end: every name of the namespace that is a tensor's."""
        self._namespace = namespace
        for name, value in list(namespace.items()):
            if is_a(value, torch.Tensor) and not name.startswith("_"):
                self._tensors.see(value, step)
                self._check(name, value, max(step - 1, 0))
        self._pending = ()
        self._pending_line = 0
        self._close(step)

    def _close(self, step: int) -> None:
        """The functions are left. A program that is all in functions still shows at its last step what was there."""
        self.check_globals(step)
        after = step if self._global & self._holders.keys() else step + 1
        self.leave(frozenset(), after)
        self.bury(after)


def _is_call_of(spot: Spot, function: str) -> bool:
    """Whether the expression at the spot is an operator, or a call that is written with this function's name."""
    written = None if spot.position is None else spot.file.index.callee(spot.position)
    return written is None or written == function
