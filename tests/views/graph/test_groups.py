"""Groups in the graph's pane: blocks and frames, what hands do with them, and how one folding becomes another."""

from __future__ import annotations

from functools import cache

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QShortcut
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from tests.trace.grouped import PROGRAMS, recorded
from tests.traces.recording import record_text
from tests.views.graph import pane
from tests.views.graph_session import GraphSession
from tutor.trace.picture import BlockState, Group, ItemId
from tutor.trace.trace import Trace
from tutor.views.graph.block import BlockItem, sign_rect
from tutor.views.graph.blocks import block_anatomy
from tutor.views.graph.group_frame import FrameItem
from tutor.views.graph.paint import Inks
from tutor.views.graph.view import GraphView
from tutor.views.group_words import facts, group_title, short_titles
from tutor.views.theme import DARK, LIGHT

NET, INNER = ItemId("m0"), ItemId("m1")


@cache
def large() -> Trace:
    """Eight blocks: too much to be seen at first."""
    return record_text(PROGRAMS["blocks"].replace("range(4)", "range(8)"))


def shown(qtbot: QtBot, session: GraphSession, size: tuple[int, int] = (1100, 600)) -> GraphView:
    """At the end of the run."""
    view = pane.shown(qtbot, session, size)
    session.at(session.player.count - 1)
    return view


def settled(qtbot: QtBot, view: GraphView) -> None:
    """What is asked for is laid out and drawn, and has come to rest."""
    session = view._session
    qtbot.waitUntil(lambda: session.picture is None or view.scene.structure is session.picture.structure)
    view.transition.finish()


def folded(qtbot: QtBot) -> tuple[GraphSession, GraphView]:
    """A small net, all of whose groups are closed."""
    session = GraphSession(recorded("blocks"))
    view = shown(qtbot, session)
    session.fold_all()
    settled(qtbot, view)
    return session, view


def block(view: GraphView, item: ItemId) -> BlockItem:
    found = view.scene.item(item)
    assert isinstance(found, BlockItem)
    return found


def frame(view: GraphView, item: ItemId) -> FrameItem:
    found = view.scene.item(item)
    assert isinstance(found, FrameItem)
    return found


def double_click(view: GraphView, place: QPointF) -> None:
    """At a place of the scene, as a mouse does."""
    at = view.canvas.mapFromScene(place)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    port = view.canvas.viewport()
    where, glob = QPointF(at), QPointF(port.mapToGlobal(at))
    event = QMouseEvent(QEvent.Type.MouseButtonDblClick, where, glob, left, left, none)
    view.canvas.mouseDoubleClickEvent(event)


def on_screen(view: GraphView, item: ItemId) -> QPointF:
    """The upper left corner of a group, in pixels of the canvas."""
    assert view.scene.ground is not None
    return view.canvas.viewportTransform().map(view.scene.ground.outline(item).topLeft())


def test_a_small_net_shows_its_groups_as_frames_with_their_names(qtbot: QtBot) -> None:
    view = shown(qtbot, GraphSession(recorded("blocks")))
    settled(qtbot, view)
    assert view.scene.pool.blocks == {}
    assert "net" in frame(view, NET).name and "Net" in frame(view, NET).name
    inner, outer = frame(view, INNER), frame(view, NET)
    assert outer.rect.contains(inner.rect)
    assert outer.zValue() < inner.zValue()


def test_a_large_net_starts_folded_to_what_can_be_seen(qtbot: QtBot) -> None:
    session = GraphSession(large())
    view = shown(qtbot, session)
    settled(qtbot, view)
    picture = session.picture
    assert picture is not None
    assert picture.structure.blocks
    assert len(picture.boxes) + len(picture.circles) + len(picture.blocks) <= 60
    assert set(view.scene.pool.blocks) == set(picture.blocks)


def test_a_double_click_opens_a_block_and_closes_a_frame_by_its_title_in_the_same_place(qtbot: QtBot) -> None:
    _session, view = folded(qtbot)
    assert set(view.scene.pool.blocks) == {NET}
    before = on_screen(view, NET)
    double_click(view, view.scene.item_rect(NET).center())
    settled(qtbot, view)
    assert frame(view, NET).isVisible()
    if not view.canvas.fitted:
        assert (on_screen(view, NET) - before).manhattanLength() < 3
    tab = frame(view, NET).tab
    double_click(view, tab.center())
    settled(qtbot, view)
    assert set(view.scene.pool.blocks) == {NET}


