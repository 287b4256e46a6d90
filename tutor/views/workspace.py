"""The workspace: the graph with the timeline below it, and around them the panes for lesson, code, tensors and output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from tutor.i18n import _
from tutor.session.session import Session
from tutor.views.code_view import CodeView
from tutor.views.graph_view import GraphView
from tutor.views.lesson_view import LessonView
from tutor.views.output_view import OutputView
from tutor.views.tensor_view import TensorView
from tutor.views.timeline_view import TimelineView

Pane = Literal["lesson", "code", "tensors", "output"]
PANES: tuple[Pane, ...] = ("lesson", "code", "tensors", "output")
_AREA = Qt.DockWidgetArea
_AREAS = {
    "lesson": _AREA.LeftDockWidgetArea,
    "code": _AREA.BottomDockWidgetArea,
    "output": _AREA.BottomDockWidgetArea,
    "tensors": _AREA.RightDockWidgetArea,
}
_VERSION = 1
NARROW = 1200
"""Below this width the side panes are narrower."""


class Workspace(QMainWindow):
    """Docks that move, hide, float and come back where they were. A lesson's part says which panes it needs."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self._session = session
        self._chosen: dict[Pane, bool] = {}
        self._fitted = False
        self.graph = GraphView(session, self)
        self.timeline = TimelineView(session, self)
        self.lesson = LessonView(session, self)
        self.code = CodeView(session, self)
        self.tensors = TensorView(session, self)
        self.output = OutputView(session, self)
        self.views = (self.graph, self.timeline, self.lesson, self.code, self.tensors, self.output)
        self.docks: dict[Pane, QDockWidget] = {
            "lesson": self._dock("lesson", self.lesson),
            "code": self._dock("code", self.code),
            "tensors": self._dock("tensors", self.tensors),
            "output": self._dock("output", self.output),
        }
        self._lay_out()
        session.opened.connect(self._on_session_opened)
        session.lesson_changed.connect(self._on_session_lesson_changed)
        self.retranslate()

    def _dock(self, name: Pane, view: QWidget) -> QDockWidget:
        dock = QDockWidget(self)
        dock.setObjectName(name)
        dock.setWidget(view)
        dock.toggleViewAction().triggered.connect(self._on_dock_toggled)
        return dock

    def _lay_out(self) -> None:
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.graph, stretch=1)
        column.addWidget(self.timeline)
        self.setCentralWidget(centre)
        self.setDockNestingEnabled(True)
        self.setCorner(Qt.Corner.BottomRightCorner, _AREA.RightDockWidgetArea)
        self.setCorner(Qt.Corner.BottomLeftCorner, _AREA.LeftDockWidgetArea)
        self._place_docks()

    def _place_docks(self) -> None:
        for name in PANES:
            self.docks[name].setFloating(False)
            self.addDockWidget(_AREAS[name], self.docks[name])
        self.splitDockWidget(self.docks["code"], self.docks["output"], Qt.Orientation.Horizontal)

    # which panes, and where

    def show_panes(self, panes: Iterable[str]) -> None:
        """These and no others, but for those that the person has shown or hidden by hand since the opening."""
        wanted = set(panes)
        for name, dock in self.docks.items():
            dock.setVisible(self._chosen.get(name, name in wanted))

    def arrange(self) -> None:
        """Every pane where it was at first, in sizes that suit the window."""
        self._chosen.clear()
        self._place_docks()
        self._show_panes_of_document()
        self.fit()

    def fit(self) -> None:
        """Sizes for this width and height: the graph keeps the better half."""
        width, height = self.width(), self.height()
        narrow = width < NARROW
        side = {"lesson": 0.27 if narrow else 0.23, "tensors": 0.27 if narrow else 0.25}
        docks, across = self.docks, Qt.Orientation.Horizontal
        self.resizeDocks(
            [docks["lesson"], docks["tensors"]],
            [round(width * side["lesson"]), round(width * side["tensors"])],
            across,
        )
        self.resizeDocks([docks["code"], docks["output"]], [round(width * 0.4), round(width * 0.18)], across)
        self.resizeDocks(
            [docks["code"]], [round(height * (0.36 if narrow else 0.33))], Qt.Orientation.Vertical
        )

    def save(self) -> QByteArray:
        return self.saveState(_VERSION)

    def restore(self, state: QByteArray) -> bool:
        """Whether there was an arrangement to go back to."""
        self._fitted = not state.isEmpty() and self.restoreState(state, _VERSION)
        return self._fitted

    def retranslate(self) -> None:
        titles = {
            "lesson": _("Lesson"),
            "code": _("Code"),
            "tensors": _("Tensors"),
            "output": _("Output"),
        }
        for name, dock in self.docks.items():
            dock.setWindowTitle(titles[name])

    def _show_panes_of_document(self) -> None:
        lesson = self._session.lesson
        if lesson is not None:
            self.show_panes(lesson.parts[self._session.part].panes)
        else:
            self.show_panes(("code", "tensors", "output"))

    def _on_session_opened(self) -> None:
        self._chosen.clear()
        self._show_panes_of_document()

    def _on_session_lesson_changed(self) -> None:
        if self._session.lesson is not None:
            self._show_panes_of_document()

    def _on_dock_toggled(self) -> None:
        """What the person shows or hides stays so while this document is open."""
        for name, dock in self.docks.items():
            if dock.toggleViewAction() is self.sender():
                self._chosen[name] = dock.toggleViewAction().isChecked()

    # Qt's own

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._fitted:
            self._fitted = True
            QTimer.singleShot(0, self.fit)
