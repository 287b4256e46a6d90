"""An operation's tabs: one a node from near, one for the whole stack from further away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.traces import golden
from tests.views.graph_session import GraphSession
from tutor.trace.iterations import iteration_at
from tutor.trace.picture import Picture
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.views.graph import circle as circle_module
from tutor.views.graph import tab_title
from tutor.views.graph.circle import NEAR, CircleItem
from tutor.views.graph.paint import Inks
from tutor.views.graph.sizes import CircleAnatomy, measure
from tutor.views.graph.view import GraphView
from tutor.views.theme import LIGHT

Written = Callable[[float], list[str]]


def linear_in_loop(step: int) -> Picture:
    trace = golden("loop")
    return picture(trace, structure(trace, iteration_at(trace, step).index), step, frozenset())


@pytest.fixture
def written(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Written:
    """What is written on the tabs of the first nn.Linear at a zoom."""
    trace = golden("loop")
    seen = linear_in_loop(len(trace.steps) - 1)
    drawn = next(one for one in seen.structure.circles if len(one.tabs) > 1)
    item = CircleItem(Inks(LIGHT))
    anatomy = measure(seen.structure, trace).anatomies[drawn.id]
    assert isinstance(anatomy, CircleAnatomy)
    item.bind(drawn, anatomy)
    item.set_state(seen.circles[drawn.id])
    texts: list[str] = []
    for module in (circle_module, tab_title):
        monkeypatch.setattr(module, "write", lambda _painter, _rect, text, **_: texts.append(text))

    def at(zoom: float) -> list[str]:
        texts.clear()
        image = QImage(200, 200, QImage.Format.Format_ARGB32)
        painter = QPainter(image)
        item.draw(painter, zoom)
        painter.end()
        return list(texts)

    return at


def test_the_nodes_of_one_call_are_folded_until_near(written: Written) -> None:
    assert written(NEAR - 0.1) == ["2 nodes"]
    assert {"AddmmBackward0", "TBackward0"} <= set(written(1.0))


def test_a_fault_while_drawing_is_told_and_the_window_lives_on(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(_item: CircleItem, _painter: QPainter, _detail: float) -> None:
        raise ZeroDivisionError("a fault of ours")

    session = GraphSession("q")
    view = GraphView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    session.at(session.player.count - 1)
    with qtbot.capture_exceptions() as told, monkeypatch.context() as patched:
        patched.setattr(CircleItem, "draw", faulty)
        view.grab()
    assert {kind for kind, *_ in told} == {ZeroDivisionError}
    assert not view.grab().isNull()
