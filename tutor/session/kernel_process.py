"""One kernel process, from its start to its end: the operating system's side of the kernel client."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, BinaryIO, Literal

import zmq
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

import tutor
from tutor.crash import crash_line, signal_name
from tutor.process_tree import kill_group, kill_tree
from tutor.protocol import Event, RunId
from tutor.unsent import unsent

Cause = Literal["killed", "segfault", "exit", "memory", "unknown", "stopped"]


@dataclass(frozen=True, slots=True)
class KernelDied:
    """Why a kernel is no more. `detail`: the exit status, the signal's name, or None.

    After a crash `file` and `line` say where the learner's code was: a file's path, or a cell's id in pointed brackets.
    """

    cause: Cause
    detail: str | int | None = None
    file: str | None = None
    line: int | None = None


class _OwnKernel(KernelSpecManager):
    """Our kernel by its command line, so that none needs to be installed."""

    def get_kernel_spec(self, _name: str) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-P", str(Path(tutor.__file__).parent / "kernel" / "launch.py"), *_OPTIONS],
            display_name="Autograd Tutor",
            language="python",
            metadata={"supported_encryption": "curve"},
        )


_OPTIONS = (
    "-f",
    "{connection_file}",
    "--HistoryManager.enabled=False",
    "--IPCompleter.use_jedi=False",
    "--IPKernelApp.capture_fd_output=False",
)


class KernelProcess:
    """Starts, interrupts and ends the process; never waits for long."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._oom_kills = _oom_kills()
        self._manager: Any = KernelManager(
            kernel_name="autograd-tutor",
            kernel_spec_manager=_OwnKernel(),
            connection_file=str(folder / f"connection-{os.urandom(4).hex()}.json"),
            context=zmq.Context.instance(),
            transport_encryption="auto" if zmq.has("curve") else "disabled",
        )
        with _growing(folder / "output.log") as output, _growing(folder / "kernel.log") as log:
            self._manager.start_kernel(stdout=output, stderr=log, cwd=str(folder), env=_environment())
        provisioner: Any = self._manager.provisioner
        self._process: Any = provisioner.process

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def manager(self) -> Any:
        """jupyter_client's manager: the session that signs messages, and the sockets."""
        return self._manager

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it lives."""
        status: int | None = self._process.poll()
        return status

    def interrupt(self) -> None:
        if self.status is None:
            self._manager.interrupt_kernel()

    def kill(self) -> None:
        """Ends the process and all that it started, whatever they do about it."""
        if self.status is None:
            kill_tree(self.pid)
            self._process.kill()
        else:
            kill_group(self.pid)

    def close(self) -> None:
        """Ends it if need be, reaps it and removes its files."""
        self.kill()
        with suppress(TimeoutExpired):  # it hangs in the operating system, and goes when that lets go of it
            self._process.wait(timeout=1)
        self._manager.cleanup_resources()

    def cause(self, files: frozenset[str] = frozenset()) -> KernelDied:
        """Why it ended by itself; `files` are the names the learner's code goes by."""
        status = self.status
        if status is None:
            return KernelDied("unknown")
        if status >= 0:
            return KernelDied("exit", status)
        name = signal_name(-status)
        if self._ran_out_of_memory(name):
            return KernelDied("memory", name)
        return KernelDied(_SIGNALS.get(name, "unknown"), name, *crash_line(self.log(), files))

    def _ran_out_of_memory(self, name: str) -> bool:
        if name == "SIGKILL":
            return _oom_kills() > self._oom_kills
        return name == "SIGABRT" and any(sign in self.log() for sign in _NO_MEMORY)

    def unsent(self, run: RunId, received: int) -> list[Event]:
        """The events that a dead kernel had not sent."""
        return unsent(self._folder / "unsent", run, received)

    def log(self) -> str:
        """The end of what the process wrote besides its output: crashes and warnings of libraries."""
        with (self._folder / "kernel.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 20_000))
            return log.read().decode(errors="replace")


_SIGNALS: dict[str, Cause] = {
    "SIGKILL": "killed",
    "SIGTERM": "killed",
    "SIGHUP": "killed",
    "SIGSEGV": "segfault",
    "SIGBUS": "segfault",
}
_NO_MEMORY = ("std::bad_alloc", "MemoryError", "out of memory", "Cannot allocate memory")


def _growing(path: Path) -> BinaryIO:
    """An emptied file where every writer appends, and from which the kernel may read too."""
    path.unlink(missing_ok=True)
    return path.open("ab+")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}


def _oom_kills() -> int:
    """How many processes Linux has killed for want of memory since it started."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    counts = (line.split() for line in lines if line.startswith("oom_kill "))
    return next((int(count) for _name, count in counts), 0)
