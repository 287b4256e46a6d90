"""The plots' pane: loss and gradient norms backward by backward, growing with the run; a click goes to that backward.

Shows `session.trace` and where `session.player` stands in it. Hidden, it computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.trace.curves import Curves, curves
from tutor.views.plots.legend import CurveLegend
from tutor.views.plots.lines import FEW, Line, loss_lines, norm_lines
from tutor.views.plots.words import empty_text, first_note, more_text, place_text, sampled_text, summary
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session
    from tutor.views.plots.chart import Chart

_GATHER_MS = 60
"""Events that come within this time are drawn in one go."""
_LEAST_CHART = 64
_LEAST_LEGEND, _MOST_LEGEND = 44, 124
"""Pixels: a longer legend is scrolled."""


class PlotsView(QWidget):
    """Two charts over the same axis of backwards, and the words where there is nothing to plot."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._found = Curves()
        self._lines: tuple[tuple[Line, ...], tuple[Line, ...]] = (), ()
        self._covered: frozenset[str] = frozenset()
        self._stale = True
        self._every = False
        self._plots = QWidget(self)
        self.log = QToolButton(self._plots)
        self.more = QToolButton(self._plots)
        self._titles = QLabel(self), QLabel(self)
        self._notes = QLabel(self), QLabel(self)
        self.legends = CurveLegend(self), CurveLegend(self)
        self.charts: tuple[Chart, ...] = ()
        self._places = QWidget(self), QWidget(self)
        self._empty = QLabel(self)
        self._areas = _LegendArea(self.legends[0], self._plots), _LegendArea(self.legends[1], self._plots)
        self._pages = QStackedWidget(self)
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._lay_out()
        self._connect()
        self.retranslate()
        self.apply_theme(LIGHT)

    def _lay_out(self) -> None:
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(24, 8, 24, 8)
        self.log.setCheckable(True)
        self._both = QBoxLayout(QBoxLayout.Direction.TopToBottom, self._plots)
        self._both.setContentsMargins(0, 4, 0, 4)
        self._both.setSpacing(2)
        for at, button in enumerate((self.log, self.more)):
            self._both.addLayout(self._column(at, button), stretch=4 + at)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._plots)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)

    def _column(self, at: int, button: QToolButton) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addLayout(self._heading(at, button))
        column.addWidget(self._places[at], stretch=1)
        QVBoxLayout(self._places[at]).setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._areas[at])
        column.addWidget(self._notes[at])
        self._notes[at].setWordWrap(True)
        self._notes[at].setContentsMargins(10, 0, 10, 0)
        self._places[at].setMinimumHeight(_LEAST_CHART)
        return column

    def _heading(self, at: int, button: QToolButton) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(10, 0, 8, 0)
        row.addWidget(self._titles[at], stretch=1)
        row.addWidget(button)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return row

    def _connect(self) -> None:
        session = self._session
        session.trace_changed.connect(self._on_session_trace_changed)
        session.picture_changed.connect(self._on_session_picture_changed)
        session.run_changed.connect(self._on_session_trace_changed)
        session.player.step_changed.connect(self._show_place)
        self._gather.timeout.connect(self.refresh)
        self.log.toggled.connect(self._draw)
        self.more.clicked.connect(self._on_more_clicked)

    # for the window

    @property
    def empty_words(self) -> str:
        """What is said where there is nothing to plot; "" where there are plots."""
        return self._empty.text() if self._pages.currentWidget() is self._empty else ""

    @property
    def notes(self) -> str:
        """What is said under the charts."""
        return " ".join(note.text() for note in self._notes if not note.isHidden())

    @property
    def description(self) -> str:
        """What is plotted, in words."""
        return self._plots.accessibleDescription()

    def retranslate(self) -> None:
        """All texts anew in the current language."""
        self.setAccessibleName(_("Plots"))
        self._titles[0].setText(_("Loss"))
        self._titles[1].setText(_("Gradient norms"))
        self._titles[1].setToolTip(
            _("‖grad‖ of each parameter just after each backward: √ of its sum of squares")
        )
        self.log.setText(_("log"))
        self.log.setToolTip(_("Logarithmic scale: equal factors are equally far apart"))
        self.log.setAccessibleName(_("Logarithmic scale"))
        self.refresh()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        pixels = max(self.font().pixelSize(), SMALLEST_PIXELS)
        self._empty.setStyleSheet(f"color: {palette.muted}; background: {palette.panel};")
        self._plots.setStyleSheet(
            f"QWidget {{ background: {palette.panel}; }}"
            f"QToolButton {{ color: {palette.muted}; border: 1px solid {palette.faint}; border-radius: 5px;"
            f" padding: 1px 8px; font-size: {max(pixels - 1, SMALLEST_PIXELS)}px; }}"
            f"QToolButton:hover {{ color: {palette.ink}; }}"
            f"QToolButton:checked {{ color: {palette.value_text}; border-color: {palette.value}; }}"
            f"QToolButton:focus {{ border-color: {palette.value}; }}"
        )
        for title in self._titles:
            title.setStyleSheet(f"color: {palette.ink}; font-weight: 600;")
            title.setMinimumHeight(self.log.sizeHint().height())
        for note in self._notes:
            note.setStyleSheet(f"color: {palette.muted};")
        for legend in self.legends:
            legend.apply_theme(palette, pixels - 1)
        for chart in self.charts:
            chart.apply_theme(palette, max(pixels - 2, SMALLEST_PIXELS))
        self._draw()

    # what is drawn

    def refresh(self) -> None:
        """Reads what the run has computed since; while it is hidden, later."""
        self._gather.stop()
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        session = self._session
        self._covered = session.covered
        self._found = curves(session.trace, self._covered)
        words = empty_text(self._found, running=session.run.running)
        self._empty.setText(words)
        if not words:
            self._make_charts()
        self._pages.setCurrentWidget(self._empty if words else self._plots)
        self._draw()

    def _make_charts(self) -> None:
        """When they are first needed: what draws them takes a third of a second to load."""
        if self.charts:
            return
        from tutor.views.plots.chart import Chart

        self.charts = tuple(Chart(self._describe_of(at), self) for at in range(len(self._places)))
        for place, chart in zip(self._places, self.charts, strict=True):
            layout = place.layout()
            assert layout is not None
            layout.addWidget(chart)
            chart.place_asked.connect(self._on_chart_place_asked)
        for chart, legend in zip(self.charts, self.legends, strict=True):
            legend.pointed.connect(chart.light)
        self.apply_theme(self._palette)

    def _describe_of(self, at: int) -> _Describe:
        return _Describe(self, at)

    @property
    def lines(self) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """What is drawn of losses and of norms."""
        return self._lines

    def _draw(self) -> None:
        found = self._found
        norms = norm_lines(found.norms, self._palette, every=self._every)
        self._lines = loss_lines(found.losses, self._palette), norms
        for chart, lines in zip(self.charts, self._lines, strict=False):
            chart.show_lines(lines, found.count, found.gaps, log=self.log.isChecked())
        hidden = len(found.norms) - FEW
        self.more.setVisible(hidden > 0)
        self.more.setText(more_text(hidden, every=self._every))
        for note, text in zip(self._notes, (first_note(found), sampled_text(found)), strict=True):
            note.setText(text)
            note.setVisible(bool(text))
        self._places[0].setVisible(bool(found.losses))
        self._show_place()

    def _show_place(self) -> None:
        """Where the step stands, and what each line is there."""
        if not self.isVisible():
            self._stale = True
            return
        place = self._found.place_of(self._session.player.step)
        for chart in self.charts:
            chart.set_cursor(place)
        for legend, area, lines in zip(self.legends, self._areas, self._lines, strict=True):
            legend.show_lines(lines, place)
            area.suit()
        self._plots.setAccessibleDescription(summary(self._found, *self._lines, place))

    # slots

    def _on_session_trace_changed(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

    def _on_session_picture_changed(self) -> None:
        """Something may be covered or uncovered now."""
        if self._session.covered != self._covered:
            self.refresh()

    def _on_more_clicked(self) -> None:
        self._every = not self._every
        self._draw()

    def _on_chart_place_asked(self, place: float) -> None:
        step = self._found.step_at(place)
        if step is not None and step != self._session.player.step:
            self._session.player.seek(step)

    # Qt's own

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low pane the charts stand side by side."""
        super().resizeEvent(event)
        ways = QBoxLayout.Direction
        wide = event.size().width() > 1.5 * event.size().height()
        self._both.setDirection(ways.LeftToRight if wide else ways.TopToBottom)
        for area in self._areas:
            area.suit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.apply_theme(self._palette)


class _Describe:
    """What one chart says of a place under the pointer."""

    def __init__(self, view: PlotsView, at: int) -> None:
        self._view = view
        self._at = at

    def __call__(self, place: float) -> str:
        return place_text(place, self._view.lines[self._at])


class _LegendArea(QScrollArea):
    """As high as the legend in it, up to a limit."""

    def __init__(self, legend: CurveLegend, parent: QWidget) -> None:
        super().__init__(parent)
        self._legend = legend
        self._pane = parent
        self.setWidget(legend)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def suit(self) -> None:
        most = min(_MOST_LEGEND, max(self._pane.height() // 5, _LEAST_LEGEND))
        height = min(self._legend.heightForWidth(self.viewport().width()), most)
        if height != self.height():
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.suit()
