"""One run on its way, as far as the window has heard of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tutor.crash import crash_failure
from tutor.protocol import Event, RunCells, RunEnded, Source, Step


@dataclass(slots=True)
class KernelRun:
    """What was sent, and what has come back. It is over when its last event and the kernel's reply are both here."""

    command: RunCells
    received: int = 0
    ended: RunEnded | None = None
    replied: bool = False
    _steps: int = 0
    _sources: list[Source] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.replied and self.ended is not None

    def take(self, events: list[Event]) -> None:
        self.received += len(events)
        for event in events:
            match event:
                case Step():
                    self._steps += 1
                case Source():
                    self._sources.append(event)
                case RunEnded():
                    self.ended = event
                case _:
                    continue

    def end_with_fault(self, fault: str) -> None:
        """Something of ours broke, not the learner's program."""
        self.ended = RunEnded(run=self.command.run, outcome="error", recorder_fault=fault)

    def given_up(self) -> RunEnded:
        """How it ended when its process is gone."""
        return self.ended or RunEnded(run=self.command.run, outcome="interrupted")

    def crash(self, *, status: int, log: str) -> list[Event]:
        """The crash as the last step of the program; nothing when it had ended before."""
        if self.ended is not None:
            return []
        failure = crash_failure(self.command, self._sources, status=status, log=log, step=self._steps)
        return [failure, Step(kind="error", id=-1, span=failure.span)]
