"""The bar's buttons for groups: one level less, a menu of depths, one level more; there only where there are groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from tutor.i18n import _
from tutor.session.folding import deepest, shown_depth
from tutor.views.graph.depths import fill_depths

if TYPE_CHECKING:
    from tutor.session.session import Session


class GroupBar(QWidget):
    """− Groups +"""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self.less, self.depths, self.more = QToolButton(self), QToolButton(self), QToolButton(self)
        self._menu = QMenu(self.depths)
        self.depths.setMenu(self._menu)
        self.depths.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(2)
        for button in (self.less, self.depths, self.more):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        self.less.clicked.connect(self._on_less_clicked)
        self.more.clicked.connect(self._on_more_clicked)
        session.picture_changed.connect(self.follow)
        self._menu.aboutToShow.connect(self._on_menu_about_to_show)
        self.retranslate()
        self.follow()

    def retranslate(self) -> None:
        for button, text, tip in (
            (self.less, "−", _("Fold the innermost groups that are open")),
            (self.depths, _("Groups"), _("How far groups are unfolded")),
            (self.more, "+", _("Unfold the outermost groups that are closed")),
        ):
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)

    def follow(self) -> None:
        """What can be folded and unfolded now."""
        structure = self._session.structure
        self.setVisible(structure is not None and bool(structure.groups))
        self.less.setEnabled(structure is not None and bool(structure.frames))
        self.more.setEnabled(structure is not None and bool(structure.blocks))

    def _on_less_clicked(self) -> None:
        structure = self._session.structure
        if structure is not None:
            self._session.unfold_to(max((frame.depth for frame in structure.frames), default=0))

    def _on_more_clicked(self) -> None:
        structure = self._session.structure
        if structure is not None:
            self._session.unfold_to(min(shown_depth(structure) + 1, deepest(structure)))

    def _on_menu_about_to_show(self) -> None:
        self._menu.clear()
        fill_depths(self._menu, self._session)