def test_the_signs_in_block_and_tab_take_one_click(qtbot: QtBot) -> None:
    _session, view = folded(qtbot)
    item = block(view, NET)
    assert view.canvas.click_of(item, sign_rect(item.anatomy.body).center())
    settled(qtbot, view)
    outer = frame(view, NET)
    assert not view.canvas.click_of(outer, outer.tab.center())
    assert view.canvas.click_of(outer, outer.tab.topLeft() + QPointF(8, 10))
    settled(qtbot, view)
    assert set(view.scene.pool.blocks) == {NET}


def test_enter_opens_the_chosen_block_and_closes_what_is_around_a_chosen_item(qtbot: QtBot) -> None:
    session, view = folded(qtbot)
    session.select_item(NET)
    keys = {found.key().toString(): found for found in view.canvas.findChildren(QShortcut)}
    keys["Return"].activated.emit()
    settled(qtbot, view)
    assert frame(view, NET).standing.selected
    inside = next(item for item in frame(view, NET).frame.items if item.startswith("o"))
    session.select_item(inside)
    view.hands.toggle_chosen()
    settled(qtbot, view)
    assert set(view.scene.pool.blocks) == {NET}


def test_the_menu_opens_and_closes_and_goes_to_each_depth(qtbot: QtBot) -> None:
    session = GraphSession(recorded("blocks"))
    view = shown(qtbot, session)
    session.unfold_to(1)
    settled(qtbot, view)
    menu = QMenu(view)
    row = next(iter(view.scene.pool.blocks.values()))
    view.hands.add_to_menu(menu, row, QPointF())
    words = [action.text() for action in menu.actions() if action.text()]
    assert words == [
        "Open blocks",
        "Fold all",
        *(f"Unfold to depth {depth}" for depth in (1, 2, 3)),
        "Unfold all",
    ]
    menu.actions()[1].trigger()
    settled(qtbot, view)
    assert row.block.id in view.scene.pool.frames
    menu = QMenu(view)
    view.hands.add_to_menu(menu, None, frame(view, NET).rect.center())
    assert any(action.text().startswith("Close ") for action in menu.actions())


def test_the_bar_has_buttons_only_where_there_are_groups_and_goes_level_by_level(qtbot: QtBot) -> None:
    assert not shown(qtbot, GraphSession("q")).buttons.groups.isVisible()
    session = GraphSession(recorded("blocks"))
    view = shown(qtbot, session)
    bar = view.buttons.groups
    assert bar.isVisible() and not bar.more.isEnabled()
    depths: list[int] = []
    while bar.less.isEnabled():
        bar.less.click()
        settled(qtbot, view)
        depths.append(max(item.block.depth for item in view.scene.pool.blocks.values()))
    assert depths == [3, 2, 1, 0]
    bar.more.click()
    settled(qtbot, view)
    assert NET in view.scene.pool.frames and bar.less.isEnabled()


def test_a_block_counts_what_has_run_and_is_lit_while_its_inside_runs(qtbot: QtBot) -> None:
    session, view = folded(qtbot)
    operations = [s for s, row in enumerate(session.trace.steps) if row.kind == "operation"]
    session.at(operations[3])
    made = block(view, NET).state
    assert made is not None and 0 < made.made < block(view, NET).block.operations
    ran = session.step_of("GeluBackward0")
    session.at(ran - 1)
    before = block(view, NET).state
    session.at(ran, 0.1)
    early = block(view, NET).state
    session.at(ran)
    after = block(view, NET).state
    assert before is not None and early is not None and after is not None
    assert early.ran == before.ran < after.ran
    assert after.phase == "running" and block(view, NET).look.working


def test_an_open_group_is_lit_while_something_in_it_runs(qtbot: QtBot) -> None:
    session = GraphSession(recorded("blocks"))
    view = shown(qtbot, session)
    settled(qtbot, view)
    session.at(session.step_of("GeluBackward0"))
    lit = [item for item, found in view.scene.pool.frames.items() if found.standing.lit]
    assert len(lit) == 1
    assert frame(view, lit[0]).standing.backward


