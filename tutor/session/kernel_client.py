"""The kernel as the window sees it: a phase, a run at a time, and a way back from whatever happens to the process."""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from tutor.protocol import (
    MIME,
    Command,
    Evaluate,
    Evaluated,
    Event,
    KernelReady,
    RunCells,
    RunEnded,
    code_name,
    decode_batch,
    encode_command,
)
from tutor.session.kernel_process import KernelDied, KernelProcess
from tutor.session.kernel_wire import Channel

__all__ = ["Completions", "KernelClient", "KernelDied", "Phase"]

Phase = Literal["starting", "ready", "running", "stopping", "restarting", "failed"]

PATIENCE = 1200
"""Milliseconds that an interrupted run has before its process is killed."""
POLL = 100
ASK_AGAIN = 200
STARTS = 3
"""How often in a row a kernel may die before it is ready."""

_log = logging.getLogger(__name__)
_CALL = "__import__('importlib').import_module('tutor.kernel.extension')"


@dataclass(frozen=True, slots=True)
class Completions:
    """What can stand in place of `code[start:end]`."""

    matches: tuple[str, ...]
    start: int
    end: int


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Request:
    """Who waits for the kernel's reply, and who is told when it will never come."""

    on_reply: Callable[[Any], None]
    on_lost: Callable[[], None] = _nothing


