"""A window as the tests of the window have it, and what one sees of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tutor.session.session import Session
from tutor.views.window.main_window import MainWindow

Opened = tuple[MainWindow, Session]


def page(window: MainWindow) -> str:
    return "home" if window.home.isVisible() else "workspace"


def panes(window: MainWindow) -> set[str]:
    return {name for name, dock in window.workspace.docks.items() if not dock.isHidden()}


def resized(window: MainWindow, width: int, height: int) -> None:
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(width, height)
    QApplication.processEvents()
