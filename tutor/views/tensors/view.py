"""The tensor panel: every named tensor alive at the step, and the selected one in full below or beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.protocol import TensorId
from tutor.views.fonts import mono
from tutor.views.group_words import chosen_group, group_tip
from tutor.views.stale_banner import StaleBanner
from tutor.views.tensors.detail import TensorDetail
from tutor.views.tensors.model import Column, TensorModel
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session


_ROOM_FOR_GRAD = 150
"""Where `.grad` has less, the type and then the shape are left out: they stand below, at the tensor in hand."""

_LOW = 260
_WIDE = 640
"""A pane that is low and wide has the tensor in hand beside the table, not below it."""


class TensorView(QWidget):
    """Its selection is the session's; after another run the tensor of the same name is selected again."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._trace = session.trace
        self._name: str | None = None
        self._wanted: str | None = None
        """A name that was selected before another run, and is not there yet."""
        self._pushing = False
        self._moved = False
        self._seen = True
        self._fitted: tuple[int, ...] = ()
        self._banner = StaleBanner(session, self)
        self._empty = QLabel(self)
        self._split = _Split(Qt.Orientation.Vertical, self)
        self._table = _TensorTable(self._split)
        self._model = TensorModel(session.set_requires_grad, self)
        self._room = QScrollArea(self._split)
        self.detail = TensorDetail(session, self._room)
        self._group = QLabel(self)
        self._pages = QStackedWidget(self)
        self._lay_out()
        self._connect()
        self.retranslate()
        self._on_session_picture_changed()

    def _lay_out(self) -> None:
        self._table.setModel(self._model)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(24, 8, 24, 8)
        self._group.setWordWrap(True)
        self._group.setContentsMargins(12, 6, 12, 8)
        self._group.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._room.setWidget(self.detail)
        self._room.setWidgetResizable(True)
        self._room.setFrameShape(QFrame.Shape.NoFrame)
        self._split.addWidget(self._table)
        self._split.addWidget(self._room)
        self._split.setChildrenCollapsible(False)
        self._split.setStretchFactor(0, 1)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._split)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._banner)
        whole.addWidget(self._pages, 1)
        whole.addWidget(self._group)

    def _connect(self) -> None:
        self._session.picture_changed.connect(self._on_session_picture_changed)
        self._session.trace_changed.connect(self._on_session_trace_changed)
        self._session.selection_changed.connect(self._on_session_selection_changed)
        self._session.document_changed.connect(self._show_detail)
        self._split.resized.connect(self._on_split_resized)
        self._split.splitterMoved.connect(self._on_split_moved)
        self._table.selectionModel().selectionChanged.connect(self._on_table_selection_changed)

    # for the window

    @property
    def table(self) -> QTableView:
        return self._table

    @property
    def banner(self) -> StaleBanner:
        return self._banner

    @property
    def model(self) -> TensorModel:
        return self._model

    @property
    def empty_text(self) -> str:
        """The words that stand in place of the table; empty where there are tensors."""
        return self._empty.text() if self._pages.currentWidget() is self._empty else ""

    def set_seen(self, on: bool) -> None:
        """Off while the pane is hidden or behind another one: then only the rows are kept up to date."""
        self._seen = on
        self._suit_rows()
        self._show_detail()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self._empty.setStyleSheet(f"color: {palette.muted};")
        for part in (self._banner, self._model, self.detail):
            part.apply_theme(palette)

    def set_text_size(self, pixels: float) -> None:
        """The size of the letters."""
        self._model.set_font(mono(pixels - 1))
        self.detail.set_number_font(mono(pixels))
        self._fitted = ()
        self._suit_rows()

    def retranslate(self) -> None:
        self.setAccessibleName(_("Tensors"))
        for part in (self._banner, self._model, self.detail):
            part.retranslate()
        self._fitted = ()
        self._suit_rows()
        self._show_page()

    # what is pushed in

    def _on_session_picture_changed(self) -> None:
        if self._session.trace is not self._trace:
            self._trace, self._wanted = self._session.trace, self._name
        self._pushing = True
        self._model.set_read_only(self._session.read_only)
        self._model.show_rows(self._session.rows)
        self._pushing = False
        self._suit_rows()
        self._on_session_selection_changed()
        self._show_page()
        self._share_room()

    def _suit_rows(self) -> None:
        """The columns' widths, where the longest text of one has another length."""
        if self._seen and (lengths := self._model.lengths()) != self._fitted:
            self._fitted = lengths
            self._table.fit()

    def _on_session_trace_changed(self) -> None:
        self._show_detail()
        self._show_page()

    def _on_session_selection_changed(self) -> None:
        """Selects what the session has selected; after another run the same name, as soon as it is there."""
        selection = self._session.selection
        if selection.tensor is None and selection.item is None and self._wanted is not None:
            tensor = next((row.tensor for row in self._model.rows if row.name == self._wanted), None)
            if tensor is not None:
                self._session.select_tensor(tensor)
                return
        else:
            self._wanted = None
        self._push_selection(selection.tensor)
        self._show_detail()

    def _push_selection(self, tensor: TensorId | None) -> None:
        row = self._model.row_of(tensor)
        self._pushing = True
        if row is None:
            self._table.clearSelection()
        elif not self._table.selectionModel().isRowSelected(row):
            rows = QItemSelectionModel.SelectionFlag.Rows | QItemSelectionModel.SelectionFlag.ClearAndSelect
            self._table.selectionModel().setCurrentIndex(self._model.index(row, 0), rows)
            self._table.scrollTo(self._model.index(row, 0))
        self._pushing = False

    def _show_detail(self) -> None:
        if not self._seen:
            return
        place = self._model.row_of(self._session.selection.tensor)
        row = self._model.rows[place] if place is not None else None
        if row is not None:
            self._name = row.name
        elif self._session.selection.tensor is None:
            self._name = self._wanted
        self.detail.show_row(row)
        group = chosen_group(self._session)
        self._group.setText("" if group is None else group_tip(*group))
        self._group.setVisible(group is not None)
        if self._room.isHidden() == (row is not None):
            self._room.setVisible(row is not None)
            self._share_room()

    def _on_split_resized(self) -> None:
        beside = self._split.height() < _LOW and self._split.width() >= _WIDE
        orientation = Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical
        if orientation != self._split.orientation():
            self._split.setOrientation(orientation)
            self._moved = False
        self._share_room()

    def _share_room(self) -> None:
        """To the table what its rows need, at most three fifths; the rest to the tensor in hand. A hand's choice stays."""
        if self._split.orientation() == Qt.Orientation.Horizontal:
            width = self._split.width()
            if not self._moved:
                self._split.setSizes([width * 3 // 5, width - width * 3 // 5])
            return
        height = self._split.height()
        if not self._moved and height > 0 and not self._room.isHidden():
            top = min(self._table.height_needed(), height * 3 // 5)
            self._split.setSizes([top, height - top])

    def _on_split_moved(self) -> None:
        self._moved = True

    def _show_page(self) -> None:
        self._pages.setCurrentWidget(self._split if self._model.rows else self._empty)
        if self._session.trace.steps:
            text = _("No named tensor exists at this step yet.")
        elif self._session.trace.sources:
            text = _("This program ran, but it made no tensor.")
        else:
            text = _("Nothing has run yet. The tensors of the program appear here.")
        self._empty.setText(text)

    # what the hands do

    def _on_table_selection_changed(self) -> None:
        if self._pushing:
            return
        chosen = self._table.selectionModel().selectedRows()
        tensor = self._model.rows[chosen[0].row()].tensor if chosen else None
        self._session.select_tensor(tensor)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.font().pixelSize() > 0:
            self.set_text_size(self.font().pixelSize())

    def sizeHint(self) -> QSize:
        return QSize(420, 320)


class _Split(QSplitter):
    """Tells when it has another size."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class _TensorTable(QTableView):
    """Whole rows are chosen; columns are as wide as their text, `.grad` takes what is left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setStyleSheet("QHeaderView::section { padding: 4px 3px; }")
        self.verticalHeader().setMinimumSectionSize(20)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setResizeContentsPrecision(0)
        self.horizontalHeader().setMinimumSectionSize(30)

    def fit(self) -> None:
        """Columns to their text; `.grad` takes what is left, so that it is seen without scrolling."""
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 9)
        for column in (Column.DTYPE, Column.SHAPE):
            self.setColumnHidden(column, False)
        for column in Column:
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(self.columnWidth(column) + 4, 240))
        wanted = min(self.columnWidth(Column.GRAD), _ROOM_FOR_GRAD)
        for column in (Column.DTYPE, Column.SHAPE):
            self.setColumnHidden(column, self._room_for_grad() < wanted)
        room = max(self._room_for_grad(), 70)
        self.setColumnWidth(Column.GRAD, min(self.columnWidth(Column.GRAD), room))

    def _room_for_grad(self) -> int:
        before = sum(self.columnWidth(column) for column in Column if column < Column.GRAD)
        return self.viewport().width() - before

    def height_needed(self) -> int:
        """The height at which every row is seen."""
        rows = self.model().rowCount() * self.verticalHeader().defaultSectionSize()
        header, bar = self.horizontalHeader(), self.horizontalScrollBar().sizeHint().height()
        return max(header.height(), header.sizeHint().height()) + rows + bar + 4

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy takes the whole row; Space ticks `requires_grad`."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        elif event.key() == Qt.Key.Key_Space:
            self._tick(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _copy(self) -> None:
        row = self.currentIndex().row()
        if row >= 0:
            texts = [str(self.model().index(row, column).data() or "") for column in Column]
            QGuiApplication.clipboard().setText("\t".join(texts))

    def _tick(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        box = index.siblingAtColumn(Column.REQUIRES_GRAD)
        is_on = box.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        state = Qt.CheckState.Unchecked if is_on else Qt.CheckState.Checked
        self.model().setData(box, state, Qt.ItemDataRole.CheckStateRole)
