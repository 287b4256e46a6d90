"""Puts back what a run may have changed in the process, so that the next one begins as in a new process.

Monkey patches, threads that go on and torch's once-per-process warnings cannot be put back: only a restart does.
"""

from __future__ import annotations

import gc
import importlib
import os
import random
import signal
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import torch

from tutor.protocol import RunSettings

_SIGNALS = tuple(number for number in signal.valid_signals() if number not in (signal.SIGINT,))


@dataclass(frozen=True, slots=True)
class Baseline:
    """The process as it was before any run."""

    modules: frozenset[str]
    path: tuple[str, ...]
    argv: tuple[str, ...]
    environment: dict[str, str]
    directory: str
    filters: tuple[object, ...]
    threads: int
    recursion: int
    main: ModuleType

    @classmethod
    def taken(cls) -> Baseline:
        return cls(
            modules=frozenset(sys.modules),
            path=tuple(sys.path),
            argv=tuple(sys.argv),
            environment=dict(os.environ),
            directory=os.getcwd(),
            filters=tuple(warnings.filters),
            threads=torch.get_num_threads(),
            recursion=sys.getrecursionlimit(),
            main=sys.modules["__main__"],
        )

    def restore(self, settings: RunSettings) -> None:
        """Everything as it was, with the settings of the run that begins."""
        self._restore_python()
        self._restore_warnings()
        _reset_torch(settings, self.threads)
        _seed(settings.seed)

    def _restore_python(self) -> None:
        self._forget_modules([Path(folder).resolve() for folder in sys.path if folder not in self.path])
        sys.path[:] = self.path
        sys.argv[:] = self.argv
        os.environ.clear()
        os.environ.update(self.environment)
        os.chdir(self.directory)
        sys.setrecursionlimit(self.recursion)
        sys.excepthook = sys.__excepthook__
        threading.settrace(None)
        gc.enable()

    def _forget_modules(self, folders: list[Path]) -> None:
        """The learner's own modules, from these folders, are imported afresh; installed ones stay wherever they lie."""
        for name, module in list(sys.modules.items()):
            if name not in self.modules and name.partition(".")[0] != "tutor" and _lies_in(module, folders):
                del sys.modules[name]
        importlib.invalidate_caches()

    def _restore_warnings(self) -> None:
        warnings.filters[:] = self.filters  # type: ignore[index]
        with warnings.catch_warnings():
            pass  # entering tells every module to forget which warnings it has shown


def _lies_in(module: ModuleType, folders: list[Path]) -> bool:
    """Whether the module's file, or the folder of a package without `__init__.py`, is there and not installed."""
    file = getattr(module, "__file__", None)
    places = [file] if isinstance(file, str) else list(getattr(module, "__path__", ()))
    where = next((Path(place).resolve() for place in places), None)
    return (
        where is not None
        and not _INSTALLED & set(where.parts)
        and any(where.is_relative_to(folder) for folder in folders)
    )


_INSTALLED = {"site-packages", "dist-packages"}


def _seed(seed: int) -> None:
    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def _reset_torch(settings: RunSettings, threads: int) -> None:
    """The CPU sets no default device: even naming it changes which fast paths torch takes."""
    torch.set_default_device(None)
    _close_modes()
    if settings.device != "cpu":
        torch.set_default_device(settings.device)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.autograd.set_detect_anomaly(False)
    if (
        torch.are_deterministic_algorithms_enabled()
    ):  # asked first, since the call loads torch's whole compiler
        torch.use_deterministic_algorithms(False)
    torch.set_autocast_enabled("cpu", False)
    torch.set_autocast_enabled("cuda", False)
    torch.clear_autocast_cache()
    _torch.set_printoptions(profile="default", sci_mode=None)
    torch.set_flush_denormal(False)
    torch.set_float32_matmul_precision("highest")
    torch.set_warn_always(False)
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    _numpy.set_printoptions(**_NUMPY_PRINT)


def _close_modes() -> None:
    """Modes that were entered and never left."""
    while torch._C._len_torch_function_stack() > 0:
        torch._C._pop_torch_function_stack()
    if torch.is_inference_mode_enabled():
        outside = _torch.inference_mode(mode=False)
        outside.__enter__()
        _kept_open.append(outside)


_kept_open: list[Any] = []
_numpy: Any = numpy
_torch: Any = torch
_NUMPY_PRINT = {
    key: value for key, value in numpy.get_printoptions().items() if key not in ("override_repr", "legacy")
}
