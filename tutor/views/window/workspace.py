"""The workspace: the graph with the timeline below it, and around them the panes for lesson, code, tensors and output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from tutor.i18n import _
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.views.code.view import CodeView
from tutor.views.graph.queue_panel import QueuePanel
from tutor.views.graph.view import GraphView
from tutor.views.lesson.view import LessonView
from tutor.views.output.view import OutputView
from tutor.views.plots.view import PlotsView
from tutor.views.tensors.view import TensorView
from tutor.views.timeline.view import TimelineView
from tutor.views.window.pane_sizes import NARROW, SHARED, PaneSizes
from tutor.views.window.pane_tabs import TABS, PaneTabs

Pane = Literal["lesson", "code", "tensors", "output", "plots"]
PANES: tuple[Pane, ...] = ("lesson", "code", "tensors", "output", "plots")
_ROWS: tuple[tuple[Pane, Pane], ...] = (("lesson", "tensors"), ("code", "output"))
_AREA = Qt.DockWidgetArea
_AREAS = {
    "lesson": _AREA.LeftDockWidgetArea,
    "code": _AREA.BottomDockWidgetArea,
    "output": _AREA.BottomDockWidgetArea,
    "tensors": _AREA.RightDockWidgetArea,
    "plots": _AREA.RightDockWidgetArea,
}
_VERSION = 2
_SEVERAL = 2
"""So many backwards make plots worth their room."""


class Workspace(QMainWindow):
    """Docks that move, hide, float and come back where they were. A lesson's part says which panes it needs.

    In a narrow window those under the graph are tabs, unless the person has moved panes by hand.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self._session = session
        self._chosen: dict[Pane, bool] = {}
        self._sizes = PaneSizes()
        self._placed: dict[Pane, QSize] = {}
        self._moved_by_hand = False
        self._placing = False
        self.graph = GraphView(session, self)
        self.timeline = TimelineView(session, self)
        self.lesson = LessonView(session, self)
        self.code = CodeView(session, self)
        self.tensors = TensorView(session, self)
        self.output = OutputView(session, self)
        self.plots = PlotsView(session, self)
        self.queue = QueuePanel(session, self.graph)
        self.views = (
            self.graph,
            self.timeline,
            self.lesson,
            self.code,
            self.tensors,
            self.output,
            self.plots,
            self.queue,
        )
        self.docks: dict[Pane, QDockWidget] = {
            "lesson": self._dock("lesson", self.lesson),
            "code": self._dock("code", self.code),
            "tensors": self._dock("tensors", self.tensors),
            "output": self._dock("output", self.output),
            "plots": self._dock("plots", self.plots),
        }
        self.tabs = PaneTabs(session, {name: self.docks[name] for name in TABS}, self)
        self._lay_out()
        self._leave_focus_to_the_graph()
        self._connect()
        self.retranslate()

    def _connect(self) -> None:
        self._session.opened.connect(self._on_session_opened)
        self._session.lesson_changed.connect(self._on_session_lesson_changed)
        self._session.trace_changed.connect(self._suit_plots)
        self._session.run_changed.connect(self._suit_plots)
        for view in (self.code, self.tensors, self.output):
            dock = view.parentWidget()
            assert isinstance(dock, QDockWidget)
            dock.visibilityChanged.connect(view.set_seen)
        self.graph.canvas.clicked.connect(self._on_canvas_clicked)
        for dock in self.docks.values():
            dock.toggleViewAction().triggered.connect(self._on_dock_toggled)
            dock.dockLocationChanged.connect(self._on_dock_moved)
            dock.topLevelChanged.connect(self._on_dock_moved)

    def _dock(self, name: Pane, view: QWidget) -> QDockWidget:
        dock = QDockWidget(self)
        dock.setObjectName(name)
        dock.setWidget(view)
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
        self.setTabPosition(_AREA.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setDocumentMode(True)
        self.setDockOptions(
            self.dockOptions() | QMainWindow.DockOption.GroupedDragging
        )  # a tab can be dragged out
        self.setCorner(Qt.Corner.BottomRightCorner, _AREA.RightDockWidgetArea)
        self.setCorner(Qt.Corner.BottomLeftCorner, _AREA.LeftDockWidgetArea)
        self._place_docks()

    def _leave_focus_to_the_graph(self) -> None:
        """A button that was clicked does not keep the focus: Space plays, and does not press it again."""
        for button in self.findChildren(QAbstractButton):
            if button.focusPolicy() == Qt.FocusPolicy.StrongFocus:
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _place_docks(self) -> None:
        """Every pane at its place: side by side, or in a narrow window those under the graph as tabs."""
        narrow = self.width() < NARROW
        self._placing = True
        for name in PANES:
            self.docks[name].setFloating(False)
            self.addDockWidget(
                _AREA.BottomDockWidgetArea if narrow and name in TABS else _AREAS[name], self.docks[name]
            )
        if narrow:
            for name in TABS[1:]:
                self.tabifyDockWidget(self.docks[TABS[0]], self.docks[name])
        else:
            self.splitDockWidget(self.docks["code"], self.docks["output"], Qt.Orientation.Horizontal)
            self.splitDockWidget(self.docks["tensors"], self.docks["plots"], Qt.Orientation.Vertical)
        self._placing = False
        self._sizes.tabbed = narrow
        self._moved_by_hand = False
        self.tabs.set_on(narrow)

    # which panes, and where

    def show_panes(self, panes: Iterable[str]) -> None:
        """These and no others, but for those that the person has shown or hidden by hand since the opening."""
        wanted = set(panes)
        self._remember_sizes()
        for name, dock in self.docks.items():
            dock.setVisible(self._chosen.get(name, name in wanted))
        self.tabs.refresh()
        self.tabs.open(wanted)
        QTimer.singleShot(0, self.fit)

    def arrange(self) -> None:
        """Every pane where it was at first, in sizes that suit the window."""
        self._chosen.clear()
        self._placed = {}
        self._sizes.clear()
        self._place_docks()
        self._show_panes_of_document()

    def _suit_width(self) -> None:
        """After the width has crossed the limit."""
        if not self._moved_by_hand and self._sizes.tabbed != (self.width() < NARROW):
            self._place_docks()
            self._show_panes_of_document()

    def fit(self) -> None:
        """Each pane as large as the person left it; at first in sizes that leave the graph the better half."""
        sizes = {name: self._sizes.size(name, self.size()) for name in PANES}
        if self._sizes.tabbed:
            self.resizeDocks([self.docks["lesson"]], [sizes["lesson"].width()], Qt.Orientation.Horizontal)
            under = self.tabs.shown[:1]
            self.resizeDocks(under, [sizes["code"].height()] * len(under), Qt.Orientation.Vertical)
        else:
            self._fit_side_by_side(sizes)
        QTimer.singleShot(0, self._note_placed)

    def _note_placed(self) -> None:
        """The sizes in which the panes came to stand; those behind another one have none."""
        self._placed = {name: dock.size() for name, dock in self.docks.items() if _is_seen(dock)}

    def _fit_side_by_side(self, sizes: Mapping[Pane, QSize]) -> None:
        for one, other in _ROWS:
            pair, widths = [self.docks[one], self.docks[other]], [sizes[one].width(), sizes[other].width()]
            self.resizeDocks(pair, widths, Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["code"]], [sizes["code"].height()], Qt.Orientation.Vertical)
        if not (self.docks["plots"].isHidden() or self.docks["tensors"].isHidden()):
            self.resizeDocks([self.docks["plots"]], [sizes["plots"].height()], Qt.Orientation.Vertical)

    def _remember_sizes(self) -> None:
        """Of those panes that have had their place on the screen."""
        for name, placed in self._placed.items():
            if _is_seen(self.docks[name]) and not self.docks[name].isFloating():
                self._sizes.remember(name, placed, self.docks[name].size(), self.size())
        self._placed = {}

    def save(self, settings: Settings) -> None:
        """Where the panes are, and how large each was when it was last seen."""
        self._remember_sizes()
        settings.set_window("docks", self.saveState(_VERSION) if self._moved_by_hand else QByteArray())
        for name, share in self._sizes.shares.items():
            settings.set_pane_share(name, share)

    def restore(self, settings: Settings) -> None:
        """Goes back there."""
        if self.restoreState(settings.window("docks"), _VERSION):
            self._moved_by_hand = True
            self._sizes.tabbed = False
            self.tabs.set_on(False)
        for name in SHARED:
            if (share := settings.pane_share(name)) is not None:
                self._sizes.shares[name] = share

    def retranslate(self) -> None:
        self.docks["lesson"].setWindowTitle(_("Lesson"))
        self.tabs.retranslate()

    def _show_panes_of_document(self) -> None:
        lesson = self._session.lesson
        if lesson is not None:
            self.show_panes(lesson.parts[self._session.part].panes)
        else:
            self.show_panes(("code", "tensors", "output", *(("plots",) if self._has_plots else ())))

    @property
    def _has_plots(self) -> bool:
        return len(self._session.trace.backwards) >= _SEVERAL

    def _suit_plots(self) -> None:
        """Shown as soon as there are several backwards, gone after a run with fewer; a lesson's part says for itself."""
        dock = self.docks["plots"]
        settled = self._has_plots or not self._session.run.running
        if self._session.lesson is not None or "plots" in self._chosen or not settled:
            return
        if dock.isHidden() == self._has_plots:
            self._remember_sizes()
            dock.setVisible(self._has_plots)
            self.tabs.refresh()
            QTimer.singleShot(0, self.fit)

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
                dock.raise_()
        self.tabs.refresh()

    def _on_dock_moved(self) -> None:
        """From now on the panes stand where the person puts them, however wide the window is."""
        if not self._placing:
            self._moved_by_hand = True
            self._sizes.tabbed = False
            self.tabs.set_on(False)

    def _on_canvas_clicked(self) -> None:
        """Who points at a tensor wants to read it."""
        if self._session.selection.tensor is not None:
            self.tabs.bring("tensors")

    # Qt's own

    def event(self, event: QEvent) -> bool:
        """A border between two panes that was dragged: these are the sizes that the person wants."""
        done = super().event(event)
        if event.type() == QEvent.Type.MouseButtonRelease and self._placed:
            self._remember_sizes()
            self._note_placed()
        return done

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self.fit)

    def hideEvent(self, event: QHideEvent) -> None:
        self._remember_sizes()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._placed = {}  # the layout has already moved the panes: that is nobody's wish
        super().resizeEvent(event)
        self._suit_width()
        QTimer.singleShot(0, self.fit)


def _is_seen(dock: QDockWidget) -> bool:
    """Also not behind another tab."""
    return not dock.visibleRegion().isEmpty()
