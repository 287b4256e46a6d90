"""The log file: what goes in, how large it gets, and what a report quotes of it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qInstallMessageHandler, qWarning

from tests.conftest import Mistakes
from tutor import log


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    level, hook = logging.getLogger().level, sys.excepthook
    path = tmp_path / "logs" / "autograd-tutor.log"
    assert log.start_log(path) == path
    yield path
    log.stop_log()
    sys.excepthook = hook
    qInstallMessageHandler(None)
    logging.getLogger().setLevel(level)


def test_what_is_logged_lands_in_the_file(path: Path) -> None:
    logging.getLogger("tutor.session").info("kernel ready")
    assert path.read_text(encoding="utf-8").rstrip().endswith("INFO tutor.session: kernel ready")


def test_starting_twice_writes_every_line_once(path: Path) -> None:
    log.start_log(path)
    logging.getLogger("tutor").info("once")
    assert path.read_text(encoding="utf-8").count("once") == 1


def test_an_uncaught_exception_is_logged_with_its_traceback_and_told(
    path: Path, logged_errors: Mistakes
) -> None:
    told: list[BaseException] = []
    log.log_faults(told.append)
    error = ZeroDivisionError("division by zero")
    sys.excepthook(ZeroDivisionError, error, None)
    assert "uncaught ZeroDivisionError" in path.read_text(encoding="utf-8")
    assert told == [error]
    logged_errors.clear()


@pytest.mark.qt_no_exception_capture
def test_qts_own_messages_are_logged(path: Path) -> None:
    log.log_faults()
    qWarning("a layout is confused")
    qWarning("This plugin does not support propagateSizeHints()")
    text = path.read_text(encoding="utf-8")
    assert "WARNING qt.default: a layout is confused" in text
    assert "propagateSizeHints" not in text


def test_the_tail_is_the_end_and_nothing_where_there_is_no_log(path: Path, tmp_path: Path) -> None:
    for number in range(100):
        logging.getLogger("tutor").info("line %d", number)
    tail = log.log_tail(path, lines=10).splitlines()
    assert len(tail) == 10
    assert tail[-1].endswith("line 99")
    assert log.log_tail(tmp_path / "none.log") == ""


def test_the_log_stays_small(path: Path) -> None:
    for _line in range(60):
        logging.getLogger("tutor").info("x" * 100_000)
    files = sorted(path.parent.iterdir())
    assert len(files) == 4
    assert sum(file.stat().st_size for file in files) < 3_000_000


def test_a_folder_that_may_not_be_written_costs_only_the_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert log.start_log(tmp_path / "file" / "autograd-tutor.log") is None
    log.stop_log()
