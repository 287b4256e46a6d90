"""The lesson's pane: where one is in the lesson, the part's text, its number to drag, its question, the way on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tutor.course.catalogue import lessons
from tutor.course.lesson import Lesson, LessonEntry, Part
from tutor.i18n import _, language
from tutor.protocol import TensorId
from tutor.source.disk import DocumentError
from tutor.trace.trace import Trace
from tutor.views.fonts import Weight, sans
from tutor.views.lesson.drag_number import DragNumber
from tutor.views.lesson.part_dots import PartDots
from tutor.views.lesson.question import QuestionView
from tutor.views.prose.view import Prose
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette, icon

if TYPE_CHECKING:
    from tutor.session.session import Session

_DRAG_MS = 40
"""A drag changes the code at most so often."""
_MARGIN = 20
CLOSING = "\n***\n"
"""In a part's text: what stands below comes under the number to drag, and under the question once it is settled."""


class LessonView(QWidget):
    """Shows the session's open lesson, one part at a time."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._palette = LIGHT
        self._shown: tuple[str, str, int] | None = None
        self._next_lesson: LessonEntry | None = None
        self.drag_timer = QTimer(self, singleShot=True, interval=_DRAG_MS)
        self._make_header()
        self._make_body()
        self._make_footer()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _make_header(self) -> None:
        self.title = QLabel(self)
        self.title.setWordWrap(True)
        self.dots = PartDots(self)
        self.parts_button = QToolButton(self)
        self.parts_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.parts_menu = QMenu(self)
        self.parts_button.setMenu(self.parts_menu)

    def _make_body(self) -> None:
        self.room = QScrollArea(self)
        self.room.setWidgetResizable(True)
        self.room.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body = QWidget()
        self.body.setObjectName("lesson-body")
        self.heading = QLabel(self.body)
        self.heading.setWordWrap(True)
        self.prose = Prose(self.body)
        self.number = DragNumber(self.body)
        self.run_button = QPushButton(self.body)
        self.closing = Prose(self.body)
        self.question = QuestionView(self._session, self.body)
        self.room.setWidget(self.body)

    def _make_footer(self) -> None:
        self.footer = QFrame(self)
        self.footer.setObjectName("lesson-footer")
        self.previous_button = QPushButton(self.footer)
        self.next_button = QPushButton(self.footer)
        self.next_button.setProperty("primary", True)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.addWidget(self.dots)
        below.addStretch(1)
        below.addWidget(self.parts_button)
        body = QVBoxLayout(self.body)
        body.setContentsMargins(_MARGIN, 4, _MARGIN, _MARGIN)
        body.setSpacing(12)
        for widget in (self.heading, self.prose, self.number, self.question, self.run_button, self.closing):
            body.addWidget(widget)
        body.addStretch(1)
        body.setAlignment(self.run_button, Qt.AlignmentFlag.AlignLeft)
        way = QHBoxLayout(self.footer)
        way.setContentsMargins(_MARGIN, 10, _MARGIN, 10)
        way.addWidget(self.previous_button)
        way.addStretch(1)
        way.addWidget(self.next_button)
        top = QVBoxLayout()
        top.setContentsMargins(_MARGIN, 12, _MARGIN, 6)
        top.setSpacing(4)
        top.addWidget(self.title)
        top.addLayout(below)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.room, 1)
        layout.addWidget(self.footer)

    def _connect(self) -> None:
        session = self._session
        session.lesson_changed.connect(self.refresh)
        session.document_changed.connect(self.refresh)
        session.run_changed.connect(self._refresh_run)
        session.trace_changed.connect(self._on_session_trace_changed)
        self.dots.chosen.connect(session.go_to_part)
        self.prose.part_asked.connect(session.go_to_part)
        self.closing.part_asked.connect(session.go_to_part)
        self.question.answered.connect(self._on_question_answered)
        self.parts_menu.triggered.connect(self._on_parts_menu_triggered)
        self.previous_button.clicked.connect(self._on_previous_clicked)
        self.next_button.clicked.connect(self._on_next_clicked)
        self.run_button.clicked.connect(self._on_run_clicked)
        self.number.dragged.connect(self._on_number_dragged)
        self.drag_timer.timeout.connect(self._on_drag_timer_timeout)
        for keys, do in (("Alt+Left", self._on_previous_clicked), ("Alt+Right", self._on_next_clicked)):
            QShortcut(QKeySequence(keys), self).activated.connect(do)

    # what the main window calls

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        ground = f"background: {palette.panel};"
        self.setStyleSheet(f"LessonView, QScrollArea, #lesson-body {{ {ground} }}")
        self.footer.setStyleSheet(
            f"QFrame#lesson-footer {{ {ground} border: none; border-top: 1px solid {palette.window}; }}"
        )
        self.run_button.setIcon(icon("play", palette))
        for view in (self.prose, self.closing, self.number, self.question, self.dots):
            view.apply_theme(palette)
        self._set_sizes()

    def retranslate(self) -> None:
        self.previous_button.setText(_("Previous"))
        self.previous_button.setToolTip(_("The part before (Alt+←)"))
        self.next_button.setToolTip(_("The part behind (Alt+→)"))
        self.run_button.setText(_("Run this part"))
        self.question.retranslate()
        self.number.retranslate()
        self._shown = None
        self.refresh()

    # showing

    def refresh(self) -> None:
        lesson = self._session.lesson
        self.setEnabled(lesson is not None)
        if lesson is None:
            return
        part = lesson.parts[self._session.part]
        self._refresh_header(lesson)
        shown = (lesson.id, lesson.language, self._session.part)
        if shown != self._shown:
            self._shown = shown
            self._show_part(lesson, part)
        self.question.show_question(part.question)
        self.closing.setVisible(bool(self.closing.markdown) and self.question.allows_closing)
        self._refresh_run()
        self._refresh_number()

    def _refresh_header(self, lesson: Lesson) -> None:
        place, count = self._session.part, len(lesson.parts)
        reached = self._session.progress.lesson(lesson.id).reached
        self.title.setText(_("Lesson {number} · {title}").format(number=lesson.number, title=lesson.title))
        self.parts_button.setText(_("Part {part} of {count}").format(part=place + 1, count=count) + "  ▾")
        self.dots.show_parts(tuple(part.title for part in lesson.parts), part=place, reached=reached)

    def _show_part(self, lesson: Lesson, part: Part) -> None:
        self.heading.setText(part.title)
        opening, __, closing = part.markdown.partition(CLOSING)
        self.prose.set_markdown(opening)
        self.prose.setVisible(bool(opening.strip()))
        self.closing.set_markdown(closing.strip())
        self._fill_menu(lesson)
        self._show_way_on(lesson)
        self.room.verticalScrollBar().setValue(0)

    def _fill_menu(self, lesson: Lesson) -> None:
        self.parts_menu.clear()
        for place, part in enumerate(lesson.parts):
            action = self.parts_menu.addAction(f"{place + 1}.  {part.title}")
            action.setData(place)
            action.setCheckable(True)
            action.setChecked(place == self._session.part)
        self.parts_menu.addSeparator()
        self._restart_action = self.parts_menu.addAction(_("Start this lesson again"))
        self._restart_action.setToolTip(_("First part, the lesson’s own code, every question open"))

    def _show_way_on(self, lesson: Lesson) -> None:
        place = self._session.part
        self.previous_button.setEnabled(place > 0)
        is_last = place == len(lesson.parts) - 1
        self._next_lesson = _lesson_after(lesson) if is_last else None
        self.next_button.setText(_("Next lesson") if is_last else _("Next"))
        self.next_button.setVisible(not is_last or self._next_lesson is not None)
        if self._next_lesson is not None:
            self.next_button.setToolTip(self._next_lesson.title)

    def _refresh_run(self) -> None:
        lesson = self._session.lesson
        if lesson is None:
            return
        part = lesson.parts[self._session.part]
        wants = bool(part.code_cells) and "code" in part.panes
        self.run_button.setVisible(wants and (self._session.stale or self._session.from_recording))
        self.run_button.setEnabled(not self._session.run.running)

    def _refresh_number(self) -> None:
        lesson = self._session.lesson
        name = lesson.parts[self._session.part].drag if lesson is not None else None
        found = _named_number(self._session.trace, name) if name is not None else None
        self.number.setVisible(found is not None)
        if name is not None and found is not None and not self.drag_timer.isActive():
            self.number.show_number(name, found[1])

    def _set_sizes(self) -> None:
        pixels = max(self.font().pixelSize(), SMALLEST_PIXELS)
        self.title.setFont(sans(pixels, Weight.DemiBold))
        self.title.setStyleSheet(f"color: {self._palette.muted};")
        self.heading.setFont(sans(round(pixels * 1.62), Weight.DemiBold))
        self.heading.setStyleSheet(f"color: {self._palette.ink};")
        self.question.set_text_size()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._set_sizes()

    # what the hands do

    def _on_session_trace_changed(self) -> None:
        self._refresh_run()
        self._refresh_number()

    def _on_question_answered(self) -> None:
        """The verdict is what one wants to see now."""
        QApplication.sendPostedEvents(self.body, QEvent.Type.LayoutRequest.value)
        self.body.adjustSize()
        self.room.ensureWidgetVisible(self.question.verdict, 0, 60)

    def _on_parts_menu_triggered(self, action: QAction) -> None:
        if action is self._restart_action:
            self._session.reset_lesson()
        else:
            self._session.go_to_part(int(action.data()))

    def _on_previous_clicked(self) -> None:
        if self._session.lesson is not None and self._session.part > 0:
            self._session.go_to_part(self._session.part - 1)

    def _on_next_clicked(self) -> None:
        lesson = self._session.lesson
        if lesson is None:
            return
        if self._session.part + 1 < len(lesson.parts):
            self._session.go_to_part(self._session.part + 1)
        elif self._next_lesson is not None:
            self._session.open_lesson(self._next_lesson.id)

    def _on_run_clicked(self) -> None:
        lesson = self._session.lesson
        if lesson is not None:
            self._session.run_to(lesson.cells_up_to(self._session.part)[-1])

    def _on_number_dragged(self, _value: float) -> None:
        if not self.drag_timer.isActive():
            self.drag_timer.start()

    def _on_drag_timer_timeout(self) -> None:
        """Puts the number into the program, once what the last one set off is done."""
        if self._session.run.running or self._session.run.queued:
            self.drag_timer.start()
            return
        lesson = self._session.lesson
        name = lesson.parts[self._session.part].drag if lesson is not None else None
        found = _named_number(self._session.trace, name) if name is not None else None
        if found is not None:
            self._session.set_value(found[0], self.number.value)


def _named_number(trace: Trace, name: str) -> tuple[TensorId, float] | None:
    """The first tensor of this name, and its one number as it was born."""
    named = [(one.step, one.tensor) for one in trace.names if one.name == name]
    named += [(tensor.step, tensor.id) for tensor in trace.tensors if tensor.name == name]
    for __, tensor in sorted(named):
        values = [value.value for value in trace.values if value.tensor == tensor]
        if values and isinstance(values[0], int | float):
            return tensor, float(values[0])
    return None


def _lesson_after(lesson: Lesson) -> LessonEntry | None:
    try:
        behind = [entry for entry in lessons(language()) if entry.number > lesson.number]
    except DocumentError:
        return None
    return behind[0] if behind else None
