"""The kernel as the window sees it: a phase, a run at a time, and a way back from whatever happens to the process."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from tutor.crash import code_names
from tutor.protocol import (
    Batch,
    Evaluate,
    Evaluated,
    Event,
    KernelReady,
    RunCells,
)
from tutor.session.kernel_folder import make_folder, remove_folder
from tutor.session.kernel_link import KernelLink, Reply
from tutor.session.kernel_process import KernelDied
from tutor.session.kernel_run import KernelRun

__all__ = ["Completions", "KernelClient", "KernelDied", "Phase"]

Phase = Literal["starting", "ready", "running", "stopping", "restarting", "failed"]

PATIENCE = 1200
"""Milliseconds that an interrupted run has before its process is killed."""
POLL = 100
ASK_AGAIN = 200
LAST_WORDS = 5000
"""Milliseconds between the kernel's reply and the run's last event, at the most."""
STARTS = 3
"""How often in a row a kernel may die before it is ready."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completions:
    """What can stand in place of `code[start:end]`."""

    matches: tuple[str, ...]
    start: int
    end: int


class KernelClient(QObject):
    """Starts the kernel, hands it one run at a time and tells what comes back; restarts it by itself when it dies."""

    phase_changed = Signal()
    ready = Signal(object)
    """KernelReady: torch is loaded."""
    events = Signal(object)
    """list[Event]: of the current run only, in order."""
    run_ended = Signal(object)
    """RunEnded, once for every run that the kernel took up, whatever became of it."""
    died = Signal(object)
    """KernelDied: the process is gone; a new one is starting (or the phase is "failed")."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._phase: Phase = "starting"
        self._folder: Path | None = None
        self._link: KernelLink | None = None
        self._run: KernelRun | None = None
        self._queued: RunCells | None = None
        self._failed_starts = 0
        self._interrupt_again = False
        self._watch = self._timer(POLL, self._on_watch)
        self._patience = self._timer(PATIENCE, self._on_patience_over, once=True)
        self.patience = PATIENCE
        """See `PATIENCE`; taken when a run is stopped."""
        self._ask = self._timer(ASK_AGAIN, self._announce, once=True)
        self._last_words = self._timer(LAST_WORDS, self._on_last_words_missing, once=True)

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
        return None if self._link is None else self._link.process.pid

    def log(self) -> str:
        """The end of the kernel's log, for a report."""
        return "" if self._link is None else self._link.process.log()

    def start(self) -> None:
        """Starts the process; torch loads while the person reads."""
        if self._link is None:
            self._failed_starts = 0
            self._own_folder()
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
        else:
            self.phase_changed.emit()

    def stop(self) -> None:
        """Interrupts the run; when it does not listen, its process is killed and started again."""
        self._queued = None
        if self._phase == "running":
            self._stop_run()
        else:
            self.phase_changed.emit()

    def restart(self) -> None:
        """A new process, whatever the old one is doing."""
        self._failed_starts = 0
        self._own_folder()
        self._renew()

    def shutdown(self) -> None:
        """Ends the process and everything that it started. `start` begins anew."""
        self._queued = None
        self._run = None
        self._close_link()
        if self._folder is not None:
            atexit.unregister(self._on_exit)
            remove_folder(self._folder)
            self._folder = None
        self._phase = "starting"

    def _on_exit(self) -> None:
        """A window that ends without `shutdown`; Qt's objects may be gone by then."""
        if self._link is not None:
            self._link.process.kill()
        if self._folder is not None:
            remove_folder(self._folder)

    def evaluate(self, expression: str, callback: Callable[[Evaluated], None]) -> None:
        """Calls back with what the expression comes to in the namespace that the last run leaves (after one on its way)."""
        lost = Evaluated(value=None, text="", error="KernelDied")
        if self._link is None or self._phase not in ("ready", "running"):
            callback(lost)
            return
        self._link.command(
            Evaluate(expression=expression),
            lambda reply: callback(_evaluated(reply)),
            lambda: callback(lost),
        )

    def complete(self, code: str, cursor: int, callback: Callable[[Completions], None]) -> None:
        """Calls back with what could stand at the cursor; with nothing while the kernel is busy or away."""
        nothing = Completions((), cursor, cursor)
        if self._link is None or self._phase != "ready":
            callback(nothing)
            return
        self._link.complete(
            code, cursor, lambda reply: callback(_completions(reply)), lambda: callback(nothing)
        )

    # ---------------------------------------------------------------- the process

    def _own_folder(self) -> Path:
        """Where the process keeps its files; it exists from `start` to `shutdown`."""
        if self._folder is None:
            self._folder = make_folder()
            atexit.register(self._on_exit)
        return self._folder

    def _start(self, phase: Phase) -> None:
        if self._folder is None:
            return  # whoever heard that the last process ended has shut us down
        try:
            self._link = KernelLink(self._folder, self)
        except OSError as fault:
            _log.warning("the kernel cannot be started: %s", fault)
            self._set_phase("failed")
            self.died.emit(KernelDied("unknown", str(fault)))
            return
        self._link.batch.connect(self._on_batch)
        self._watch.start()
        self._set_phase(phase)
        self._announce()

    def _renew(self) -> None:
        self._give_up_run()
        self._close_link()
        self._start("restarting")

    def _close_link(self) -> None:
        for timer in (self._watch, self._patience, self._ask, self._last_words):
            timer.stop()
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _announce(self) -> None:
        """Asks for `KernelReady`; asked again until it is heard, since the first words on iopub can be lost."""
        if self._link is not None and self._phase in ("starting", "restarting"):
            self._link.announce(self._on_announced)

    def _on_announced(self, reply: Reply) -> None:
        if reply.get("status") == "ok":
            self._ask.start()
            return
        _log.error("the kernel cannot load: %s", reply.get("evalue"))
        if self._link is not None:
            self._link.process.kill()

    def _on_ready(self, ready: KernelReady) -> None:
        if self._phase not in ("starting", "restarting"):
            return
        self._ask.stop()
        self._failed_starts = 0
        self._set_phase("ready")
        self.ready.emit(ready)
        self._send_queued()

    def _on_watch(self) -> None:
        """Looks whether the process lives; its last words are read before its death is told."""
        if self._link is not None:
            self._link.read()
        if self._link is not None and self._link.process.status is not None:
            self._on_death(self._link)

    def _on_death(self, link: KernelLink) -> None:
        starting = self._phase in ("starting", "restarting")
        self._failed_starts = self._failed_starts + 1 if starting else 0
        death = link.process.cause(code_names(self._run.command) if self._run else frozenset())
        _log.warning("the kernel died: %s %s", death.cause, death.detail)
        self._take_unsent()
        self._take_crash(link)
        if self._failed_starts < STARTS:
            self._renew()
        else:
            self._close_link()
            self._set_phase("failed")
        self.died.emit(death)

    # ---------------------------------------------------------------- a run

    def _send_run(self, command: RunCells) -> None:
        assert self._link is not None
        self._queued = None
        self._run = KernelRun(command)
        self._set_phase("running")
        self._link.command(command, self._on_run_reply)

    def _send_queued(self) -> None:
        if self._queued is not None and self._phase == "ready":
            self._send_run(self._queued)

    def _stop_run(self) -> None:
        if self._link is not None:
            self._interrupt_again = self._run is not None and self._run.received == 0
            self._link.process.interrupt()
            self._patience.start(self.patience)
            self._set_phase("stopping")

    def _on_patience_over(self) -> None:
        if self._link is not None:
            self._link.process.kill()
        self._take_unsent()
        self._renew()
        self.died.emit(KernelDied("stopped"))

    def _take_unsent(self) -> None:
        """What the program did just before its process ended belongs into its trace."""
        if self._run is not None and self._link is not None:
            events = self._link.process.unsent(self._run.command.run, self._run.received)
            if events:
                self._on_events(self._run, events)

    def _take_crash(self, link: KernelLink) -> None:
        """A crash is the program's last step, with its line where that is known."""
        status = link.process.status
        if self._run is not None and status is not None:
            events = self._run.crash(status=status, log=link.process.log())
            if events:
                self._on_events(self._run, events)

    def _give_up_run(self) -> None:
        """The run ends with its process."""
        run, self._run = self._run, None
        if run is not None:
            self.run_ended.emit(run.given_up())

    def _on_run_reply(self, reply: Reply) -> None:
        if self._run is None:
            return
        self._run.replied = True
        if reply.get("status") != "ok":
            self._end_with_fault(f"{reply.get('ename')}: {reply.get('evalue')}")
        self._last_words.start()
        self._end_run()

    def _on_last_words_missing(self) -> None:
        self._end_with_fault("the last events of the run did not arrive")
        self._end_run()

    def _end_with_fault(self, fault: str) -> None:
        if self._run is not None:
            _log.error("the kernel could not carry out a run: %s", fault)
            self._run.end_with_fault(fault)

    def _end_run(self) -> None:
        run = self._run
        if run is None or not run.over:
            return
        self._run = None
        self._patience.stop()
        self._last_words.stop()
        self._set_phase("ready")
        self.run_ended.emit(run.ended)
        self._send_queued()

    # ---------------------------------------------------------------- what the kernel says

    def _on_batch(self, batch: Batch) -> None:
        if self._run is not None and batch.run == self._run.command.run:
            self._on_events(self._run, batch.events)
            return
        for event in batch.events:
            if isinstance(event, KernelReady):
                self._on_ready(event)

    def _on_events(self, run: KernelRun, events: list[Event]) -> None:
        run.take(events)
        self._interrupt_what_has_just_begun()
        self.events.emit(events)
        if run is self._run:
            self._end_run()

    def _interrupt_what_has_just_begun(self) -> None:
        """An interrupt sent before the kernel took up the run was for nobody."""
        again, self._interrupt_again = self._interrupt_again, False
        if again and self._phase == "stopping" and self._link is not None:
            self._link.process.interrupt()

    def _set_phase(self, phase: Phase) -> None:
        if phase != self._phase:
            self._phase = phase
            self.phase_changed.emit()


def _evaluated(reply: Reply) -> Evaluated:
    payload = next((part for part in reply.get("payload", ()) if part.get("source") == "evaluated"), None)
    if payload is None:
        return Evaluated(value=None, text="", error=reply.get("evalue", reply.get("status")))
    return msgspec.convert(payload, Evaluated)


def _completions(reply: Reply) -> Completions:
    """IPython's own commands are no completions here."""
    return Completions(
        tuple(match for match in reply.get("matches", ()) if not match.startswith(("%", "!"))),
        reply.get("cursor_start", 0),
        reply.get("cursor_end", 0),
    )
