"""Ghosts on the canvas: they carry the leaf's name, light up together, and send their gradients home on threads."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.traces.recording import record_text
from tests.views.graph_session import GraphSession
from tutor.trace.ghosts import homes, with_ghosts
from tutor.trace.picture import ItemId, Structure
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace
from tutor.views.graph.frames import Thread
from tutor.views.graph.motion import frame
from tutor.views.graph.view import GraphView

PROGRAM = """\
import torch
w = torch.tensor(0.5, requires_grad=True)
h = torch.tensor(1.0)
for k in range(30):
    h = torch.tanh(w * h)
h.backward()
"""


@pytest.fixture(scope="module")
def trace() -> Trace:
    return record_text(PROGRAM)


@pytest.fixture
def view(qtbot: QtBot, trace: Trace) -> GraphView:
    session = GraphSession(trace)
    session.unfold_all()
    shown = GraphView(session)  # type: ignore[arg-type]
    qtbot.addWidget(shown)
    shown.resize(1000, 500)
    shown.show()
    qtbot.waitUntil(lambda: shown.scene.structure is not None and not shown.scene.building)
    return shown


def flat(trace: Trace) -> Structure:
    return with_ghosts(structure(trace, None))


def step_to_a_ghost(trace: Trace) -> int:
    """The first step in which a gradient reaches a ghost."""
    drawn = flat(trace)
    of = homes(drawn)
    sources = {lane.id: lane.source for lane in drawn.lanes}
    for step in range(trace.backwards[0].first_step, len(trace.steps)):
        motion = picture(trace, drawn, step).motion
        if motion.kind == "backward" and any(sources[lane] in of for lane in motion.passes):
            return step
    raise AssertionError("no gradient reaches a ghost")


def threads(trace: Trace, progress: float) -> tuple[Thread, ...]:
    step = step_to_a_ghost(trace)
    drawn = flat(trace)
    return frame(picture(trace, drawn, step - 1), picture(trace, drawn, step), progress).threads


def test_a_gradient_first_reaches_the_ghost_and_then_flies_to_the_leaf(trace: Trace) -> None:
    ways = {progress: threads(trace, progress) for progress in (0.6, 0.75, 0.9, 1.0)}
    (early,), (late,), (there,) = ways[0.75], ways[0.9], ways[1.0]

    assert early.at == 0.0
    assert 0.0 < late.at < 1.0
    assert there.at == 1.0
    assert homes(flat(trace))[there.ghost] == there.leaf


def test_a_ghost_fades_in_with_its_first_use(trace: Trace) -> None:
    drawn = flat(trace)
    ghost = next(iter(homes(drawn)))
    use = next(lane.target for lane in drawn.lanes if lane.source == ghost)
    step = next(trace.operations[c.operation].step for c in drawn.circles if c.id == use)
    before, after = picture(trace, drawn, step - 1), picture(trace, drawn, step)

    assert 0.0 < frame(before, after, 0.2).appearing[ghost] < 1.0
    assert ghost not in frame(before, after, 1.0).appearing


def test_the_leafs_funnel_waits_until_the_gradient_is_home(trace: Trace) -> None:
    step, drawn = step_to_a_ghost(trace), flat(trace)
    before, after = picture(trace, drawn, step - 1), picture(trace, drawn, step)
    leaf = threads(trace, 1.0)[0].leaf
    counts = []
    for progress in (0.9, 1.0):
        funnel = frame(before, after, progress).boxes[leaf].funnel
        counts.append(len(funnel.arrived) if funnel is not None else -1)

    assert counts[1] == counts[0] + 1


def test_pointing_at_a_ghost_lights_the_leaf_and_all_threads(view: GraphView) -> None:
    view.scene.hover(frozenset())
    session = view._session
    session.player.seek(session.player.count - 1)
    assert session.structure is not None
    of = homes(session.structure)
    leaf = next(iter(of.values()))
    view.scene.hover(frozenset({next(iter(of))}))
    lit = {item for item, box in view.scene.pool.boxes.items() if box.look.hovered}

    assert lit == {leaf, *(ghost for ghost, home in of.items() if home == leaf)}


def test_threads_are_seen_while_a_ghost_is_pointed_at_and_gone_afterwards(view: GraphView) -> None:
    session = view._session
    session.player.seek(40)
    assert session.structure is not None
    ghost = next(iter(homes(session.structure)))
    counts = []
    for items in (frozenset({ghost}), frozenset[ItemId]()):
        view.scene.hover(items)
        counts.append(sum(item.isVisible() for item in view.scene.movers.threads.items()))

    assert counts[0] > 10
    assert counts[1] == 0


def test_a_ghost_stands_for_its_leaf_when_it_is_chosen(view: GraphView) -> None:
    structure_ = view._session.structure
    assert structure_ is not None
    ghost, leaf = next(iter(homes(structure_).items()))
    item = view.scene.pool.boxes[ghost]

    assert view.scene.item_id(item) == leaf
    assert item.name.startswith("leaf tensor w")
    assert item.anatomy.tray is None
    assert "The same tensor" in view.canvas.tip_of(item, item.anatomy.body.center())
