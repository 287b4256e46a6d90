"""*Why this node now?*: a small panel over the graph with the engine's ready queue at the step. Q, or the canvas's menu."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.insight.queue_text import QueueText, Row, queue_text
from tutor.protocol import NodeId
from tutor.trace.picture import ItemId, whole_of
from tutor.trace.ready_queue import ready_queue
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.items import GraphItem
from tutor.views.graph.places import area
from tutor.views.graph.view import GraphView
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette, icon

if TYPE_CHECKING:
    from tutor.session.session import Session

_MARGIN = 12
_WIDEST = 400
_SIGNS = {"runs": "▶", "ready": "○", "waits": "…"}


class QueuePanel(QFrame):
    """Follows the step while it is open. A click on a node of the list selects it in the picture."""

    def __init__(self, session: Session, graph: GraphView) -> None:
        super().__init__(graph.canvas)
        self._session = session
        self._graph = graph
        self._palette = LIGHT
        self._shown: QueueText | None = None
        self.title, self.why, self.rule, self.more = (QLabel(self) for _label in range(4))
        self.asked = QLabel(self)
        self.close_button = QToolButton(self)
        self._list = QWidget(self)
        self._rows: list[QWidget] = []
        self._lay_out()
        self._connect()
        self.retranslate()
        self.apply_theme(LIGHT)
        self.hide()

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.addWidget(self.title, 1)
        heading.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._grid = QGridLayout(self._list)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 10, 12)
        column.setSpacing(4)
        column.addLayout(heading)
        for part in (self.why, self._list, self.more, self.asked, self.rule):
            column.addWidget(part)
        for label in (self.title, self.why, self.more, self.asked, self.rule):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.close_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def _connect(self) -> None:
        canvas, closer = self._graph.canvas, self._graph.closer
        self._add_before = closer.add_to_menu
        closer.add_to_menu = self.add_to_menu
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_Q), canvas, self.toggle)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.hide)
        leave.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        canvas.installEventFilter(self)
        self.close_button.clicked.connect(self.hide)
        for signal in (self._session.picture_changed, self._session.selection_changed):
            signal.connect(self._on_session_changed)

    # for the window

    def toggle(self) -> None:
        if self.isVisible():
            self.hide()
        else:
            self.open()

    def open(self) -> None:
        self.show()
        self.raise_()
        self._refresh()

    def add_to_menu(self, menu: QMenu, item: GraphItem | None, place: QPointF) -> None:
        """While a backward is under way its queue can be asked for, and on a node how that one stands."""
        if ready_queue(self._session.trace, self._session.player.step) is not None:
            asked = item.circle.id if isinstance(item, CircleItem) and item.circle.tabs else None
            menu.addAction(_("Why this node now?"), partial(self._ask, asked))
        self._add_before(menu, item, place)

    def _ask(self, item: ItemId | None) -> None:
        if item is not None:
            self._session.select_item(item)
        self.open()

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is read in it, line by line."""
        lines = [" ".join(part for part in (row.name, row.order, row.note) if part) for row in self.rows]
        labels = (self.title, self.why, self.more, self.asked, self.rule)
        said = [label.text() for label in labels if not label.isHidden()]
        return (*said[:2], *lines, *said[2:])

    @property
    def rows(self) -> tuple[Row, ...]:
        return self._shown.rows if self._shown is not None else ()

    def retranslate(self) -> None:
        self.setAccessibleName(_("The engine's ready queue"))
        self.close_button.setToolTip(_("Close") + " (Q)")
        self.close_button.setAccessibleName(_("Close"))
        self._shown = None
        self._refresh()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        pixels = max(self._graph.font().pixelSize(), SMALLEST_PIXELS)
        self.setStyleSheet(
            f"QueuePanel {{ background: {palette.panel}; border: 1px solid {palette.gradient}; border-radius: 8px; }}"
            f"QLabel {{ color: {palette.ink}; background: transparent; font-size: {pixels}px; }}"
            f"QLabel[role=muted] {{ color: {palette.muted}; }}"
            f"QPushButton {{ color: {palette.ink}; background: transparent; border: none; padding: 1px 4px;"
            f" text-align: left; font-size: {pixels}px; }}"
            f"QPushButton[role=runs] {{ color: {palette.gradient_text}; font-weight: 600; }}"
            f"QPushButton[role=waits] {{ color: {palette.muted}; }}"
            f"QPushButton:hover {{ color: {palette.value_text}; }}"
        )
        self.title.setStyleSheet(f"color: {palette.gradient_text}; font-weight: 600;")
        for label in (self.rule, self.more):
            label.setProperty("role", "muted")
        self.close_button.setIcon(icon("close", palette))
        self._shown = None
        self._refresh()

    # what is shown

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        text = queue_text(self._session.trace, self._session.player.step, self._asked())
        if text != self._shown:
            self._shown = text
            self._write(text)
        self._place()

    def _asked(self) -> NodeId | None:
        """The selected node."""
        structure, item = self._session.structure, self._session.selection.item
        if structure is None or item is None:
            return None
        circle = next((one for one in whole_of(structure).circles if one.id == item), None)
        nodes = [tab.node for tab in circle.tabs] if circle is not None else []
        queue = ready_queue(self._session.trace, self._session.player.step)
        if queue is None or queue.running in nodes:
            return None
        return nodes[0] if nodes else None

    def _write(self, text: QueueText) -> None:
        for label, words in (
            (self.title, text.title),
            (self.why, text.why),
            (self.more, text.more),
            (self.asked, text.asked),
            (self.rule, text.rule),
        ):
            label.setText(words)
            label.setVisible(bool(words))
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows = []
        for place, one in enumerate(text.rows):
            self._add_row(place, one)
        self._list.setVisible(bool(text.rows))
        self.setAccessibleDescription(". ".join(self.texts))

    def _add_row(self, place: int, row: Row) -> None:
        sign, order = QLabel(_SIGNS[row.stands], self._list), QLabel(row.order, self._list)
        name = QPushButton(row.name.replace("&", "&&"), self._list)
        name.setProperty("role", row.stands)
        name.setToolTip(row.note)
        name.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        name.clicked.connect(_Chooser(self._session, row.node))
        order.setProperty("role", "muted")
        order.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column, widget in enumerate((sign, name, order)):
            self._grid.addWidget(widget, 2 * place, column)
            widget.show()
            self._rows.append(widget)
        if row.note:
            note = _OneLine(row.note, self._list)
            note.setProperty("role", "muted")
            note.setIndent(4)
            self._grid.addWidget(note, 2 * place + 1, 1, 1, 2)
            note.show()
            self._rows.append(note)

    def _place(self) -> None:
        """In the canvas's upper right corner, as wide and high as it must be."""
        room = self._graph.canvas.viewport().size()
        width = max(min(_WIDEST, room.width() - 2 * _MARGIN), 120)
        self.setFixedWidth(width)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        height = min(layout.heightForWidth(width), max(room.height() - 2 * _MARGIN, 80))
        self.setFixedHeight(height)
        self.move(self._corner(room))

    def _corner(self, room: QSize) -> QPoint:
        """Where it hides least of what the step is about."""
        right, low = room.width() - self.width() - _MARGIN, room.height() - self.height() - _MARGIN
        corners = [QPoint(x, y) for y in (_MARGIN, low) for x in (right, _MARGIN)]
        picture, scene = self._session.picture, self._graph.scene
        if picture is None or scene.structure is not picture.structure:
            return corners[0]
        busy = self._graph.canvas.mapFromScene(scene.focus_rects(picture)[1]).boundingRect()
        return min(corners, key=lambda corner: area(QRect(corner, self.size()) & busy))

    # slots

    def _on_session_changed(self) -> None:
        self._refresh()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False


class _OneLine(QLabel):
    """Ends in "…" where there is no room; whole in its tooltip."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._whole = text
        self.setToolTip(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - 2 * self.indent()
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room))

    def sizeHint(self) -> QSize:
        return QSize(40, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class _Chooser:
    """Selects a node's circle in the picture, or its leaf, whatever is closed."""

    def __init__(self, session: Session, node: NodeId) -> None:
        self._session = session
        self._node = node

    def __call__(self) -> None:
        structure = self._session.structure
        if structure is None:
            return
        circles = whole_of(structure).circles
        found = next((c.id for c in circles if any(tab.node == self._node for tab in c.tabs)), None)
        leaf = self._session.trace.nodes[self._node].tensor
        if found is not None:
            self._session.reveal_item(found)
        elif leaf is not None:
            self._session.reveal_tensor(leaf)
