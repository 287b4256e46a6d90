"""Documents are frozen; every edit is a new one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.source.document import Cell, CellId, Document, fresh_id, sandbox

A, B, C = (Cell(CellId(name), "code", f"{name} = 1") for name in "abc")
ABC = Document("notebook", Path("n.ipynb"), (A, B, C))


def ids(document: Document) -> str:
    return "".join(cell.id for cell in document.cells)


def test_a_text_is_replaced_in_a_new_document() -> None:
    changed = ABC.with_text(B.id, "b = 2")
    assert changed.cell(B.id).text == "b = 2"
    assert ABC.cell(B.id).text == "b = 1"
    assert changed.cells[0] is A


def test_cells_are_added_behind_another_or_first() -> None:
    new = Cell(CellId("n"), "code", "")
    assert ids(ABC.with_cell_added(A.id, new)) == "anbc"
    assert ids(ABC.with_cell_added(None, new)) == "nabc"
    with pytest.raises(ValueError, match="exists already"):
        ABC.with_cell_added(None, A)


@pytest.mark.parametrize(("delta", "order"), [(1, "acb"), (-1, "bac"), (99, "acb"), (-99, "bac"), (0, "abc")])
def test_a_cell_moves_at_most_to_an_end(delta: int, order: str) -> None:
    assert ids(ABC.with_cell_moved(B.id, delta)) == order


def test_a_cell_is_deleted() -> None:
    assert ids(ABC.without_cell(B.id)) == "ac"


def test_what_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        ABC.cell(CellId("z"))


@pytest.mark.parametrize(
    ("offset", "first", "second"),
    [(0, "", "one\ntwo"), (3, "one", "two"), (4, "one", "two"), (5, "one\nt", "wo"), (7, "one\ntwo", "")],
)
def test_a_split_leaves_no_empty_line_at_the_seam(offset: int, first: str, second: str) -> None:
    whole = Cell(A.id, "code", "one\ntwo", {"tags": ["given"]})
    split = Document("notebook", None, (whole,)).with_cell_split(A.id, offset)
    assert [cell.text for cell in split.cells] == [first, second]
    assert split.cells[0].id == A.id
    assert split.cells[0].tags == ("given",)


def test_new_ids_are_above_every_number_taken() -> None:
    assert fresh_id([]) == "cell-1"
    assert fresh_id(["cell-7", "script", "cell-x", "cell-2"]) == "cell-8"
    assert ABC.new_cell_id() == "cell-1"


def test_only_a_script_is_one_text() -> None:
    assert ABC.divisible
    assert sandbox().divisible
    assert not Document("script", None, (A,)).divisible


@pytest.mark.parametrize(
    ("metadata", "tags"),
    [({}, ()), ({"tags": ["a", 3]}, ("a", "3")), ({"tags": "a"}, ()), ({"tags": None}, ())],
)
def test_tags_are_read_from_whatever_stands_there(metadata: dict[str, object], tags: tuple[str, ...]) -> None:
    assert Cell(A.id, "code", "", metadata).tags == tags


@given(st.text("ab\n", max_size=10), st.integers(0, 10))
def test_a_split_loses_nothing_but_the_seam(text: str, offset: int) -> None:
    cell = Cell(A.id, "code", text)
    split = Document("notebook", None, (cell,)).with_cell_split(A.id, min(offset, len(text)))
    first, second = (one.text for one in split.cells)
    assert (first + second).replace("\n", "") == text.replace("\n", "")
    assert len(text) - len(first + second) <= 2
