"""Breaking off a layout: what is drawn stays, folded as it was; where nothing is drawn, the pane says why."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.trace.grouped import recorded
from tests.views.graph_session import GraphSession
from tutor.session import layout_client
from tutor.views.graph.view import GraphView


@pytest.fixture
def session() -> GraphSession:
    session = GraphSession(recorded("blocks"))
    session.player.animated = False
    session.fold_all()
    return session


def opened(qtbot: QtBot, session: GraphSession) -> GraphView:
    view = GraphView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(1100, 600)
    view.show()
    session.at(session.player.count - 1)
    qtbot.waitUntil(lambda: not view.scene.building)
    return view


def test_who_cancels_unfolding_sees_the_groups_closed_as_before(
    qtbot: QtBot, session: GraphSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = opened(qtbot, session)
    drawn, wishes = session.structure, session.folds.wishes
    monkeypatch.setattr(layout_client, "AT_ONCE", 0)

    session.unfold_all()
    assert session.structure is not drawn and view.scene.structure is drawn
    view.empty.cancel.click()

    assert session.structure is drawn and view.scene.structure is drawn
    assert session.folds.wishes is wishes
    assert not view.empty.isVisible() and view.arrangement is not None
    session.at(1)
    assert session.picture is not None and view.scene.structure is session.picture.structure


def test_a_graph_that_was_never_drawn_says_that_it_was_cancelled_until_another_is_seen(
    qtbot: QtBot, session: GraphSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout_client, "AT_ONCE", 0)
    view = GraphView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(1100, 600)
    view.show()
    view.empty.cancel.click()
    assert view.scene.structure is None and view.arrangement is None
    session.at(2)
    assert view.empty.isVisible() and view.empty.title.text() == "Not laid out"

    monkeypatch.setattr(layout_client, "AT_ONCE", 10_000)
    session.unfold_all()
    qtbot.waitUntil(lambda: view.scene.structure is session.structure)
    assert not view.empty.isVisible()


def test_a_layout_under_way_ends_when_a_known_picture_takes_its_place(
    qtbot: QtBot, session: GraphSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = opened(qtbot, session)
    drawn = session.structure
    monkeypatch.setattr(layout_client, "AT_ONCE", 0)
    session.unfold_all()
    session.fold_all()
    view._layouts.cancel()
    assert view.scene.structure is session.structure is drawn
    assert not view.empty.isVisible()
