"""What is live and how it hangs together: runs bring traces, a trace and the step give the picture. Base of the session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, Signal

from tutor.course.lesson import Lesson
from tutor.course.progress import ProgressStore
from tutor.protocol import RunEnded, RunSettings, Span
from tutor.session import message
from tutor.session.folding import Folds
from tutor.session.lesson_state import LessonState
from tutor.session.pictures import Looked, Pictures
from tutor.session.player import Player
from tutor.session.runs import Kernel, Program, Runs, RunStatus, texts
from tutor.session.selection import Selection, source_cell, step_span
from tutor.session.settings import Settings
from tutor.session.sheet import Sheet
from tutor.source.document import Cell, CellId, Document
from tutor.trace.beats import landed
from tutor.trace.pace import pace_of
from tutor.trace.picture import ItemId, Picture, Structure, whole_of
from tutor.trace.tensors import TensorRow
from tutor.trace.trace import Trace

NEVER_SHOWN = "remove-input"


class Live(QObject):
    """State, and the rules by which one part of it follows from another."""

    document_changed = Signal()
    run_changed = Signal()
    trace_changed = Signal()
    picture_changed = Signal()
    selection_changed = Signal()
    lesson_changed = Signal()
    message = Signal(object)
    reveal = Signal(object)
    """Span: a place of the code that the person asks to be shown."""
    revealed = Signal(object)
    """ItemId: what the person asks to be shown in the graph; the groups around it are open."""
    opened = Signal()
    """Another document took the old one's place."""

    def __init__(
        self,
        kernel: Kernel,
        preferences: Settings,
        *,
        progress: ProgressStore | None = None,
        clock: Callable[[], float] = monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.kernel = kernel
        self.preferences = preferences
        self.player = Player(self, clock=clock)
        self.trace = Trace()
        self.from_recording = False
        self.recording_path: Path | None = None
        """The trace file that is looked at: a run that was recorded elsewhere, and cannot be run from here."""
        self.show_all = False
        self.selection = Selection()
        self.hovered_span: Span | None = None
        self.hovered_group: tuple[Span, ...] = ()
        """All that lies in the group that is pointed at."""
        self.hovered_item: ItemId | None = None
        self.progress = progress or ProgressStore(preferences.folder / "progress.json")
        self._sheet = Sheet(clock=clock)
        self._sheet.settings = preferences.run_settings
        self._lesson = LessonState(self.progress)
        self._runs = Runs(kernel, self)
        self._ran: Program | None = None
        self._coming: Trace | None = None
        self._folds = Folds(), Folds()
        self._pictures = Pictures(self.trace, self._folds)
        self._looked = Looked()
        self._landed = True
        self._rows_before: tuple[TensorRow, ...] = ()
        self._hand_covered: frozenset[str] = frozenset()
        self._follows = True
        self._connect_live()

    def _connect_live(self) -> None:
        self.player.step_changed.connect(self._on_player_step_changed)
        self.player.progress_changed.connect(self._on_player_progress_changed)
        self.player.scrubbed.connect(self._on_player_scrubbed)
        self.player.speed_changed.connect(self._on_player_speed_changed)
        self._runs.changed.connect(self._on_runs_changed)
        self._runs.told.connect(self.message)
        self._runs.began.connect(self._on_runs_began)
        self._runs.grew.connect(self._on_runs_grew)
        self._runs.ended.connect(self._on_runs_ended)

    # the text

    @property
    def document(self) -> Document:
        return self._sheet.document

    @property
    def visible_cells(self) -> tuple[Cell, ...]:
        """The cells to show: all of a document; of a lesson the code that a run of the open part runs."""
        cells = self._program_cells() if self.lesson is not None else self.document.cells
        return tuple(cell for cell in cells if NEVER_SHOWN not in cell.tags)

    @property
    def current_cell(self) -> CellId | None:
        return self._sheet.current_cell

    @property
    def read_only(self) -> bool:
        """Whether the document is a recording's, which is looked at only."""
        return self._sheet.read_only

    @property
    def dirty(self) -> bool:
        """Unsaved changes of a file. The sandbox and a lesson's own text are kept by themselves."""
        return self.document.kind not in ("sandbox", "lesson") and self._sheet.dirty

    @property
    def settings(self) -> RunSettings:
        """Of the next run; of a recording those that it was made with."""
        return self._ran.settings if self.read_only and self._ran is not None else self._sheet.settings

    # the run

    @property
    def run(self) -> RunStatus:
        return self._runs.status

    @property
    def devices(self) -> tuple[str, ...]:
        return self._runs.devices

    @property
    def stale(self) -> bool:
        """Whether the text or its settings differ from what the trace shows."""
        return self._ran is not None and not self.read_only and not self._is_of(self._ran)

    def _is_of(self, ran: Program) -> bool:
        """Whether `ran` is the text as it is now. Of a lesson's recording the parts up to the open one count."""
        now = self._program(ran.target)
        if not self.from_recording:
            return now == ran
        texts = {cell.id: cell.text for cell in ran.cells}
        return all(texts.get(cell.id) == cell.text for cell in now.cells)

    def _program_cells(self) -> tuple[Cell, ...]:
        return self._lesson.cells(self.document) if self.lesson is not None else self.document.code_cells

    def _program(self, target: CellId | None) -> Program:
        """What a run up to `target` would run now; blank cells do not count."""
        cells = self._program_cells()
        places = [place for place, cell in enumerate(cells) if cell.id == target]
        chosen = cells[: places[0] + 1] if places else cells
        filled = [cell for cell in chosen if cell.text.strip()]
        return Program(texts(self.document, filled), target if places else None, self.settings)

    # the picture

    @property
    def structure(self) -> Structure | None:
        """What is drawn: closed groups are blocks in it."""
        return self._looked.structure

    @property
    def whole_structure(self) -> Structure | None:
        """The same with all groups unfolded."""
        return whole_of(self.structure) if self.structure is not None else None

    @property
    def folds(self) -> Folds:
        """Which groups of what is looked at are closed."""
        return self._folds[self.show_all]

    @property
    def picture(self) -> Picture | None:
        return self._looked.picture

    @property
    def rows(self) -> tuple[TensorRow, ...]:
        """The tensors as the graph shows them: while a step is under way, until its numbers have landed, as before it."""
        return self._looked.rows if self._landed else self._rows_before

    @property
    def covered(self) -> frozenset[str]:
        """What is hidden: by the open question, and by hand."""
        return self._lesson.covered | self._hand_covered

    @property
    def current_span(self) -> Span | None:
        return step_span(self.trace, self.player.step)

    def source_cell(self, span: Span) -> CellId | None:
        """The cell that a span lies in; None when its text has changed since, or it is of another file."""
        return source_cell(self.trace, self.document, span)

    # the lesson

    @property
    def lesson(self) -> Lesson | None:
        return self._lesson.lesson

    @property
    def part(self) -> int:
        """The open part's place from 0."""
        return self._lesson.part

    # how traces come in

    def _on_runs_changed(self) -> None:
        device = self._sheet.settings.device
        if self.run.torch is not None and device not in self.devices:
            self._sheet.settings = RunSettings(seed=self._sheet.settings.seed)
            self.message.emit(message.device_missing(device))
        self.run_changed.emit()

    def _on_runs_began(self, trace: Trace) -> None:
        self._coming = trace

    def _on_runs_grew(self) -> None:
        if self._coming is not None and not self._ready_to_show(self._coming):
            return
        if self._coming is not None:
            self._take_trace(self._coming, self._runs.program)
        else:
            self._grow()

    def _on_runs_ended(self, _ended: RunEnded) -> None:
        if self._coming is not None:
            self._take_trace(self._coming, self._runs.program)
        self._pictures.forget()
        self._mark_timeline()
        self._look()

    def _ready_to_show(self, coming: Trace) -> bool:
        """A new run's trace takes the old one's place when it reaches the step that is looked at."""
        wanted = 0 if self._follows else self.player.step
        return len(coming.steps) > max(wanted, 0)

    def _take_trace(self, trace: Trace, ran: Program | None, *, recording: bool = False) -> None:
        self._coming = None
        self.trace, self._ran, self.from_recording = trace, ran, recording
        self._pictures = Pictures(trace, self._folds)
        self.selection = Selection()
        self.hovered_span = self.hovered_item = None
        self.hovered_group = ()
        self._grow()
        self.selection_changed.emit()

    def _grow(self) -> None:
        self._pictures.forget()
        player = self.player
        before = player.step, player.count, player.playing
        blocked = player.blockSignals(True)
        player.set_count(len(self.trace.steps))
        if self._follows:
            player.show(player.count - 1)
        player.blockSignals(blocked)
        self._look()
        self.trace_changed.emit()
        self._tell_player(*before)

    def _tell_player(self, step: int, count: int, playing: bool) -> None:
        """What was held back until the picture was there."""
        player = self.player
        if count != player.count:
            player.count_changed.emit(player.count)
        if playing != player.playing:
            player.playing_changed.emit(player.playing)
        if step != player.step:
            player.step_changed.emit(player.step)

    def _mark_timeline(self) -> None:
        ends = [backward.end_step - 1 for backward in self.trace.backwards if backward.end_step]
        begins = [backward.first_step - 1 for backward in self.trace.backwards]
        stops = self._lesson.stops(self.trace)
        self.player.set_stops(stops)
        self.player.set_marks({*ends, *begins, *stops} - {-1})

    def _look(self) -> None:
        """Works out what is seen at the player's step."""
        drawn = self.structure
        self._looked = self._pictures.at(self.player.step, self.covered, unrolled=self.show_all)
        if self.structure is not drawn or self.player.pace.count != len(self.trace.steps):
            self.player.set_pace(pace_of(self.trace, self.structure))
        self._landed = self._has_landed()
        if not self._landed:
            self._rows_before = self._pictures.rows(self.player.step - 1, self.covered)
        self.picture_changed.emit()

    def _has_landed(self) -> bool:
        return self.picture is None or landed(self.picture.motion, self.player.progress)

    def _on_player_progress_changed(self) -> None:
        if self._landed or not self._has_landed():
            return
        self._landed = True
        if self._rows_before != self._looked.rows:
            self.picture_changed.emit()

    def _on_player_step_changed(self) -> None:
        if self.picture is None or self.picture.step != self.player.step:
            self._look()
        self.selection_changed.emit()

    def _on_player_scrubbed(self) -> None:
        self._follows = False

    def _on_player_speed_changed(self, speed: float) -> None:
        self.preferences.speed = speed