def test_while_it_opens_items_come_out_of_the_block_and_end_where_they_belong(qtbot: QtBot) -> None:
    session, view = folded(qtbot)
    session.toggle_group(NET)
    qtbot.waitUntil(lambda: view.transition.running)
    ground = view.scene.ground
    assert ground is not None
    inside = next(item for item in frame(view, NET).frame.items if item in ground.places.items)
    moving = view.scene.item(inside)
    assert moving is not None and moving.pos() != ground.places.items[inside]
    view.transition.finish()
    assert not view.transition.running
    for item, place in ground.places.items.items():
        drawn = view.scene.item(item)
        assert drawn is not None and (drawn.pos(), drawn.scale()) == (place, 1.0)
        assert drawn.opacity() == pytest.approx(drawn.look.opacity)
    for item, found in view.scene.pool.frames.items():
        assert found.rect == ground.places.frames[item]
    for lane in view.scene.pool.lanes.values():
        assert (lane.pos(), lane.opacity()) == (QPointF(), pytest.approx(lane.look.opacity))


def test_with_animation_off_nothing_moves_on_its_way(qtbot: QtBot) -> None:
    session = GraphSession(recorded("blocks"))
    session.player.animated = False
    view = shown(qtbot, session)
    settled(qtbot, view)
    session.toggle_group(NET)
    qtbot.waitUntil(lambda: NET in view.scene.pool.blocks)
    assert not view.transition.running


def test_a_chosen_group_stays_chosen_whether_open_or_closed(qtbot: QtBot) -> None:
    session, view = folded(qtbot)
    session.select_item(NET)
    assert block(view, NET).look.selected
    session.toggle_group(NET)
    settled(qtbot, view)
    assert frame(view, NET).standing.selected


def test_blocks_are_drawn_at_every_zoom_in_light_and_dark_and_read_aloud(qtbot: QtBot) -> None:
    session = GraphSession(large())
    view = shown(qtbot, session)
    settled(qtbot, view)
    for palette in (LIGHT, DARK):
        view.apply_theme(palette)
        for zoom in (0.2, 0.5, 1.5):
            view.canvas.zoom_by(zoom / view.canvas.zoom)
            view.grab()
    for item in view.scene.pool.blocks.values():
        assert group_title(item.block) in item.name and "operations" in item.name
        assert "Double click opens it" in item.tip_at(QPointF())
    assert "groups are closed" in view.canvas.accessibleDescription()


def test_a_covered_norm_is_a_question_mark() -> None:
    group = Group(NET, "module", "net", "Net", 12, 30, 2_360_000, (), None, 0, leaves=(ItemId("t1"),))
    item = BlockItem(Inks(LIGHT))
    item.bind(group, block_anatomy(group, ports=1))
    item.set_state(BlockState(True, 30, 4, 9, "waiting", 0.5, covered=True))
    assert "?" in item.tip_at(QPointF()) and "0.5" not in item.tip_at(QPointF())
    image = QImage(300, 200, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    painter.translate(150, 100)
    item.draw(painter, 1.0)
    painter.end()


def test_a_group_is_called_as_its_kind_is() -> None:
    turn = Group(ItemId("l3"), "turn", "3", "", 1, 5, 0, (), None, 1)
    part = Group(ItemId("r1"), "repeat", "11–20", "", 10, 50, 0, (), None, 1, of="turn")
    layer = Group(ItemId("m1"), "module", "1.layers.0", "TransformerEncoderLayer", 1, 13, 18_960, (), None, 2)
    assert [group_title(group) for group in (turn, part, layer)] == ["turn 3", "turns 11–20", "1.layers.0"]
    assert short_titles(layer) == ["1.layers.0", "layers.0", "0"]
    assert facts(layer) == "13 operations · 19\u202fk parameters"
    assert facts(turn) == "5 operations"


def test_what_is_revealed_is_brought_into_sight_with_its_groups_open(qtbot: QtBot) -> None:
    session = GraphSession(recorded("blocks"))
    session.player.animated = False
    view = shown(qtbot, session)
    session.fold_all()
    settled(qtbot, view)
    assert session.whole_structure is not None
    for item in (session.whole_structure.circles[-2].id, session.whole_structure.circles[1].id):
        session.reveal_item(item)
        settled(qtbot, view)
        qtbot.waitUntil(lambda: not view.scene.building)
        assert view.canvas.seen().contains(view.scene.item_rect(item))
        assert view.scene.item(item) is not None
