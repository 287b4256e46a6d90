"""The entries of a menu that fold and unfold all groups, to each depth that there is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from tutor.i18n import _
from tutor.session.folding import deepest

if TYPE_CHECKING:
    from tutor.session.session import Session


def fill_depths(menu: QMenu, session: Session) -> None:
    """Fold all, each depth, unfold all."""
    depth = deepest(session.structure) if session.structure is not None else 0
    menu.addAction(_("Fold all"), session.fold_all)
    for level in range(1, depth):
        menu.addAction(_("Unfold to depth {depth}").format(depth=level), partial(session.unfold_to, level))
    menu.addAction(_("Unfold all"), session.unfold_all)
