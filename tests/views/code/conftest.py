"""What the tests of the code share: the column of cells, shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from tutor.session.session import Session
from tutor.views.code.view import CodeView


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> Iterator[CodeView]:
    made = CodeView(session)
    qtbot.addWidget(made)
    made.resize(560, 320)
    with qtbot.waitExposed(made):
        made.show()
    yield made
