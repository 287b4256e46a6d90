"""Which nn.Module is being called, by its path from the learner's variable: `net.0`, and its parameters `net.0.weight`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import FrameType

import torch

from tutor.kernel.identity import is_a
from tutor.kernel.spans import Sources


class Modules:
    """The stack of modules in progress, and the paths of all modules and parameters met so far."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._paths: dict[int, tuple[weakref.ref[torch.nn.Module], str]] = {}
        self._parameters: dict[int, tuple[weakref.ref[torch.Tensor], str]] = {}
        self._stack: list[str] = []

    @property
    def current(self) -> str | None:
        return self._stack[-1] if self._stack else None

    def enter(self, module: torch.nn.Module, frame: FrameType | None) -> None:
        path = self.path(module)
        if path is None:
            self.adopt(module, self._written_name(frame) or type(module).__name__)
            path = self.path(module)
        self._stack.append(path or type(module).__name__)

    def path(self, module: torch.nn.Module) -> str | None:
        reference, path = self._paths.get(id(module), (None, None))
        return path if reference is not None and reference() is module else None

    def leave(self) -> None:
        if self._stack:
            self._stack.pop()

    def _written_name(self, frame: FrameType | None) -> str | None:
        """The name by which the learner's own line calls the module."""
        file = None if frame is None else self._sources.files.get(frame.f_code.co_filename)
        if frame is None or file is None:
            return None
        spot = self._sources.spot(frame, file)
        return None if spot.position is None else file.index.called(spot.position)

    def adopt(self, module: torch.nn.Module, name: str) -> None:
        """Gives a module, its submodules and their parameters their paths; the first path given stays."""
        for path, part in module.named_modules(prefix=name):
            if self.path(part) is None:
                self._paths[id(part)] = (weakref.ref(part), path)
        for path, parameter in (*module.named_parameters(prefix=name), *module.named_buffers(prefix=name)):
            if self.parameter_path(parameter) is None:
                self._parameters[id(parameter)] = (weakref.ref(parameter), path)

    def parameter_path(self, tensor: torch.Tensor) -> str | None:
        reference, path = self._parameters.get(id(tensor), (None, None))
        return path if reference is not None and reference() is tensor else None

    def adopt_all(self, namespace: Mapping[str, object]) -> None:
        """The modules among the learner's variables."""
        for name, value in list(namespace.items()):
            if is_a(value, torch.nn.Module) and self.path(value) is None:
                self.adopt(value, name)
