"""The part of the session that opens and saves: files, the sandbox, lessons with what the learner did in them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, QTimer

from tutor.course.catalogue import lesson_path
from tutor.course.lesson import Lesson
from tutor.course.progress import ProgressStore
from tutor.course.question import Answer, Verdict
from tutor.course.reader import read_lesson
from tutor.i18n import _, language
from tutor.protocol import CellText, RunSettings
from tutor.session.files import Asker, NobodyThere, Opened, open_file, recorded_trace
from tutor.session.live import Live
from tutor.session.message import NOTHING, Message, own_numbers_back
from tutor.session.runs import Kernel, Program
from tutor.session.settings import Settings
from tutor.source.disk import DocumentError
from tutor.source.formats import write_document
from tutor.trace.trace import Trace

_KEEP_MS = 800
"""So long after the last change the sandbox and a lesson's own text are written down."""
_LARGE = 5.0
"""Megabytes from which on a file takes so long to read that this is said first."""
_SAID_MS = 50
"""So long the window has for painting that message."""


class Library(Live):
    """Opens, saves and keeps documents."""

    def __init__(
        self,
        kernel: Kernel,
        preferences: Settings,
        *,
        progress: ProgressStore | None = None,
        clock: Callable[[], float] = monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(kernel, preferences, progress=progress, clock=clock, parent=parent)
        self.asker: Asker = NobodyThere()
        self._recording = Trace()
        self._sheet.open(preferences.read_sandbox())  # what is open from the start is kept as it was left
        self._keeper = QTimer(self, singleShot=True, interval=_KEEP_MS)
        self._keeper.timeout.connect(self.keep)
        self._opening: Path | None = None
        self._reader = QTimer(self, singleShot=True, interval=_SAID_MS)
        self._reader.timeout.connect(self._read_large)

    @property
    def path(self) -> Path | None:
        return self.document.path

    @property
    def recent(self) -> tuple[Path, ...]:
        return self.preferences.recent

    def new_sandbox(self) -> None:
        """The sandbox as it was left."""
        if self.may_leave():
            self._open(Opened(self.preferences.read_sandbox()))

    def open_path(self, path: Path) -> None:
        """A script, notebook, lesson or trace file. A large one is read once it has been said that this takes a while."""
        if not self.may_leave():
            return
        size = _megabytes(path)
        if size < _LARGE:
            self._read(path)
            return
        text = _("Opening {name} ({size:.0f} MB)…").format(name=path.name, size=size)
        self.message.emit(Message("info", text))
        self._opening = path
        self._reader.start()

    def _read_large(self) -> None:
        path, self._opening = self._opening, None
        if path is not None:
            gc.unfreeze()
            self._read(path)
            # A trace is in no circle: the collector need not go through it again and again, while the window stands still.
            gc.freeze()

    def _read(self, path: Path) -> None:
        self._opening = None
        try:
            opened = open_file(path)
        except DocumentError as fault:
            self.message.emit(Message("error", str(fault)))
            return
        self.preferences.add_recent(path)
        self._open(opened)

    def open_lesson(self, lesson_id: str) -> None:
        """A lesson that ships, in the window's language, at the part where the learner left it."""
        if self.may_leave():
            self._open_lesson(lesson_id)

    def save(self) -> bool:
        """Whether it is saved. Asks for a place where there is none yet."""
        path = self.document.path
        if path is None or self.read_only or self.document.kind == "lesson":
            path = self.asker.save_path(self.document)
        return path is not None and self.save_as(path)

    def save_as(self, path: Path) -> bool:
        try:
            write_document(self.document, path)
        except DocumentError as fault:
            self.message.emit(Message("error", str(fault)))
            return False
        self.preferences.add_recent(path)
        if self.document.kind == "sandbox":
            self._open(open_file(path))
        elif self.document.kind != "lesson" and not self.read_only:
            self._sheet.mark_saved(path)
        self.message.emit(Message("info", _("Saved as {path}.").format(path=path)))
        self.document_changed.emit()
        return True

    def may_leave(self) -> bool:
        """Keeps what keeps itself, and asks about unsaved changes. False when the person would rather stay."""
        self.keep()
        if not self.dirty:
            return True
        match self.asker.leave(self.document):
            case "save":
                return self.save()
            case "discard":
                return True
            case "cancel":
                return False

    def keep(self) -> None:
        """Writes down the sandbox, or the learner's own text of a lesson."""
        self._keeper.stop()
        self._lesson.keep_code(self.document)
        if self.document.kind == "sandbox":
            try:
                self.preferences.write_sandbox(self.document)
            except DocumentError as fault:
                self.message.emit(Message("error", str(fault)))

    def language_changed(self) -> None:
        """An open lesson goes on in the other language: same part, same step, own text; a run on its way goes on too."""
        if (lesson := self.lesson) is None:
            return
        self.keep()
        try:
            other = read_lesson(lesson.path.with_name(f"{language()}.md"))
        except DocumentError:
            return
        step = self.player.step
        self._sheet.open(self._lesson.open(other))
        self._recording = recorded_trace(other)
        self.document_changed.emit()
        if self.from_recording:
            self._show_part()
            self.player.show(step)
        self.lesson_changed.emit()
        self.trace_changed.emit()

    def go_to_part(self, part: int) -> None:
        """Shows the part: its recording, or where the learner has changed the code, a run of it."""
        if not self._lesson.go_to(part):
            return
        self._hand_covered = frozenset()
        restored = self._restore_given()
        self.document_changed.emit()
        self._show_part()
        self.lesson_changed.emit()
        if restored:
            self.message.emit(own_numbers_back())

    def _restore_given(self) -> bool:
        """An open question is about the lesson's own numbers; what the learner made of them comes back with Undo."""
        changed = self._lesson.changed_given(self.document)
        for cell in changed:
            self._sheet.rewrite(cell.id, cell.text, merge="given")
        return bool(changed)

    def answer(self, question_id: str, answer: Answer) -> Verdict:
        """Judges the answer and keeps it; a settled question uncovers what it covered, and the answer is seen arriving."""
        hidden = self._lesson.covered
        verdict = self._lesson.answer(question_id, answer)
        self.lesson_changed.emit()
        self._look()
        self.trace_changed.emit()
        if hidden and not self._lesson.covered:
            self._play_answer()
        return verdict

    def _play_answer(self) -> None:
        """The part's backward, from where the player stands; again from its beginning when it is already over."""
        begin = self._lesson.answer_begins(self.trace)
        if begin is None or self.stale or self.run.running:
            return
        if self.player.step >= self.player.count - 1:
            self.player.seek(begin - 1)
        self.player.play()

    def answer_to(self, question_id: str) -> Answer | None:
        """The answer that stands."""
        return self._lesson.answer_to(question_id)

    def reset_exercise(self, question_id: str) -> None:
        """The question is open again, and covers what it covered."""
        self._lesson.reset_exercise(question_id)
        self.lesson_changed.emit()
        self._look()
        self.trace_changed.emit()

    def reset_lesson(self) -> None:
        """The lesson as on the first day, its own code too; it can be taken back."""
        if (lesson := self.lesson) is None:
            return
        self.keep()
        self.progress.reset_lesson(lesson.id)
        self._open_again(lesson)
        back = (_("Bring back what was there"), self._take_back_reset)
        self.message.emit(Message("info", _("The lesson starts again."), back))

    def _take_back_reset(self) -> None:
        if (lesson := self.lesson) is not None:
            self._keeper.stop()
            self.progress.take_back_reset(lesson.id)
            self._open_again(lesson)

    def _open_again(self, lesson: Lesson) -> None:
        """The lesson as its file and the learner's progress have it."""
        self._take_trace(Trace(), None)
        self._open(Opened(lesson.document, lesson=lesson))

    # how something is opened

    def _open_lesson(self, lesson_id: str) -> None:
        try:
            lesson = read_lesson(lesson_path(lesson_id, language()))
        except (DocumentError, KeyError) as fault:
            self.message.emit(Message("error", str(fault)))
            return
        self._open(Opened(lesson.document, lesson=lesson))

    def _open(self, opened: Opened) -> None:
        """Takes the place of what was open; its run, if any, is stopped."""
        self._opening = None
        self._runs.abandon()
        document, trace = opened.document, opened.trace
        if opened.lesson is None:
            self._lesson.close()
        else:
            document = self._lesson.open(opened.lesson)
            self._lesson.go_to(self._lesson.part)
            self._recording = recorded_trace(opened.lesson)
        self._sheet.open(document, read_only=trace is not None)
        self.recording_path = opened.recording
        self._hand_covered = frozenset()
        for folds in self._folds:
            folds.reset()
        self.message.emit(NOTHING)
        self.document_changed.emit()
        if opened.lesson is None:
            self._show_recording(trace)
        else:
            self._show_part()
        self.lesson_changed.emit()
        self.opened.emit()

    def _show_recording(self, trace: Trace | None) -> None:
        """A trace file's trace, at its end; without one, nothing has run yet."""
        self._follows = True
        self._take_trace(trace or Trace(), _recorded(trace), recording=trace is not None)
        self._mark_timeline()
        self.run_changed.emit()

    def _show_part(self) -> None:
        """What the open part speaks of: the live run if it is one of this text, else the recording, else a new run."""
        if self._ran is not None and not self.from_recording and self._is_of(self._ran):
            self._follows = True
            self._grow()
        elif self._fits(self._recording):
            self._follows = False
            shown = self._lesson.part_of(self._recording)
            self._take_trace(shown, _recorded(shown), recording=True)
            self.player.show(self._lesson.entry(self.trace))
        else:
            self._take_trace(Trace(), None)
            self._follows = True
            self._runs.run(self._program(None), self.document.path)
        self._mark_timeline()

    def _fits(self, recording: Trace) -> bool:
        """Whether the recording is of the code as it stands."""
        texts = {row.cell: row.text for row in recording.sources}
        return bool(texts) and all(texts.get(cell.id) == cell.text for cell in self._program(None).cells)


def _megabytes(path: Path) -> float:
    """The file's size; 0 where there is none to be read."""
    try:
        return path.stat().st_size / 1e6
    except OSError:
        return 0.0


def _recorded(trace: Trace | None) -> Program | None:
    """What a recorded trace ran."""
    if trace is None:
        return None
    cells = tuple(CellText(row.cell, row.text) for row in trace.sources)
    where = trace.environment
    settings = RunSettings(device=where.device, seed=where.seed) if where is not None else RunSettings()
    return Program(cells, None, settings)
