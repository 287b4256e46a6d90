"""Which Python name belongs to which tensor, and since when; read from the syntax tree, checked against the namespace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import torch

from tutor.kernel.bare import bare
from tutor.kernel.budget import Outlet
from tutor.kernel.call import Call
from tutor.kernel.identity import Known, Tensors, is_a
from tutor.kernel.names import Target
from tutor.kernel.paths import path_at, path_in, things_in
from tutor.kernel.spans import NOTHING, Place, Spot, Written
from tutor.protocol import NameForgotten, TensorId, TensorNamed

_SEARCHES = 3
"""How often a tensor is looked for: it may be used before it lies where it will."""


class Naming:
    """Holds names → tensors as the learner's program has them. A name that is rebound leaves its old tensor."""

    def __init__(self, outlet: Outlet, tensors: Tensors) -> None:
        self._put = outlet.put
        self._tensors = tensors
        self._by_address = tensors.by_address
        self._holders: dict[str, Known] = {}
        self.names: dict[TensorId, str] = {}
        """The name of each tensor that has one."""
        self._others: dict[TensorId, set[str]] = {}
        """The further names of tensors that have several."""
        self._global: dict[str, None] = {}
        """The names that have been variables of the module, in the order in which they came."""
        self.frames: dict[int, set[str]] = {}
        """The frames of functions that have local names here, with those names."""
        self._frame_of: dict[str, int] = {}
        self.stirred = False
        """Whether a function's variable was given a name since somebody last looked here."""
        self._sought: dict[TensorId, int] = {}
        self._loop_names: frozenset[str] = frozenset()
        self._pending: tuple[str, ...] = ()
        self._pending_since = 0
        self._pending_spot: Spot | None = None
        self._namespace: Mapping[str, object] = {}

    def name_of(self, tensor: TensorId) -> str | None:
        return self.names.get(tensor)

    @property
    def holders(self) -> Mapping[str, TensorId]:
        """Which tensor has a name."""
        return {name: known.id for name, known in self._holders.items()}

    def give(self, known: Known, name: str, step: int) -> None:
        """From `step` on the name is this tensor's."""
        before, names = self._holders.get(name), self.names
        if before is known:
            return
        if before is not None:
            if self._others:
                self._let_go(before.id, name)
            elif names.get(before.id) == name:
                del names[before.id]
        self._holders[name] = known
        tensor = known.id
        if tensor in names:
            self._others.setdefault(tensor, set()).add(names[tensor])
        names[tensor] = name
        self._put(TensorNamed(tensor=tensor, name=name, step=step))

    # ------------------------------------------------------------ names that go out of use

    def leave(self, frames: Set[int], step: int) -> None:
        """Forgets the names of functions whose frames are left."""
        gone = set().union(*(self.frames.get(frame, ()) for frame in frames))
        for name in [name for name in self._frame_of if name in gone]:
            self._forget(name, step)

    def bury(self, step: int) -> None:
        """Forgets the names of tensors that are dead."""
        dead = self._tensors.dead
        while dead:
            tensor = dead.pop()
            if self._sought:
                self._sought.pop(tensor, None)
            name = self.names.pop(tensor, None)
            if name is not None:
                for each in sorted((name, *self._others.pop(tensor, ()))):
                    self._forget(each, step)

    def check_globals(self, step: int) -> None:
        """Forgets the variables that were deleted or hold something else."""
        holders, namespace = self._holders, self._namespace
        gone = []
        for name in self._global:
            known = holders.get(name)
            if known is not None:
                value = namespace.get(name)
                if value is None or value is not known():
                    gone.append(name)
        for name in gone:
            self._forget(name, step)

    def _forget(self, name: str, step: int) -> None:
        tensor = self._holders.pop(name).id
        self._unframe(name)
        self._let_go(tensor, name)
        self._put(NameForgotten(tensor=tensor, name=name, step=step))

    def _unframe(self, name: str) -> None:
        frame = self._frame_of.pop(name, None)
        if frame is not None:
            self._drop(frame, name)

    def _drop(self, frame: int, name: str) -> None:
        names = self.frames[frame]
        names.discard(name)
        if not names:
            del self.frames[frame]

    def _let_go(self, tensor: TensorId, name: str) -> None:
        others = self._others.get(tensor)
        if others is None:
            if self.names.get(tensor) == name:
                del self.names[tensor]
            return
        if self.names.get(tensor) != name:
            others.discard(name)
        else:
            self.names[tensor] = current = min(others)
            others.discard(current)
        if not others:
            self._others.pop(tensor, None)

    # ------------------------------------------------------------ at a call

    def call(self, place: Place, call: Call, results: object, step: int) -> None:
        """Names the operands and the results of a call."""
        spot, written = place.spot, NOTHING
        if spot is not None and place.direct:
            written = spot.said
            traits, arguments = call.traits, call.arguments
            if traits.plain != spot.function or len(arguments) != spot.count:
                written = spot.written(traits.plain, len(arguments), reflected=traits.reflected)
            if call.nameless:
                self._operands(place, written, arguments, step)
        if place.module_spot is not self._pending_spot or place.namespace is not self._namespace:
            self._arrive(place, step)
        for target in written.targets:
            self._assign(place, target, results, step)

    def operands(self, place: Place, arguments: Sequence[object], *, step: int) -> None:
        """Names nameless tensors by the names that the learner wrote as operands."""
        self._operands(place, _written(place, "", len(arguments)), arguments, step)

    def results(self, place: Place, results: object, step: int, *, function: str, count: int = 1) -> None:
        """Names the results of a call of `function` with `count` arguments; notes the names that may follow."""
        self._results(place, _written(place, function, count), results, step)

    def _operands(self, place: Place, written: Written, arguments: Sequence[object], step: int) -> None:
        for index, name in written.operands:
            argument = arguments[index]
            known = self._by_address.get(id(argument))
            if known is not None and known.id not in self.names:
                self._name_operand(place, name, known, argument, step)

    def _name_operand(self, place: Place, name: str, known: Known, tensor: object, step: int) -> None:
        if not isinstance(tensor, torch.Tensor):
            return
        if place.namespace is not None and place.is_module and not name.isidentifier():
            path = path_at(place.namespace, name, tensor)
            if path is not None:
                self.give(known, path, max(known.step, step - 1))
                return
        own = place.namespace is not None and place.namespace.get(name) is tensor
        if not own or name in self._loop_names:
            self._give_path(place.namespace or {}, known, tensor, step)
        if known.id in self.names or not name.isidentifier() or (place.is_module and not own):
            return
        if not place.is_module and name in self._global:
            return
        self._give_in(place, known, name, max(known.step, step - 1))

    def _give_path(
        self, namespace: Mapping[str, object], known: Known, tensor: torch.Tensor, step: int
    ) -> None:
        """Names a leaf that lies in an object, a list or a dict by its path from the variable."""
        if not (known.tracked and bare(tensor).is_leaf) or self._sought.get(known.id, 0) >= _SEARCHES:
            return
        self._sought[known.id] = self._sought.get(known.id, 0) + 1
        path = path_in(namespace, tensor)
        if path is not None:
            self.give(known, path, max(known.step, step - 1))

    def _give_in(self, place: Place, known: Known, name: str, step: int) -> None:
        if place.is_module:
            self._global[name] = None
            if self._frame_of:
                self._unframe(name)
        else:
            self.stirred = True
            frame = self._frame_of.get(name)
            if frame != place.frame:
                if frame is not None:
                    self._drop(frame, name)
                self._frame_of[name] = place.frame
                self.frames.setdefault(place.frame, set()).add(name)
        self.give(known, name, step)

    def _results(self, place: Place, written: Written, results: object, step: int) -> None:
        """A call that stands alone on the right of an assignment gives its results their names."""
        self._arrive(place, step)
        for target in written.targets:
            self._assign(place, target, results, step)

    def _assign(self, place: Place, target: Target, value: object, step: int) -> None:
        if isinstance(target, str):
            known = self._by_address.get(id(value))
            if known is None or not (place.is_module or target not in self._global):
                return
            if known.step == step or known.id not in self.names:
                if not place.is_module and self._frame_of.get(target) == place.frame:
                    # A function's variable, given anew.
                    self.stirred = True
                    self.give(known, target, step)
                else:
                    self._give_in(place, known, target, step)
        elif isinstance(value, (tuple, list)) and len(value) == len(target):
            for part, item in zip(target, value, strict=True):
                if part is not None:
                    self._assign(place, part, item, step)

    # ------------------------------------------------------------ names that appear once a statement is done

    def _arrive(self, place: Place, step: int) -> None:
        """Where the program has come to another line of its module, names may be gone, and others will follow."""
        spot, last, namespace = place.module_spot, self._pending_spot, place.namespace
        if spot is None:
            return
        elsewhere = last is None or spot.span.line != last.span.line or spot.file is not last.file
        if elsewhere and namespace is self._namespace:
            self.check_globals(step)
        if namespace is not None and (elsewhere or namespace is not self._namespace):
            self._loop_names = spot.file.index.loop_names
            self._pending = spot.file.index.names_bound(spot.span.line)
            self._pending_since, self._pending_spot, self._namespace = step, spot, namespace

    def catch_up(self) -> None:
        """Checks the names that the last statement was to bind."""
        for name in self._pending:
            value = self._namespace.get(name)
            holder = self._holders.get(name)
            if holder is None or holder() is not value:
                self._check(name, value, self._pending_since)

    def _check(self, name: str, value: object, since: int) -> None:
        if not is_a(value, torch.Tensor):
            return
        known = self._tensors.find(value)
        if known is None or self._holders.get(name) is known:
            return
        current = self.names.get(known.id)
        if current is not None and self._namespace.get(current) is value:
            return
        if current is None and name in self._loop_names:
            self._give_path(self._namespace, known, value, since)
        self._global[name] = None
        self._unframe(name)
        self.give(known, name, max(known.step, since))

    def keep_locals(self, frame: int) -> None:
        """What a function's variables are called stays when the recording ends: the function goes on."""
        for name in self.frames.pop(frame, ()):
            del self._frame_of[name]
            self._global[name] = None

    def check_namespace(self, namespace: Mapping[str, object], step: int) -> None:
        """At a cell's end: every name of the namespace that is a tensor's."""
        self._namespace = namespace
        for name, value in list(namespace.items()):
            if is_a(value, torch.Tensor) and not name.startswith("_"):
                self._tensors.see(value, step)
                self._check(name, value, max(step - 1, 0))
        for path, value in things_in(namespace):
            known = self._tensors.find(value) if is_a(value, torch.Tensor) else None
            if known is not None and known.id not in self.names:
                self.give(known, path, max(known.step, step - 1, 0))
        self._pending = ()
        self._pending_spot = None
        self._close(step)

    def _close(self, step: int) -> None:
        """The functions are left. A program that is all in functions still shows at its last step what was there."""
        self.check_globals(step)
        after = step if self._global.keys() & self._holders.keys() else step + 1
        self.leave(self.frames.keys(), after)
        self.bury(after)


def _written(place: Place, function: str, count: int, *, reflected: bool = False) -> Written:
    """What the learner wrote about names where this was called; nothing where library code called it."""
    if place.spot is None or not place.direct:
        return NOTHING
    return place.spot.written(function, count, reflected=reflected)
