"""The workspace: the graph with the timeline below it, and around them the panes for lesson, code, tensors and output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QVBoxLayout, QWidget

from tutor.i18n import _
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.views.code_view import CodeView
from tutor.views.graph_view import GraphView
from tutor.views.lesson_view import LessonView
from tutor.views.output_view import OutputView
from tutor.views.pane_sizes import PaneSizes
from tutor.views.tensor_view import TensorView
from tutor.views.timeline_view import TimelineView

Pane = Literal["lesson", "code", "tensors", "output"]
PANES: tuple[Pane, ...] = ("lesson", "code", "tensors", "output")
_ROWS: tuple[tuple[Pane, Pane], ...] = (("lesson", "tensors"), ("code", "output"))
_AREA = Qt.DockWidgetArea
_AREAS = {
    "lesson": _AREA.LeftDockWidgetArea,
    "code": _AREA.BottomDockWidgetArea,
    "output": _AREA.BottomDockWidgetArea,
    "tensors": _AREA.RightDockWidgetArea,
}
_VERSION = 1


class Workspace(QMainWindow):
    """Docks that move, hide, float and come back where they were. A lesson's part says which panes it needs."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self._session = session
        self._chosen: dict[Pane, bool] = {}
        self._sizes = PaneSizes()
        self._placed: frozenset[Pane] = frozenset()
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
        self._leave_focus_to_the_graph()
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

    def _leave_focus_to_the_graph(self) -> None:
        """A button that was clicked does not keep the focus: Space plays, and does not press it again."""
        for button in self.findChildren(QAbstractButton):
            if button.focusPolicy() == Qt.FocusPolicy.StrongFocus:
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _place_docks(self) -> None:
        for name in PANES:
            self.docks[name].setFloating(False)
            self.addDockWidget(_AREAS[name], self.docks[name])
        self.splitDockWidget(self.docks["code"], self.docks["output"], Qt.Orientation.Horizontal)

    # which panes, and where

    def show_panes(self, panes: Iterable[str]) -> None:
        """These and no others, but for those that the person has shown or hidden by hand since the opening."""
        wanted = set(panes)
        self._remember_sizes(self.size())
        for name, dock in self.docks.items():
            dock.setVisible(self._chosen.get(name, name in wanted))
        QTimer.singleShot(0, self.fit)

    def arrange(self) -> None:
        """Every pane where it was at first, in sizes that suit the window."""
        self._chosen.clear()
        self._place_docks()
        self._show_panes_of_document()
        self._sizes.clear()

    def fit(self) -> None:
        """Each pane as large as the person left it; at first in sizes that leave the graph the better half."""
        sizes = {name: self._sizes.size(name, self.size()) for name in PANES}
        for one, other in _ROWS:
            pair, widths = [self.docks[one], self.docks[other]], [sizes[one].width(), sizes[other].width()]
            self.resizeDocks(pair, widths, Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["code"]], [sizes["code"].height()], Qt.Orientation.Vertical)
        self._placed = frozenset(name for name in PANES if self.docks[name].isVisible())

    def _remember_sizes(self, room: QSize) -> None:
        """Of those panes that have had their place on the screen."""
        for name in self._placed:
            if not self.docks[name].isHidden() and not self.docks[name].isFloating():
                self._sizes.remember(name, self.docks[name].size(), room)
        self._placed = frozenset()

    def save(self, settings: Settings) -> None:
        """Where the panes are, and how large each was when it was last seen."""
        self._remember_sizes(self.size())
        settings.set_window("docks", self.saveState(_VERSION))
        for name, share in self._sizes.shares.items():
            settings.set_pane_share(name, share)

    def restore(self, settings: Settings) -> None:
        """Goes back there."""
        self.restoreState(settings.window("docks"), _VERSION)
        for name in PANES:
            if (share := settings.pane_share(name)) is not None:
                self._sizes.shares[name] = share

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
        QTimer.singleShot(0, self.fit)

    def hideEvent(self, event: QHideEvent) -> None:
        self._remember_sizes(self.size())
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._remember_sizes(event.oldSize())
        super().resizeEvent(event)
        QTimer.singleShot(0, self.fit)
