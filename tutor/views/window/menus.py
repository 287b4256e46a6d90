"""The menu bar, made of the window's actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMenuBar

from tutor.i18n import _
from tutor.views.window.actions import Actions

_MENUS: dict[str, tuple[str, ...]] = {
    "file": ("home", "sandbox", "open", "recent", "", "save", "save_as", "", "export", "", "quit"),
    "edit": ("undo", "redo", "", "copy_picture"),
    "run": (
        "run",
        "run_to",
        "run_on",
        "stop",
        "",
        "backward",
        "zero_grad",
        "no_grad",
        "",
        "random",
        "restart",
    ),
    "view": ("docks", "arrange", "", "themes", "smaller", "larger", "reduced_motion", "", "languages"),
    "help": ("legend", "why_now", "keyboard", "", "report", "about"),
}


class Menus:
    """Fills a menu bar; the list of recent files is read anew each time it opens."""

    def __init__(
        self,
        bar: QMenuBar,
        actions: Actions,
        docks: Iterable[QAction],
        *,
        recent: Callable[[], Iterable[Path]],
        open_path: Callable[[Path], None],
    ) -> None:
        self._recent = recent
        self._open_path = open_path
        self._menus = {name: bar.addMenu("") for name in _MENUS}
        self._inner = {name: QMenu(bar) for name in ("recent", "docks", "themes", "languages")}
        self._inner["docks"].addActions(list(docks))
        self._inner["themes"].addActions(actions.themes.actions())
        self._inner["languages"].addActions(actions.languages.actions())
        for name, entries in _MENUS.items():
            for entry in entries:
                self._add(self._menus[name], entry, actions)
        self._inner["recent"].aboutToShow.connect(self._fill_recent)
        self._inner["recent"].triggered.connect(self._on_recent_triggered)
        self._menus["file"].aboutToShow.connect(self._on_file_about_to_show)
        self.retranslate()

    def _add(self, menu: QMenu, entry: str, actions: Actions) -> None:
        if not entry:
            menu.addSeparator()
        elif entry in self._inner:
            menu.addMenu(self._inner[entry])
        else:
            menu.addAction(actions[entry])

    def retranslate(self) -> None:
        titles = {
            "file": _("&File"),
            "edit": _("&Edit"),
            "run": _("&Run"),
            "view": _("&View"),
            "help": _("&Help"),
            "recent": _("Open &recent"),
            "docks": _("Panes"),
            "themes": _("Theme"),
            "languages": _("Language"),
        }
        for name, menu in {**self._menus, **self._inner}.items():
            menu.setTitle(titles[name])

    def _on_file_about_to_show(self) -> None:
        self._inner["recent"].setEnabled(any(True for _path in self._recent()))

    def _fill_recent(self) -> None:
        menu = self._inner["recent"]
        menu.clear()
        for path in self._recent():
            action = menu.addAction(f"{path.name}   {path.parent}")
            action.setData(path)

    def _on_recent_triggered(self, action: QAction) -> None:
        self._open_path(action.data())