class KernelClient(QObject):
    """Starts the kernel, hands it one run at a time and tells what comes back; restarts it by itself when it dies."""

    phase_changed = Signal()
    ready = Signal(object)
    events = Signal(object)
    run_ended = Signal(object)
    died = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._phase: Phase = "starting"
        self._folder: Path | None = None
        self._process: KernelProcess | None = None
        self._shell: Channel | None = None
        self._iopub: Channel | None = None
        self._requests: dict[str, _Request] = {}
        self._run: RunCells | None = None
        self._received = 0
        self._ended: RunEnded | None = None
        self._replied = False
        self._queued: RunCells | None = None
        self._failed_starts = 0
        self._watch = self._timer(POLL, self._on_watch)
        self._patience = self._timer(PATIENCE, self._on_patience_over, once=True)
        self._ask = self._timer(ASK_AGAIN, self._announce, once=True)

    def _timer(self, milliseconds: int, slot: Callable[[], None], *, once: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(milliseconds)
        timer.setSingleShot(once)
        timer.timeout.connect(slot)
        return timer

    # ---------------------------------------------------------------- what the window may ask

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def queued(self) -> bool:
        """Whether a run waits for the kernel."""
        return self._queued is not None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def log(self) -> str:
        """The end of the kernel's log, for a report."""
        return "" if self._process is None else self._process.log()

    def start(self) -> None:
        """Starts the process; torch loads while the person reads."""
        if self._process is None:
            self._failed_starts = 0
            self._start("starting")

    def run(self, command: RunCells) -> None:
        """Runs these cells, now or as soon as the kernel is ready; a run on its way is stopped first."""
        if self._phase == "ready":
            self._send_run(command)
            return
        self._queued = command
        if self._phase == "running":
            self._stop_run()
        elif self._phase == "failed":
            self.restart()
        self.phase_changed.emit()

    def stop(self) -> None:
        """Interrupts the run; when it does not listen, its process is killed and started again."""
        self._queued = None
        if self._phase == "running":
            self._stop_run()
        self.phase_changed.emit()

    def restart(self) -> None:
        """A new process, whatever the old one is doing."""
        self._failed_starts = 0
        self._interrupted_for_good()
        self._end_process()
        self._start("restarting")

    def shutdown(self) -> None:
        """Ends the process and everything that it started."""
        self._queued = None
        self._run = None
        self._end_process()
        if self._folder is not None:
            atexit.unregister(self.shutdown)
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def evaluate(self, expression: str, callback: Callable[[Evaluated], None]) -> None:
        """Calls back with what the expression comes to in the namespace that the last run leaves, after a run on its way."""
        lost = Evaluated(value=None, text="", error="KernelDied")
        if self._shell is None or self._phase not in ("ready", "running"):
            callback(lost)
            return
        message = self._command(Evaluate(expression=expression))
        self._requests[message] = _Request(
            lambda content: callback(_evaluated(content)), lambda: callback(lost)
        )

    def complete(self, code: str, cursor: int, callback: Callable[[Completions], None]) -> None:
        """Calls back with what could stand at the cursor; with nothing while the kernel is busy or away."""
        nothing = Completions((), cursor, cursor)
        if self._shell is None or self._phase != "ready":
            callback(nothing)
            return
        message = self._shell.send("complete_request", {"code": code, "cursor_pos": cursor})
        self._requests[message] = _Request(
            lambda content: callback(_completions(content)), lambda: callback(nothing)
        )

    # ---------------------------------------------------------------- the process

    def _start(self, phase: Phase) -> None:
        self._process = KernelProcess(self._own_folder())
        manager = self._process.manager
        self._shell = Channel(manager.connect_shell(), manager.session, self)
        self._iopub = Channel(manager.connect_iopub(), manager.session, self)
        self._shell.received.connect(self._on_shell_message)
        self._iopub.received.connect(self._on_iopub_message)
        self._watch.start()
        self._set_phase(phase)
        self._announce()

    def _own_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="autograd-tutor-"))
            atexit.register(self.shutdown)
        return self._folder

    def _end_process(self) -> None:
        for timer in (self._watch, self._patience, self._ask):
            timer.stop()
        for channel in (self._shell, self._iopub):
            if channel is not None:
                channel.close()
        self._shell = self._iopub = None
        if self._process is not None:
            self._process.close()
            self._process = None
        lost, self._requests = self._requests, {}
        for request in lost.values():
            request.on_lost()

    def _announce(self) -> None:
        """Asks for `KernelReady`; asked again until it is heard."""
        if self._shell is not None and self._phase in ("starting", "restarting"):
            message = self._execute(f"{_CALL}.announce()")
            self._requests[message] = _Request(self._on_announced)

    def _on_announced(self, content: Any) -> None:
        if content.get("status") == "ok":
            self._ask.start()
            return
        _log.error("the kernel cannot load: %s", content.get("evalue"))
        if self._process is not None:
            self._process.kill()

    def _on_watch(self) -> None:
        """Looks whether the process lives; its last words are read before its death is told."""
        for channel in (self._iopub, self._shell):
            if channel is not None:
                channel.read()
        if self._process is not None and self._process.status is not None:
            self._on_death(self._process.cause(self._files()))

    def _files(self) -> frozenset[str]:
        """The names that the running code goes by in a traceback."""
        if self._run is None:
            return frozenset()
        return frozenset(code_name(self._run.path, cell.id) for cell in self._run.cells)

    def _on_death(self, death: KernelDied) -> None:
        was_starting = self._phase in ("starting", "restarting")
        self._failed_starts = self._failed_starts + 1 if was_starting else 0
        _log.warning("the kernel died: %s %s", death.cause, death.detail)
        self._take_unsent()
        self._interrupted_for_good()
        if self._failed_starts >= STARTS:
            self._end_process()
            self._set_phase("failed")
        else:
            self._end_process()
            self._start("restarting")
        self.died.emit(death)

    def _take_unsent(self) -> None:
        """What the program did just before the crash belongs into its trace."""
        if self._run is not None and self._process is not None:
            events = self._process.unsent(self._run.run, self._received)
            if events:
                self._on_events(events)

    # ---------------------------------------------------------------- a run

    def _send_run(self, command: RunCells) -> None:
        self._queued = None
        self._run = command
        self._received = 0
        self._ended = None
        self._replied = False
        self._set_phase("running")
        message = self._command(command)
        self._requests[message] = _Request(self._on_run_reply)

    def _stop_run(self) -> None:
        if self._process is not None:
            self._process.interrupt()
            self._patience.start()
            self._set_phase("stopping")

    def _on_patience_over(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._take_unsent()
        self._interrupted_for_good()
        self._end_process()
        self._start("restarting")
        self.died.emit(KernelDied("stopped"))

    def _interrupted_for_good(self) -> None:
        """The run ends with its process."""
        if self._run is not None:
            ended = self._ended or RunEnded(run=self._run.run, outcome="interrupted")
            self._run = None
            self.run_ended.emit(ended)

    def _on_run_reply(self, content: Any) -> None:
        self._replied = True
        if content.get("status") != "ok" and self._run is not None:
            fault = f"{content.get('ename')}: {content.get('evalue')}"
            _log.error("the kernel could not carry out a run: %s", fault)
            self._ended = RunEnded(run=self._run.run, outcome="error", recorder_fault=fault)
        self._end_run()

    def _end_run(self) -> None:
        """A run is over when its last event and the kernel's reply are both here."""
        if self._run is None or self._ended is None or not self._replied:
            return
        ended, self._run = self._ended, None
        self._patience.stop()
        self._set_phase("ready")
        self.run_ended.emit(ended)
        self._run_queued()

    def _run_queued(self) -> None:
        if self._queued is not None and self._phase == "ready":
            self._send_run(self._queued)

    # ---------------------------------------------------------------- messages

    def _command(self, command: Command) -> str:
        return self._execute(f"{_CALL}.execute({encode_command(command)!r})")

    def _execute(self, code: str) -> str:
        assert self._shell is not None
        request = {
            "code": code,
            "silent": True,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        return self._shell.send("execute_request", request)

    def _on_shell_message(self, message: Any) -> None:
        request = self._requests.pop(message["parent_header"].get("msg_id", ""), None)
        if request is not None:
            request.on_reply(message["content"])

    def _on_iopub_message(self, message: Any) -> None:
        if message["msg_type"] != "display_data" or MIME not in message["content"]["data"]:
            return
        try:
            batch = decode_batch(message["buffers"][0])
        except (msgspec.DecodeError, IndexError):
            _log.exception("a batch of events cannot be read")
            return
        if batch.run == -1:
            self._on_ready([event for event in batch.events if isinstance(event, KernelReady)])
        elif self._run is not None and batch.run == self._run.run:
            self._on_events(batch.events)

    def _on_ready(self, announced: list[KernelReady]) -> None:
        if self._phase not in ("starting", "restarting") or not announced:
            return
        self._ask.stop()
        self._failed_starts = 0
        self._set_phase("ready")
        self.ready.emit(announced[0])
        self._run_queued()

    def _on_events(self, events: list[Event]) -> None:
        self._received += len(events)
        ended = next((event for event in events if isinstance(event, RunEnded)), None)
        self.events.emit(events)
        if ended is not None:
            self._ended = ended
            self._end_run()

    def _set_phase(self, phase: Phase) -> None:
        if phase != self._phase:
            self._phase = phase
            self.phase_changed.emit()


def _evaluated(content: Any) -> Evaluated:
    payload = next((part for part in content.get("payload", ()) if part.get("source") == "evaluated"), None)
    if payload is None:
        return Evaluated(value=None, text="", error=content.get("evalue", content.get("status")))
    return msgspec.convert(payload, Evaluated)


def _completions(content: Any) -> Completions:
    return Completions(
        tuple(match for match in content.get("matches", ()) if not match.startswith(("%", "!"))),
        content.get("cursor_start", 0),
        content.get("cursor_end", 0),
    )
