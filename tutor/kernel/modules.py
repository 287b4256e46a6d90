"""Which nn.Module is being called, by its path from the learner's variable: `net.0`, and its parameters `net.0.weight`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import FrameType
from typing import TypeVar

import torch

from tutor.kernel.budget import Outlet
from tutor.kernel.identity import is_a
from tutor.kernel.module_tree import parts, tensors
from tutor.kernel.paths import path_in
from tutor.kernel.spans import Base, Sources
from tutor.protocol import ModuleCallId, ModuleEntered, ModuleLeft

T = TypeVar("T", torch.nn.Module, torch.Tensor)

_MOST_SEARCHES = 64
"""How often may be searched in vain: a loop that makes modules is not slowed down without end."""
_SEARCHES = 3
"""How often one module is searched for: it may be called before it lies where it will."""


class _Placed(weakref.ref[T]):
    """A weak reference to a module or parameter with its path. A `makeshift` one gives way to a path from a variable."""

    __slots__ = ("address", "makeshift", "path", "searches")

    address: int
    path: str
    makeshift: bool
    searches: int
    """How often a better one is still looked for."""


class _Places(dict[int, "_Placed[T]"]):
    """Paths by the address of what they lead to, for as long as it lives."""

    def of(self, thing: T) -> _Placed[T] | None:
        placed = self.get(id(thing))
        return placed if placed is not None and placed() is thing else None

    def put(self, thing: T, path: str, *, makeshift: bool) -> None:
        """The first path stays, unless it was a makeshift."""
        before = self.of(thing)
        if before is not None and (makeshift or not before.makeshift):
            return
        placed = _Placed(thing, self._gone)
        placed.address, placed.path, placed.makeshift = id(thing), path, makeshift
        placed.searches = _SEARCHES if makeshift else 0
        self[placed.address] = placed

    def _gone(self, placed: _Placed[T]) -> None:
        if self.get(placed.address) is placed:
            del self[placed.address]


class Modules:
    """The stack of module calls in progress, and the paths of all modules and parameters met so far."""

    def __init__(self, sources: Sources, outlet: Outlet) -> None:
        self._sources = sources
        self._outlet = outlet
        self._put = outlet.put
        self._paths: _Places[torch.nn.Module] = _Places()
        self._parameters: _Places[torch.Tensor] = _Places()
        self._stack: list[tuple[ModuleCallId, str, torch.nn.Module]] = []
        self._count = 0
        self._searches = 0
        self.current: str | None = None
        """The path of the innermost module that is being called."""
        self.call: ModuleCallId | None = None
        """Its call's id."""

    # ------------------------------------------------------------ calls

    def enter(self, module: torch.nn.Module, frame: FrameType | None) -> ModuleCallId:
        """`module` is called from `frame`; returns the call's id, for `leave`."""
        placed = self._paths.get(id(module))
        known = placed is not None and not placed.searches and placed() is module
        path = placed.path if placed is not None and known else self._place(module, frame)
        training = object.__getattribute__(module, "__dict__").get("training")
        call = ModuleCallId(self._count)
        self._count += 1
        self._put(
            ModuleEntered(
                id=call,
                path=path,
                kind=type(module).__name__,
                parent=self.call,
                training=training if type(training) is bool else _scripted_flag(module),
                step=self._outlet.step,
            )
        )
        self._stack.append((call, path, module))
        self._sources.bases.append(Base(id(frame)))
        self.current, self.call = path, call
        return call

    def leave(self, call: ModuleCallId) -> None:
        """The call is over, also when it raised."""
        stack = self._stack
        while stack and stack[-1][0] >= call:
            stack.pop()
        del self._sources.bases[len(stack) :]
        if stack:
            self.call, self.current, _ = stack[-1]
        else:
            self.call = self.current = None
        self._put(ModuleLeft(id=call, step=self._outlet.step))

    # ------------------------------------------------------------ paths

    def path(self, module: torch.nn.Module) -> str | None:
        placed = self._paths.of(module)
        return None if placed is None or placed.makeshift else placed.path

    def parameter_path(self, tensor: torch.Tensor) -> str | None:
        placed = self._parameters.get(id(tensor))
        return placed.path if placed is not None and placed() is tensor else None

    def adopt(self, module: torch.nn.Module, name: str, *, makeshift: bool = False) -> None:
        """Gives a module, its submodules and their parameters their paths; the first path given stays."""
        for path, part in parts(module, name):
            self._paths.put(part, path, makeshift=makeshift)
            for inner, tensor in tensors(part):
                self._parameters.put(tensor, f"{path}.{inner}", makeshift=makeshift)

    def adopt_all(self, namespace: Mapping[str, object]) -> None:
        """The modules among the learner's variables."""
        for name, value in list(namespace.items()):
            if is_a(value, torch.nn.Module) and self.path(value) is None:
                self.adopt(value, name)

    def search(self, parameter: torch.Tensor, namespace: Mapping[str, object]) -> str | None:
        """The path of a parameter that has none: its module may be new, or have been given it since."""
        self.adopt_all(namespace)
        if self.parameter_path(parameter) is None and self._searches < _MOST_SEARCHES:
            self._searches += 1
            for name, value in list(namespace.items()):
                if is_a(value, torch.nn.Module):
                    self.adopt(value, self.path(value) or name)
        return self.parameter_path(parameter)

    def _place(self, module: torch.nn.Module, frame: FrameType | None) -> str:
        """The path of a module that has none yet, or a makeshift."""
        before = self._paths.of(module)
        if before is not None and self.current is not None and before.path.startswith(f"{self.current}."):
            # A part of its caller, known by the caller's path, gets a better one when the caller does.
            return before.path
        written = self._written_name(frame)
        path = None if written == "" else self._search(module, frame)
        if path is None and self.path(module) is None:
            self.adopt(module, written or type(module).__name__, makeshift=not written)
        elif path is not None:
            self.adopt(module, path)
        placed = self._paths.of(module)
        if placed is None:
            return type(module).__name__
        placed.searches = max(placed.searches - 1, 0)
        return placed.path

    def _search(self, module: torch.nn.Module, frame: FrameType | None) -> str | None:
        """From the module that calls it, or from the learner's variables."""
        if self._searches >= _MOST_SEARCHES:
            return None
        if self._stack and self.path(self._stack[-1][2]) is not None:
            _, path, caller = self._stack[-1]
            found = path_in({path: caller}, module)
            if found is not None:
                return found
        variables = self._variables(frame)
        self.adopt_all(variables)
        found = self.path(module) or path_in(variables, module)
        self._searches += found is None
        return found

    def _variables(self, frame: FrameType | None) -> Mapping[str, object]:
        """The learner's variables, but for those that a `for` binds to one module after the other."""
        while frame is not None:
            file = self._sources.files.get(frame.f_code.co_filename)
            if file is not None:
                passing = file.index.loop_names
                return {name: value for name, value in list(frame.f_globals.items()) if name not in passing}
            frame = frame.f_back
        return {}

    def _written_name(self, frame: FrameType | None) -> str | None:
        """How the learner's own line names the module that it calls: "" for one that it makes on the spot."""
        file = None if frame is None else self._sources.files.get(frame.f_code.co_filename)
        if frame is None or file is None:
            return None
        spot = self._sources.spot(frame, file)
        return None if spot.position is None else file.index.called(spot.position)


def _scripted_flag(module: torch.nn.Module) -> bool:
    """A scripted module's training flag lies in C++. (Where the learner made it a property, that is not asked.)"""
    return bool(module.training) if is_a(module, torch.jit.ScriptModule) else True
