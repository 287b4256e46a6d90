"""The start page: the lessons with the learner's progress, the sandbox, a file of one's own, the files opened last.

Reads the lessons that ship and `session.progress`; what is chosen is opened by the session.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from tutor.course.catalogue import lessons
from tutor.course.lesson import LessonEntry
from tutor.course.progress import LessonProgress
from tutor.i18n import _, language, ngettext
from tutor.session.session import Session
from tutor.source.disk import DocumentError
from tutor.views.fonts import Weight, sans
from tutor.views.home.card import CardText, HomeCard
from tutor.views.theme import LIGHT, Palette, app_icon

_WIDEST = 1080
_GAP = 12
_SIDE = 28
_RECENT = 6
_COLUMNS = 3


class HomeView(QWidget):
    """Cards in as many columns as there is room for. Refreshed whenever it is shown."""

    open_wanted = Signal()
    """The person wants to choose a file; the window asks which."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._pixels = 13
        self.lesson_cards: list[HomeCard] = []
        self.recent_cards: list[HomeCard] = []
        self._entries: tuple[LessonEntry, ...] = ()
        self._recent: tuple[Path, ...] = ()
        self._make_children()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _make_children(self) -> None:
        self._icon = QLabel(self)
        self._name = QLabel("Autograd Tutor", self)
        self._tagline = QLabel(self)
        self._headings = {key: QLabel(self) for key in ("lessons", "own", "recent")}
        self.fault = QLabel(self)
        self.sandbox_card = HomeCard(self)
        self.open_card = HomeCard(self)
        self.fault.setWordWrap(True)
        self.fault.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _lay_out(self) -> None:
        header = QHBoxLayout()
        header.setSpacing(16)
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(self._name)
        names.addWidget(self._tagline)
        header.addWidget(self._icon)
        header.addLayout(names, stretch=1)
        self._grids = {key: QGridLayout() for key in self._headings}
        page = QWidget(self)
        page.setMaximumWidth(_WIDEST)
        column = QVBoxLayout(page)
        column.setContentsMargins(_SIDE, 26, _SIDE, 28)
        column.setSpacing(10)
        column.addLayout(header)
        column.addSpacing(10)
        for key, heading in self._headings.items():
            column.addWidget(heading)
            if key == "lessons":
                column.addWidget(self.fault)
            self._grids[key].setSpacing(_GAP)
            column.addLayout(self._grids[key])
            column.addSpacing(12)
        column.addStretch()
        self._scroll = _centred_scroll(page, self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._scroll)

    def _connect(self) -> None:
        self.sandbox_card.clicked.connect(self._session.new_sandbox)
        self.open_card.clicked.connect(self.open_wanted)
        self._session.lesson_changed.connect(self._on_session_changed)
        self._session.document_changed.connect(self._on_session_changed)

    def retranslate(self) -> None:
        """Sets all texts anew; the lessons too are named in the current language."""
        self._tagline.setText(_("Run real torch, and watch the gradients come back."))
        self._headings["lessons"].setText(_("Lessons"))
        self._headings["own"].setText(_("Your own code"))
        self._headings["recent"].setText(_("Opened last"))
        self.sandbox_card.set_text(
            CardText(_("Sandbox"), _("An empty page to try things out"), "flask-outline")
        )
        opens = _("Script, notebook, lesson, recorded run")
        self.open_card.set_text(CardText(_("Open…"), opens, "folder-open-outline"))
        self.refresh()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        pixels = self.font().pixelSize()
        self._pixels = pixels if pixels > 0 else 13
        self._icon.setPixmap(app_icon().pixmap(self._pixels * 4, self._pixels * 4))
        self._name.setFont(sans(self._pixels * 2, Weight.Bold))
        self._tagline.setFont(sans(self._pixels * 1.1))
        self._tagline.setStyleSheet(f"color: {palette.muted}")
        self.fault.setStyleSheet(f"color: {palette.error}")
        for heading in self._headings.values():
            heading.setFont(sans(self._pixels * 1.15, Weight.DemiBold))
        for card in (self.sandbox_card, self.open_card, *self.lesson_cards, *self.recent_cards):
            card.apply_theme(palette, self._pixels)
        self._arrange()

    # what is shown

    def refresh(self) -> None:
        """Reads the lessons, the progress and the recent files anew."""
        self._show_lessons()
        self._show_recent()
        self._arrange()
        self._order_tabs()

    def _show_lessons(self) -> None:
        try:
            self._entries, fault = lessons(language()), ""
        except DocumentError as error:
            self._entries, fault = (), str(error)
        if not self._entries and not fault:
            fault = _("No lessons were found beside the program.")
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))
        self._fit_cards(self.lesson_cards, len(self._entries))
        progress = [self._session.progress.lesson(entry.id) for entry in self._entries]
        next_up = next((place for place, one in enumerate(progress) if not one.finished), None)
        for place, (card, entry) in enumerate(zip(self.lesson_cards, self._entries, strict=True)):
            card.set_text(_lesson_text(entry, progress[place], inviting=place == next_up))

    def _show_recent(self) -> None:
        self._recent = self._session.recent[:_RECENT]
        self._fit_cards(self.recent_cards, len(self._recent))
        self._headings["recent"].setVisible(bool(self._recent))
        for card, path in zip(self.recent_cards, self._recent, strict=True):
            card.set_text(CardText(path.name, _folder_text(path), _file_sign(path)))
            card.setToolTip(str(path))

    def _fit_cards(self, cards: list[HomeCard], count: int) -> None:
        while len(cards) > count:
            cards.pop().deleteLater()
        while len(cards) < count:
            card = HomeCard(self)
            card.apply_theme(self._palette, self._pixels)
            card.clicked.connect(self._on_card_clicked)
            cards.append(card)

    def _arrange(self) -> None:
        """As many columns as fit, all of one width, the same in every group."""
        room = min(self._scroll.viewport().width(), _WIDEST) - 2 * _SIDE
        columns = max(1, min(_COLUMNS, room // max(self._pixels * 21, 1)))
        width = (room - (columns - 1) * _GAP) // columns
        own = [self.sandbox_card, self.open_card]
        for key, cards in (("lessons", self.lesson_cards), ("own", own), ("recent", self.recent_cards)):
            grid = self._grids[key]
            for place, card in enumerate(cards):
                grid.addWidget(card, place // columns, place % columns)
            for column in range(_COLUMNS):
                grid.setColumnMinimumWidth(column, width if column < columns else 0)
            grid.setColumnStretch(_COLUMNS, 1)

    def _order_tabs(self) -> None:
        """Tab goes through the cards as one reads them."""
        cards = [*self.lesson_cards, self.sandbox_card, self.open_card, *self.recent_cards]
        for one, behind in pairwise(cards):
            QWidget.setTabOrder(one, behind)

    def _inviting_card(self) -> HomeCard:
        """The lesson to go on with; when all are done, the sandbox."""
        return next((card for card in self.lesson_cards if card.text_shown.inviting), self.sandbox_card)

    def _on_card_clicked(self) -> None:
        card = self.sender()
        for place, lesson_card in enumerate(self.lesson_cards):
            if lesson_card is card:
                self._session.open_lesson(self._entries[place].id)
                return
        for place, recent_card in enumerate(self.recent_cards):
            if recent_card is card:
                self._session.open_path(self._recent[place])
                return

    def _on_session_changed(self) -> None:
        if self.isVisible():
            self.refresh()

    # Qt's own

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._inviting_card().setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _centred_scroll(page: QWidget, parent: QWidget) -> QScrollArea:
    scroll = QScrollArea(parent)
    scroll.setWidgetResizable(True)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    holder = QWidget(scroll)
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addStretch(1)
    row.addWidget(page, stretch=100)
    row.addStretch(1)
    scroll.setWidget(holder)
    return scroll


def _lesson_text(entry: LessonEntry, progress: LessonProgress, *, inviting: bool) -> CardText:
    share = 1.0 if progress.finished else progress.reached / max(entry.parts, 1)
    return CardText(entry.title, _lesson_line(entry, progress), str(entry.number), share, inviting)


def _lesson_line(entry: LessonEntry, progress: LessonProgress) -> str:
    minutes = ngettext("{count} minute", "{count} minutes", entry.minutes).format(count=entry.minutes)
    if progress.finished:
        return _("Done") + " · " + minutes
    if progress.started:
        return _("Part {part} of {parts}").format(part=progress.part + 1, parts=entry.parts) + " · " + minutes
    return ngettext("{count} part", "{count} parts", entry.parts).format(count=entry.parts) + " · " + minutes


def _folder_text(path: Path) -> str:
    home = Path.home()
    folder = path.parent
    return f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else str(folder)


def _file_sign(path: Path) -> str:
    signs = {
        ".py": "language-python",
        ".ipynb": "notebook-outline",
        ".md": "school-outline",
        ".json": "play-box-outline",
    }
    return signs.get(path.suffix.lower(), "file-outline")
