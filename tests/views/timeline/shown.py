"""The timeline of a trace, or of a session, as tests open it."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.views.fake_session import FakeSession
from tutor.trace.trace import Trace
from tutor.views.timeline.view import TimelineView


def timeline_of(trace: Trace, tmp_path: Path, qtbot: QtBot, width: int = 900) -> TimelineView:
    return shown(FakeSession(tmp_path, trace), qtbot, width)


def shown(session: FakeSession, qtbot: QtBot, width: int) -> TimelineView:
    view = TimelineView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(width, 90)
    view.show()
    return view
