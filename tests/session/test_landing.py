"""The rows of tensors keep step with the graph: a number is new in both at the same moment of a step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.traces import FOLDER
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.trace.beats import CHANGING, PASSING, landed
from tutor.trace.picture import Motion


@pytest.fixture
def session(qapp: object, tmp_path: Path) -> Iterator[Session]:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(FakeKernel(), Settings(store, tmp_path / "data"))
    session.open_path(FOLDER / "slope.json")
    yield session
    session.deleteLater()


def grad(session: Session, name: str) -> object:
    row = next(row for row in session.rows if row.name == name)
    return row.grad.value.data if row.grad.value is not None else None


def test_a_gradient_stands_in_the_rows_when_its_pulse_has_landed(session: Session, qtbot: QtBot) -> None:
    last = session.trace.backwards[0].accumulations[0].step
    session.player.seek(last - 1)
    session.player.next()
    assert session.player.step == last and grad(session, "x") is None
    session.player.advance(0.5)
    assert grad(session, "x") is None
    with qtbot.waitSignal(session.picture_changed, timeout=0):
        session.player.advance(0.6)
    assert grad(session, "x") == 6.0
    with qtbot.assertNotEmitted(session.picture_changed):
        session.player.advance(0.3)


def test_who_jumps_to_a_step_sees_its_end_at_once(session: Session) -> None:
    session.player.last()
    assert grad(session, "x") == 6.0
    session.player.first()
    session.player.set_animated(False)
    while session.player.step < session.player.count - 1:
        session.player.next()
    assert grad(session, "x") == 6.0


def test_each_kind_of_step_lands_at_its_beat() -> None:
    assert not landed(Motion("accumulate"), PASSING - 0.01) and landed(Motion("accumulate"), PASSING)
    assert not landed(Motion("change"), CHANGING - 0.01) and landed(Motion("change"), CHANGING)
    assert landed(Motion("backward"), 0.0) and landed(Motion("none"), 0.0)
