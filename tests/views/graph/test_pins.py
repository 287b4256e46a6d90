"""What is written and drawn on a tab: its pins, what is left of them, and which node of one name it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.traces import golden
from tests.traces.recording import record_text
from tests.views.graph_session import GraphSession
from tutor.protocol import NodeId, TensorId
from tutor.trace.picture import Tab, TabState
from tutor.trace.pin import Pin, PinPhase
from tutor.trace.structure import structure
from tutor.views.graph import pins, tab_title
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.paint import Inks
from tutor.views.graph.pins import MOST, draw_pins, row_width, top_versions
from tutor.views.graph.view import GraphView
from tutor.views.theme import LIGHT

B, X = TensorId(1), TensorId(2)
TAB = Tab(NodeId(0), "MulBackward0", ("b", "x"), (Pin("b", B, 0), Pin("x", X, 3)))
Written = Callable[[Tab, TabState], list[str]]


@pytest.fixture
def written(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Written:
    texts: list[str] = []
    monkeypatch.setattr(pins, "write", lambda _painter, _rect, text, **_: texts.append(text))

    def of(tab: Tab, state: TabState) -> list[str]:
        texts.clear()
        drawn(tab, state)
        return list(texts)

    return of


def drawn(tab: Tab, state: TabState, *, near: bool = True) -> QImage:
    image = QImage(240, 60, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    draw_pins(painter, QRectF(0, 10, 240, 15), tab, state, Inks(LIGHT), near=near)
    painter.end()
    return image


def grey(image: QImage) -> QImage:
    return image.convertToFormat(QImage.Format.Format_Alpha8)


def state(*phases: PinPhase) -> TabState:
    return TabState("done", pins=phases)


def test_each_pin_has_its_name_and_version(written: Written) -> None:
    assert written(TAB, state("held", "held")) == ["b", "v0", "x", "v3"]
    assert written(TAB, state()) == ["b", "v0", "x", "v3"]


def test_a_tab_whose_pins_are_out_says_used(written: Written) -> None:
    assert written(TAB, state("dropped", "dropped")) == ["used"]
    falling = replace(state("dropped", "dropped"), fallen=0.4)
    assert written(TAB, falling) == ["used", "b", "v0", "x", "v3"]


def test_a_tab_that_saved_nothing_says_so_whatever_backward_did(written: Written) -> None:
    assert written(replace(TAB, saves=(), pins=()), TabState("used")) == ["saves nothing"]


def test_of_many_pins_the_first_are_drawn_and_the_others_counted(written: Written) -> None:
    many = tuple(Pin(f"p{number}", TensorId(number), 0) for number in range(5))
    texts = written(replace(TAB, pins=many), TabState("laid"))

    assert [text for text in texts if text.startswith("p")] == ["p0", "p1", "p2"][:MOST]
    assert texts[-1] == "+2"


@pytest.mark.parametrize("phase", ["locked", "dropped", "missing", "changed", "behind"])
def test_a_pin_that_stands_otherwise_looks_otherwise(qapp: QApplication, phase: PinPhase) -> None:
    plain = drawn(TAB, state("held", "held"))
    other = drawn(TAB, state(phase, phase))

    greys = [grey(drawn(TAB, state(p, p), near=False)) for p in ("held", phase)]
    assert (greys[0] == greys[1]) == (phase == "locked"), "told without colour, from afar too"
    assert (plain == other) == (phase == "locked"), "a lock stands on the tab's edge, not on its pins"


def test_a_tab_has_room_for_the_highest_version_of_the_run(qapp: QApplication) -> None:
    versions = top_versions([(B, 7), (B, 120), (X, 3)])

    assert versions == {B: 120, X: 3}
    assert row_width(TAB, versions) > row_width(TAB, {})
    grown = replace(TAB, pins=(Pin("b", B, 120), Pin("x", X, 3)))
    assert row_width(TAB, versions) == row_width(grown, versions) == row_width(grown, {})


def test_nodes_of_one_name_are_told_apart_by_their_expression(qapp: QApplication) -> None:
    circles = structure(golden("q"), 0).circles
    titles: dict[str, set[str]] = {tab.name: set() for circle in circles for tab in circle.tabs}
    for circle in circles:
        for tab in circle.tabs:
            titles[tab.name].add(tab.of)

    assert titles["PowBackward0"] == {"a³", "b²"}
    assert titles["SubBackward0"] == {""}
    assert tab_title.title_width(replace(TAB, of="a³")) > tab_title.title_width(TAB)


def test_the_grad_fn_line_leads_to_the_node_that_last_wrote(qtbot: QtBot) -> None:
    program = "import torch\na = torch.ones(2, requires_grad=True)\nb = a * 2\nb.add_(1)\n"
    session = GraphSession(record_text(program))
    view = GraphView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(1000, 500)
    view.show()
    assert session.structure is not None
    b = next(box.id for box in session.structure.boxes if box.name == "b")
    ends = []
    for step in (1, 2):
        session.at(step)
        session.select_item(b)
        line = view.scene.grad_fn
        assert line.isVisible()
        ends.append(line.boundingRect())
    for name, room in zip(("MulBackward0", "AddBackward0"), ends, strict=True):
        assert room.intersects(tab_rect(view, name).adjusted(-8, -8, 8, 8))
    assert not ends[1].contains(tab_rect(view, "MulBackward0").center() - QPointF(40, 0))


def tab_rect(view: GraphView, name: str) -> QRectF:
    rings = view.scene.pool.circles.values()
    ring: CircleItem = next(ring for ring in rings if ring.circle.tabs[0].name == name)
    return ring.tab_of(ring.circle.tabs[0].node).translated(ring.pos())
