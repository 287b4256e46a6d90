"""Opening and closing groups: wishes hold for every iteration and later runs, and what is chosen stays chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from tests.session.fake_kernel import FakeKernel
from tests.trace.grouped import PROGRAMS, recorded
from tests.traces.recording import record_text
from tutor.session.folding import Folds, deepest, group_keys, seen_as, shown_depth
from tutor.session.pictures import Pictures
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.trace.file import write_trace
from tutor.trace.folding import fold
from tutor.trace.picture import ItemId, Structure
from tutor.trace.structure import structure

NET, INNER = ItemId("m0"), ItemId("m1")


@pytest.fixture
def session(kernel: FakeKernel, tmp_path: Path) -> Iterator[Session]:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(kernel, Settings(store, tmp_path / "data"))
    path = tmp_path / "blocks.json"
    write_trace(recorded("blocks"), path)
    session.open_path(path)
    yield session
    session.deleteLater()


def drawn(session: Session) -> Structure:
    assert session.structure is not None
    return session.structure


def blocks(session: Session) -> list[ItemId]:
    return [block.id for block in drawn(session).blocks]


def keys_of(found: Structure, closed: frozenset[ItemId]) -> set[str]:
    keys = group_keys(found.groups)
    return {keys[group] for group in closed}


def test_a_small_graph_starts_unfolded_and_opens_and_closes(session: Session) -> None:
    assert blocks(session) == []
    assert NET in [frame.id for frame in drawn(session).frames]
    session.toggle_group(NET)
    assert blocks(session) == [NET]
    assert session.picture is not None and set(session.picture.blocks) == {NET}
    session.toggle_group(NET)
    assert blocks(session) == []


def test_the_whole_structure_stays_what_it_is(session: Session) -> None:
    whole = session.whole_structure
    session.fold_all()
    assert session.whole_structure is whole
    assert len(drawn(session).circles) < len(whole.circles if whole is not None else ())


def test_folds_hold_in_the_other_iterations_and_are_another_matter_for_all_at_once(session: Session) -> None:
    session.toggle_group(INNER)
    session.player.first()
    assert drawn(session).iteration == 0
    assert blocks(session) == [INNER]
    session.set_show_all(True)
    session.unfold_all()
    assert blocks(session) == []
    session.set_show_all(False)
    assert blocks(session) == [INNER]


def test_levels_are_unfolded_one_after_the_other(session: Session) -> None:
    depths = deepest(session.structure) if session.structure is not None else 0
    assert depths == 4
    for depth in range(depths):
        session.unfold_to(depth)
        assert shown_depth(drawn(session)) == depth
        assert {block.depth for block in drawn(session).blocks} == {depth}
    session.unfold_all()
    assert blocks(session) == []


def test_another_document_starts_without_wishes(session: Session, tmp_path: Path) -> None:
    session.fold_all()
    path = tmp_path / "again.json"
    write_trace(recorded("blocks"), path)
    session.open_path(path)
    assert blocks(session) == []


def test_a_tensor_in_a_closed_group_is_selected_as_the_group_and_comes_back(session: Session) -> None:
    hidden = next(box for box in drawn(session).boxes if box.name.endswith("work.0.weight"))
    session.select_tensor(hidden.tensor)
    assert session.selection.item == hidden.id
    session.fold_all()
    assert (session.selection.tensor, session.selection.item) == (hidden.tensor, NET)
    session.unfold_all()
    assert (session.selection.tensor, session.selection.item) == (hidden.tensor, hidden.id)


def test_revealing_opens_just_the_groups_around(session: Session) -> None:
    hidden = next(box for box in drawn(session).boxes if box.name.endswith("blocks.0.work.0.weight"))
    session.fold_all()
    session.reveal_tensor(hidden.tensor)
    assert hidden.id in [box.id for box in drawn(session).boxes]
    assert session.selection.item == hidden.id
    assert "blocks.1" in [block.name for block in drawn(session).blocks]


def test_pointing_at_code_lights_the_group_that_holds_it(session: Session) -> None:
    session.fold_all()
    line = next(n for n, text in enumerate(PROGRAMS["blocks"].splitlines(), 1) if "x + self.work" in text)
    session.hover_code(
        session.visible_cells[0].id, line, PROGRAMS["blocks"].splitlines()[line - 1].index("x +")
    )
    assert session.hovered_item == NET


def test_pointing_at_a_group_lights_the_code_of_all_that_lies_in_it(session: Session) -> None:
    session.fold_all()
    session.hover_item(NET)
    lines = PROGRAMS["blocks"].splitlines()
    lit = {lines[span.line - 1][span.col : span.end_col] for span in session.hovered_group}
    assert "x + self.work(self.norm(x))" in lit
    assert "self.head(self.blocks(x))" in lit
    assert not any("pow(2)" in text for text in lit)
    assert session.hovered_span is None
    session.hover_item(None)
    assert session.hovered_group == ()


def test_pointing_at_a_tensor_lights_the_call_that_made_it_and_back(session: Session) -> None:
    session.unfold_all()
    box = next(box for box in drawn(session).boxes if box.name == "x")
    session.hover_item(box.id)
    assert session.hovered_span is not None
    line = PROGRAMS["blocks"].splitlines()[session.hovered_span.line - 1]
    assert line == "x = torch.randn(3, 4)"
    session.hover_item(None)
    session.hover_code(session.visible_cells[0].id, PROGRAMS["blocks"].splitlines().index(line) + 1, 6)
    assert session.hovered_item == box.id


def test_a_choice_holds_in_a_later_run_where_lines_were_put_before() -> None:
    folds, first = Folds(), structure(recorded("blocks"), 0)
    folds.choose(first, [INNER], closed=True)
    longer = PROGRAMS["blocks"].replace(
        "net = Net()", "s = torch.ones(2, requires_grad=True) * 2\nnet = Net()"
    )
    later = structure(record_text(longer), 0)
    assert keys_of(later, folds.closed(later)) == keys_of(first, folds.closed(first)) != set()


def test_what_is_seen_of_an_item_is_the_outermost_closed_group() -> None:
    whole = structure(recorded("blocks"), 0)
    circle = whole.circles[1].id
    closed = fold(whole, {NET, INNER})
    assert seen_as(closed, circle) == seen_as(closed, INNER) == NET
    assert seen_as(whole, circle) == circle
    assert seen_as(whole, ItemId("o999999")) is None


def test_closing_and_opening_gives_the_same_structure_again() -> None:
    folds = Folds(), Folds()
    pictures = Pictures(recorded("blocks"), folds)
    first = pictures.at(3, frozenset(), unrolled=False).structure
    assert first is not None
    folds[0].choose(first, [NET], closed=True)
    assert pictures.at(3, frozenset(), unrolled=False).structure is not first
    folds[0].choose(first, [NET], closed=False)
    assert pictures.at(3, frozenset(), unrolled=False).structure is first
