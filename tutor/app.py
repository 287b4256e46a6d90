"""Composition root of the window: Qt, preferences, kernel, session and window are made here and go here."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

os.environ["QT_API"] = "pyside6"

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QApplication

from tutor.i18n import _
from tutor.log import log_faults, start_log
from tutor.session.kernel_client import KernelClient
from tutor.session.message import Message, progress_set_aside
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.views.window.about import copy_report
from tutor.views.window.appearance import Appearance
from tutor.views.window.main_window import MainWindow

_log = logging.getLogger(__name__)
FIRST_LESSON = "00-slope"
_FIRST_SIZE = QSize(1360, 860)
_FRAME = 40
"""What a title bar adds to the height, at most."""


def run(path: Path | None = None) -> int:
    """Opens the window, on a file if one is given, and returns the exit status when it is closed."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("autograd-tutor")
    app.setApplicationDisplayName("Autograd Tutor")
    app.setDesktopFileName("autograd-tutor")
    start_log()
    settings = Settings()
    kernel = KernelClient(app)
    try:
        window, session = build(app, settings, kernel)
        _tell_our_faults(session)
        close_on_signals(app, session, window)
        begin(session, window, path)
        return app.exec()
    finally:
        kernel.shutdown()


def build(app: QApplication, settings: Settings, kernel: KernelClient) -> tuple[MainWindow, Session]:
    """The window and its session; the kernel starts, so that torch loads while the person reads."""
    appearance = Appearance(app, settings)
    session = Session(kernel, settings)
    session.player.set_speed(settings.speed)
    session.player.set_animated(not settings.reduced_motion)
    window = MainWindow(session, appearance)
    appearance.setParent(window)
    session.setParent(window)
    kernel.start()
    return window, session


def begin(session: Session, window: MainWindow, path: Path | None) -> None:
    """A given file; at the first start the first lesson; else the start page. Shows the window."""
    if not window.restore():
        _suit_screen(window)
    if path is not None:
        session.open_path(path.absolute())
    elif session.preferences.first_start:
        session.open_lesson(FIRST_LESSON)
    session.preferences.mark_started()
    if (broken := session.progress.set_aside) is not None:
        session.message.emit(progress_set_aside(broken))
    window.show()


def _suit_screen(window: MainWindow) -> None:
    """In a good size; on a screen that has no room for it with its frame, over the whole screen."""
    room = window.screen().availableSize()
    window.resize(_FIRST_SIZE.boundedTo(room))
    if room.width() < _FIRST_SIZE.width() or room.height() < _FIRST_SIZE.height() + _FRAME:
        window.setWindowState(Qt.WindowState.WindowMaximized)


def _tell_our_faults(session: Session) -> None:
    """A fault of the program itself is logged and told, with its report; the window goes on."""

    def copy() -> None:
        copy_report(session)

    def tell(fault: BaseException) -> None:
        text = _(
            "Something in the program itself went wrong ({fault}). Your text is intact, and you can go on."
        )
        shown = f"{type(fault).__name__}: {fault}"[:200]
        session.message.emit(Message("error", text.format(fault=shown), (_("Copy report"), copy)))

    log_faults(tell)


def close_on_signals(app: QApplication, session: Session, window: MainWindow) -> None:
    """Ctrl+C in the terminal closes the window, as its button does; a request to end is obeyed without asking.

    Python sees signals only between two pieces of Python: hence the timer. The window closes from the event loop: before
    that runs, closing it would end nothing.
    """

    def close(_number: int, _frame: object) -> None:
        QTimer.singleShot(0, window.close)

    def end(number: int, _frame: object) -> None:
        _log.info("asked to end by signal %d", number)
        session.keep()
        QTimer.singleShot(0, leave)

    def leave() -> None:
        app.exit(0)

    signal.signal(signal.SIGINT, close)
    signal.signal(signal.SIGTERM, end)
    timer = QTimer(window, interval=250)
    timer.timeout.connect(_let_python_breathe)
    timer.start()


def _let_python_breathe() -> None:
    """Nothing: to be called is enough."""
