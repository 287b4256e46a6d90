"""The log file: what went wrong in the window's process, kept small, and quoted by *Copy report*.

Set up once by `app` at the start; everything else uses Python's `logging`.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from platformdirs import user_log_path
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_BYTES = 512 * 1024
_KEPT = 3
_TAIL_BYTES = 64 * 1024

_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_HARMLESS = ("This plugin does not support propagateSizeHints",)


def log_path() -> Path:
    """The file in the user's own log folder, whether it exists or not."""
    return user_log_path("autograd-tutor", appauthor=False) / "autograd-tutor.log"


def start_log(path: Path | None = None) -> Path | None:
    """Everything from `info` on goes to the file, and warnings to stderr too. None where no file can be written."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    _add_once(root, logging.StreamHandler(), logging.WARNING)
    path = path or log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8", delay=False)
    except OSError as fault:
        root.warning("no log file: %s", fault)
        return None
    _add_once(root, handler, logging.INFO)
    if not faulthandler.is_enabled() and handler.stream is not None:
        faulthandler.enable(handler.stream)
    return path


def stop_log() -> None:
    """Closes what `start_log` opened."""
    root = logging.getLogger()
    faulthandler.disable()
    for handler in [one for one in root.handlers if one.get_name() == __name__]:
        root.removeHandler(handler)
        handler.close()


def log_faults(tell: Callable[[BaseException], None] | None = None) -> None:
    """Our own uncaught exceptions are logged, then told; Qt's messages are logged. The window lives on."""

    def caught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logging.getLogger("tutor").error("uncaught %s", kind.__name__, exc_info=(kind, error, trace))
        if tell is not None:
            tell(error)

    sys.excepthook = caught
    qInstallMessageHandler(_on_qt_message)


def log_tail(path: Path | None = None, *, lines: int = 60) -> str:
    """The end of the log; empty where there is none."""
    try:
        with (path or log_path()).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(file.tell() - _TAIL_BYTES, 0))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _add_once(root: logging.Logger, handler: logging.Handler, level: int) -> None:
    for old in [one for one in root.handlers if one.get_name() == __name__ and type(one) is type(handler)]:
        root.removeHandler(old)
        old.close()
    handler.set_name(__name__)
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(_FORMAT))
    root.addHandler(handler)


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    if not text.startswith(_HARMLESS):
        category = getattr(context, "category", None) or "default"
        logging.getLogger(f"qt.{category}").log(_QT_LEVELS.get(kind, logging.WARNING), "%s", text)
