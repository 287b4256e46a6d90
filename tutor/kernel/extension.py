"""The part of ours inside the Jupyter kernel: loaded by ipykernel at its start, called by the window's execute requests."""

from __future__ import annotations

import os
import platform
from typing import Any

from tutor.protocol import Evaluate, Event, KernelReady, RunCells, RunId, decode_command

_kernel: Tutor | None = None


class Tutor:
    """What the kernel holds for us: the way out for events, and the runner."""

    def __init__(self, shell: Any) -> None:
        from tutor.kernel.runner import Runner
        from tutor.kernel.sender import Sender

        self._shell = shell
        self._sender = Sender(shell.kernel)
        self._sender.start()
        self._runner = Runner(self._sender.emit)

    def announce(self) -> None:
        """Says that torch is loaded. The window asks until it hears it, since the first words on iopub can be lost."""
        import torch

        from tutor.kernel.devices import devices

        self._sender.begin(RunId(-1))
        self._send(
            KernelReady(
                torch=str(torch.__version__),
                python=platform.python_version(),
                devices=devices(),
                pid=os.getpid(),
            )
        )

    def run(self, command: RunCells) -> None:
        self._sender.begin(command.run)
        try:
            self._runner.run(command)
        finally:
            self._sender.flush()
        self._shell.Completer.namespace = self._runner.namespace
        self._shell.Completer.global_namespace = self._runner.namespace

    def evaluate(self, command: Evaluate) -> None:
        raise NotImplementedError(command)

    def _send(self, event: Event) -> None:
        self._sender.emit(event)
        self._sender.flush()


def load_ipython_extension(shell: Any) -> None:
    """ipykernel calls this before it serves its first request."""
    global _kernel
    _kernel = Tutor(shell)


def announce() -> None:
    _tutor().announce()


def execute(command: str) -> None:
    """Carries out a command in JSON."""
    match decode_command(command):
        case RunCells() as run:
            _tutor().run(run)
        case Evaluate() as evaluate:
            _tutor().evaluate(evaluate)


def _tutor() -> Tutor:
    assert _kernel is not None, "the extension was not loaded"
    return _kernel
