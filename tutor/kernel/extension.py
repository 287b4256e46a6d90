"""Our part inside the Jupyter kernel: loaded by ipykernel at its start, called by the window's execute requests.

Runs are ordinary execute requests, so that interrupts reach them. Small answers (a value, readiness) travel in the reply.
"""

from __future__ import annotations

import faulthandler
import os
import platform
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, assert_never

import msgspec
import torch

from tutor.kernel.descriptors import Descriptors
from tutor.kernel.devices import devices
from tutor.kernel.display import from_bundle
from tutor.kernel.evaluate import evaluate
from tutor.kernel.runner import Runner
from tutor.kernel.sender import Sender
from tutor.protocol import Evaluate, KernelReady, RunCells, RunId, decode_command
from tutor.unsent import Unsent

_tutor: Tutor | None = None


class Tutor:
    """What the kernel holds for us: the way out for events, and the runner."""

    def __init__(self, shell: Any) -> None:
        """The kernel starts in a folder of its own, where the window looks for what a crash left unsent."""
        self._shell = shell
        descriptors = Descriptors()
        self._sender = Sender(shell.kernel, Unsent(Path("unsent").absolute()), every_tick=descriptors.trim)
        self._runner = Runner(self._sender.emit, descriptors=descriptors)
        self._offer_names()
        shell.display_pub.publish = self._publish
        self._sender.start()

    def announce(self) -> None:
        """Says that torch is loaded. The window asks until it hears it: the first words on iopub can be lost."""
        self._sender.begin(RunId(-1))
        ready = KernelReady(
            torch=str(torch.__version__),
            python=platform.python_version(),
            devices=devices(),
            pid=os.getpid(),
        )
        self._sender.emit([ready])
        self._sender.flush()

    def run(self, command: RunCells) -> None:
        self._sender.begin(command.run)
        try:
            self._runner.run(command)
        finally:
            self._sender.flush()
            self._offer_names()

    def evaluate(self, command: Evaluate) -> None:
        answer = evaluate(command.expression, self._runner.namespace)
        self._shell.payload_manager.write_payload({"source": "evaluated", **msgspec.to_builtins(answer)})

    def _offer_names(self) -> None:
        """Completion looks into the namespace that the last run left."""
        self._shell.Completer.namespace = self._runner.namespace
        self._shell.Completer.global_namespace = self._runner.namespace

    def _publish(self, data: Mapping[str, object], _metadata: object = None, **_options: object) -> None:
        """What IPython and libraries display (figures, `IPython.display`) is output like any other."""
        self._runner.display(from_bundle(data))


def load_ipython_extension(shell: Any) -> None:
    """ipykernel calls this before it serves its first request."""
    global _tutor
    sys.dont_write_bytecode = True  # a module that was edited within a second of its last run is read anew
    faulthandler.enable(file=2)  # the window reads the line of a crash in the log
    _tutor = Tutor(shell)


def announce() -> None:
    """The window's first request. Afterwards comes what torch itself imports at the first backward with a v (2 s)."""
    _ignore_interrupts()
    _loaded().announce()
    import_module("torch.fx.experimental.symbolic_shapes")


def execute(command: str) -> None:
    """Carries out a command in JSON."""
    match decode_command(command):
        case RunCells() as run:
            _ignore_interrupts()  # until the run lets them in
            _loaded().run(run)
        case Evaluate() as expression:
            _loaded().evaluate(expression)
        case never:
            assert_never(never)


def _ignore_interrupts() -> None:
    """Stop is for the learner's code; ipykernel lets it into every request."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _loaded() -> Tutor:
    if _tutor is None:
        raise RuntimeError("the kernel was started without this extension")
    return _tutor
