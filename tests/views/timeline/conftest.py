"""What the tests of the timeline share: one of a small run, and one of a loop of which iterations were left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.trace.made import thinned_loop
from tests.views.fake_session import FakeSession
from tests.views.timeline.shown import shown, timeline_of
from tests.views.timeline.six_steps import six_steps
from tutor.trace.trace import Trace
from tutor.views.timeline.view import TimelineView


@pytest.fixture
def session(tmp_path: Path, qapp: object) -> FakeSession:
    return FakeSession(tmp_path, six_steps())


@pytest.fixture
def view(session: FakeSession, qtbot: QtBot) -> TimelineView:
    return shown(session, qtbot, width=640)


@pytest.fixture
def thinned(tmp_path: Path, qtbot: QtBot) -> TimelineView:
    """Turns 1 to 3, 9 and 10, and 111 of a loop, each of five steps."""
    trace = Trace()
    trace.extend(thinned_loop([3, 2, 1], [5, 100], 2))
    return timeline_of(trace, tmp_path, qtbot)
