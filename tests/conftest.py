"""Every test runs without a screen, and leaves nothing behind: no widget, timer, thread, child process or logged error."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from weakref import WeakSet

import psutil
import pytest
from hypothesis import settings
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import getCppPointer, isValid

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"
os.environ.pop("LANGUAGE", None)

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile("thorough" if "AUTOGRAD_TUTOR_THOROUGH" in os.environ else "same")

_PATIENCE = 20.0
"""Seconds that a thread or a process gets to end after its test."""

_WAIT_MS = 30_000

_LASTING_THREADS = ("ZMQGarbageCollector", "IPythonHistorySavingThread", "pytest", "execnet")


class Mistakes(logging.Handler):
    """What was logged as an error during one test. A test that provokes one takes it out: `logged_errors.clear()`."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def clear(self) -> None:
        self.texts.clear()


@pytest.fixture(autouse=True)
def nothing_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set up first, and so checked last, when everything else has been taken down."""
    threads, children = set(threading.enumerate()), _children()
    windows = set(_windows()) if "qapp" in request.fixturenames else set()
    yield
    request.node.funcargs.clear()  # what fixtures returned is over too, though pytest still holds it
    faults = []
    if "qapp" in request.fixturenames:
        faults += _leaked_windows(windows) + _leaked_timers()
    faults += [f"thread {thread.name}" for thread in _still_alive(set(threading.enumerate()) - threads)]
    faults += _lasting_children(_children() - children)
    if faults:
        pytest.fail("left behind: " + ", ".join(faults), pytrace=False)


@pytest.fixture(autouse=True)
def logged_errors() -> Iterator[Mistakes]:
    mistakes = Mistakes()
    logging.getLogger().addHandler(mistakes)
    yield mistakes
    logging.getLogger().removeHandler(mistakes)
    if mistakes.texts:
        pytest.fail("logged as errors:\n" + "\n".join(mistakes.texts), pytrace=False)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Texts are English unless the test chooses; what it chose does not last."""
    from tutor.i18n import use_language

    use_language("en")
    yield
    use_language("en")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """An interrupt is heard, also where the shell that started the tests has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _waits_are_long() -> Iterator[None]:
    """What a test waits for comes at once; on a computer that is busy elsewhere it may take its time."""
    waits: tuple[Callable[..., object], ...] = (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitExposed)
    with pytest.MonkeyPatch.context() as patch:
        for wait in waits:
            patch.setitem(wait.__kwdefaults__, "timeout", _WAIT_MS)
        yield


def _windows() -> dict[int, QWidget]:
    """The windows that belong to nobody, by their C++ address; Qt's own tooltips come and go."""
    found = [one for one in QApplication.topLevelWidgets() if one.parent() is None]
    return {getCppPointer(one)[0]: one for one in found if one.metaObject().className() != "QTipLabel"}


def _leaked_windows(before: set[int]) -> list[str]:
    """What the test made and neither gave to qtbot nor let go of."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if set(_windows()) - before:
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return [f"window {widget!r}" for address, widget in _windows().items() if address not in before]


_started: WeakSet[QTimer] = WeakSet()


@pytest.fixture(scope="session", autouse=True)
def _timers_are_known() -> Iterator[None]:
    """Notes every QTimer that Python starts; looking for them among all objects would take longer than the tests."""
    plain = QTimer.start

    def start(timer: QTimer, *interval: int) -> None:
        _started.add(timer)
        plain(timer, *interval)

    QTimer.start = start  # type: ignore[method-assign, assignment]
    yield
    QTimer.start = plain  # type: ignore[method-assign]


def _leaked_timers() -> list[str]:
    """Those that only a reference cycle holds do not count; each is told once."""
    if _running_timers():
        gc.collect()
    leaked = _running_timers()
    _started.clear()
    return [f"running timer of {timer.parent()!r}" for timer in leaked]


def _running_timers() -> list[QTimer]:
    return [timer for timer in _started if isValid(timer) and timer.isActive()]


def _still_alive(threads: set[threading.Thread]) -> list[threading.Thread]:
    own = [thread for thread in threads if not thread.name.startswith(_LASTING_THREADS)]
    for thread in own:
        thread.join(_PATIENCE)
    return [thread for thread in own if thread.is_alive()]


def _children() -> set[int]:
    """The process ids of all direct children of this process; asking the system whether there are any costs nothing."""
    if sys.platform != "win32":
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return set()
    return {child.pid for child in psutil.Process().children()}


def _lasting_children(pids: set[int]) -> list[str]:
    processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _gone, alive = psutil.wait_procs(processes, timeout=_PATIENCE)
    return [f"process {process.pid} {_command(process)}" for process in alive]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:200]
    except psutil.Error:
        return ""
