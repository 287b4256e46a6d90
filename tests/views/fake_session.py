"""A session of the parts that the timeline, the start page and About look at, without a kernel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from tutor.course.progress import ProgressStore
from tutor.session.player import Player
from tutor.session.runs import RunStatus
from tutor.trace.trace import Trace


@dataclass
class Kernel:
    text: str = ""

    def log(self) -> str:
        return self.text


class FakeSession(QObject):
    trace_changed = Signal()
    picture_changed = Signal()
    lesson_changed = Signal()
    document_changed = Signal()

    def __init__(self, folder: Path, trace: Trace | None = None) -> None:
        super().__init__()
        self.trace = trace or Trace()
        self.player = Player(self, clock=lambda: 0.0)
        self.player.set_count(len(self.trace.steps))
        self.progress = ProgressStore(folder / "progress.json")
        self.recent: tuple[Path, ...] = ()
        self.run = RunStatus(phase="ready", torch="2.13.0")
        self.kernel = Kernel()
        self.opened: list[object] = []

    def new_sandbox(self) -> None:
        self.opened.append("sandbox")

    def open_lesson(self, lesson_id: str) -> None:
        self.opened.append(lesson_id)

    def open_path(self, path: Path) -> None:
        self.opened.append(path)
