"""The table of tensors and the grid of numbers as models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tutor.protocol import Stats, TensorId
from tutor.trace.picture import GradRow, Shown
from tutor.trace.tensors import TensorRow
from tutor.views.tensors.detail import stats_words
from tutor.views.tensors.model import Column, TensorModel, short_dtype, shown_text
from tutor.views.tensors.numbers_model import (
    NUMBER_ROLE,
    SHARE_ROLE,
    NumbersModel,
    typed_number,
    with_element,
)
from tutor.views.tensors.numbers_view import step_of, stepped

Check = Qt.ItemDataRole.CheckStateRole


def row(tensor: int, name: str, **other: Any) -> TensorRow:
    known: dict[str, Any] = {
        "tensor": TensorId(tensor),
        "name": name,
        "shape": (2,),
        "dtype": "float32",
        "device": "cpu",
        "requires_grad": True,
        "is_leaf": True,
        "grad_fn": None,
        "value": Shown([2.0, 3.0], (2,)),
        "grad": GradRow(None, "no_backward_yet"),
        "retains_grad": False,
        "version": 0,
    }
    return TensorRow(**(known | other))


A = row(0, "a")
B = row(1, "b", grad=GradRow(Shown([-12.0, -8.0], (2,))))
Q = row(2, "Q", is_leaf=False, grad_fn="SubBackward0", grad=GradRow(None, "passes"))


@pytest.fixture
def asked() -> list[tuple[int, bool]]:
    return []


@pytest.fixture
def model(qtbot: QtBot, asked: list[tuple[int, bool]]) -> TensorModel:
    return TensorModel(lambda tensor, on: asked.append((tensor, on)))


def texts(model: TensorModel, line: int) -> list[str]:
    return [str(model.index(line, column).data()) for column in Column]


def test_the_models_keep_qts_rules(model: TensorModel, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(model)
    model.show_rows([A, B])
    qtmodeltester.check(model)
    model.show_rows([A, Q])
    numbers = NumbersModel()
    qtmodeltester.check(numbers)
    numbers.show_numbers(Shown([[1.0, 2.0]], (1, 2)), (1, 2), "float32", edit=lambda place, number: True)
    qtmodeltester.check(numbers)


def test_a_row_says_what_the_tensor_is(model: TensorModel) -> None:
    model.show_rows([A, B, Q])
    assert texts(model, 0) == ["a", "[2]", "f32", "", "✓", "None · no backward yet", "None", "cpu"]
    assert texts(model, 1)[Column.GRAD] == "[−12, −8]"
    assert texts(model, 2) == ["Q", "[2]", "f32", "", "", "None · passes, not kept", "SubBackward0", "cpu"]


def test_no_gradient_and_a_gradient_of_zero_never_look_alike(model: TensorModel) -> None:
    zero = row(3, "w", shape=(), value=Shown(1.0, ()), grad=GradRow(Shown(0.0, ())))
    model.show_rows([zero, replace(zero, tensor=TensorId(4), grad=GradRow(None, "cleared", 9))])
    assert texts(model, 0)[Column.GRAD] == "0"
    assert texts(model, 1)[Column.GRAD] == "None · cleared, line 9"


def test_what_is_covered_is_covered_in_text_and_hover(model: TensorModel) -> None:
    hidden = Shown([36.0, 81.0], (2,), covered=True)
    model.show_rows([row(0, "a", value=hidden, grad=GradRow(hidden))])
    shown = [
        str(model.index(0, column).data(role))
        for column in Column
        for role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        )
    ]
    assert texts(model, 0)[Column.GRAD] == "?"
    assert not any("36" in text or "81" in text for text in shown)


def test_the_exact_value_is_on_hover(model: TensorModel) -> None:
    model.show_rows([row(0, "a", value=Shown([1 / 3], (1,)), grad=GradRow(Shown([0.1], (1,))))])
    tip = model.index(0, Column.NAME).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("a = [0.33333")
    assert model.index(0, Column.GRAD).data(Qt.ItemDataRole.ToolTipRole) == "[0.1]"


def test_the_box_asks_and_does_not_tick_itself(model: TensorModel, asked: list[tuple[int, bool]]) -> None:
    model.show_rows([A])
    box = model.index(0, Column.REQUIRES_GRAD)
    assert box.flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert model.setData(box, Qt.CheckState.Unchecked, Check)
    assert asked == [(0, False)]
    assert box.data(Check) == Qt.CheckState.Checked
    model.show_rows([replace(A, requires_grad=False)])
    assert box.data(Check) == Qt.CheckState.Unchecked


def test_only_what_changed_is_told(model: TensorModel, qtbot: QtBot) -> None:
    model.show_rows([A, B])
    changed: list[int] = []
    model.dataChanged.connect(lambda first, last: changed.append(first.row()))
    model.show_rows([A, B])
    assert changed == []
    with qtbot.assertNotEmitted(model.modelReset), qtbot.waitSignal(model.rowsInserted):
        model.show_rows([A, replace(B, version=1), Q])
    assert changed == [1]
    with qtbot.assertNotEmitted(model.modelReset), qtbot.waitSignal(model.rowsRemoved):
        model.show_rows([B, Q])
    assert [texts(model, line)[0] for line in range(model.rowCount())] == ["b", "Q"]
    model.show_rows([Q, B])
    assert [texts(model, line)[0] for line in range(model.rowCount())] == ["Q", "b"]


@pytest.mark.parametrize(
    ("dtype", "short"),
    [("float32", "f32"), ("torch.bfloat16", "bf16"), ("int64", "i64"), ("uint8", "u8"), ("bool", "bool")],
)
def test_types_are_short_in_the_narrow_column(dtype: str, short: str) -> None:
    assert short_dtype(dtype) == short


def grid(model: NumbersModel) -> list[list[str]]:
    return [
        [str(model.index(line, column).data()) for column in range(model.columnCount())]
        for line in range(model.rowCount())
    ]


@pytest.mark.parametrize(
    ("data", "shape", "shown"),
    [
        (3.0, (), [["3"]]),
        ([1.0, -2.5], (2,), [["1", "−2.5"]]),
        ([[1.0, 0.0], ["nan", "-inf"]], (2, 2), [["1", "0"], ["nan", "−∞"]]),
        ([[[1, 2]], [[3, 4]]], (2, 1, 2), [["1", "2"]]),
        ([[1.0, 2.0], [0.0, -3.0]], (2,), [["1+2i", "0−3i"]]),
        ([True, False], (2,), [["True", "False"]]),
        ([], (0,), []),
    ],
)
def test_numbers_stand_in_a_grid(
    qtbot: QtBot, data: Any, shape: tuple[int, ...], shown: list[list[str]]
) -> None:
    model = NumbersModel()
    model.show_numbers(Shown(data, shape), shape, "float32")
    assert grid(model) == shown


def test_of_more_dimensions_one_page_is_shown_and_another_can_be(qtbot: QtBot) -> None:
    model = NumbersModel()
    data = [[[1, 2], [3, 4]], [[5, 6], [7, -8]]]
    edits: list[tuple[int, float]] = []
    model.show_numbers(Shown(data, (2, 2, 2)), (2, 2, 2), "int64", edit=lambda *edit: not edits.append(edit))
    assert (model.pages, model.page) == (2, 0)
    changed: list[object] = []
    model.dataChanged.connect(lambda *found: changed.append(found))
    model.set_page(1)
    assert grid(model) == [["5", "6"], ["7", "−8"]] and changed
    assert model.index(0, 0).data(SHARE_ROLE) == 5 / 8, "all pages have one scale"
    assert model.setData(model.index(1, 0), "9") and edits == [(6, 9.0)]
    model.show_numbers(Shown(data, (2, 2, 2)), (2, 2, 2), "int64")
    assert model.page == 1, "the same tensor a step later stays open at its page"
    model.show_numbers(Shown([[1.0]], (1, 1)), (1, 1), "float32")
    assert model.page == 0 and grid(model) == [["1"]]


def test_complex_numbers_are_exact_on_hover_and_as_strong_as_they_are_large(qtbot: QtBot) -> None:
    model = NumbersModel()
    model.show_numbers(Shown([[3.0, 4.0], [0.0, 2.5]], (2,)), (2,), "complex64")
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole) == "3.0+4.0i"
    assert model.index(0, 1).data(SHARE_ROLE) == 0.5


def test_covered_numbers_are_question_marks_and_cannot_be_copied_or_edited(qtbot: QtBot) -> None:
    model = NumbersModel()
    model.show_numbers(
        Shown([36.0, 81.0], (2,), covered=True), (2,), "float32", edit=lambda place, number: True
    )
    assert grid(model) == [["?", "?"]]
    index = model.index(0, 0)
    assert model.copied([index]) == "?"
    assert index.data(NUMBER_ROLE) is None
    assert not index.flags() & Qt.ItemFlag.ItemIsEditable


def test_copies_are_exact_and_keep_rows_and_columns(qtbot: QtBot) -> None:
    model = NumbersModel()
    model.show_numbers(Shown([[1 / 3, 2.0], [3.0, 4.0]], (2, 2)), (2, 2), "float64")
    indexes = [model.index(line, column) for line in (1, 0) for column in (1, 0)]
    assert model.copied(indexes) == f"{1 / 3!r}\t2.0\n3.0\t4.0"


def test_an_edit_names_the_element_and_its_number(qtbot: QtBot) -> None:
    edits: list[tuple[int, float]] = []
    model = NumbersModel()
    model.show_numbers(
        Shown([[1.0, 2.0], [3.0, 4.0]], (2, 2)), (2, 2), "float32", edit=lambda *edit: not edits.append(edit)
    )
    assert model.setData(model.index(1, 0), "−2,5")
    assert not model.setData(model.index(1, 0), "two")
    assert edits == [(2, -2.5)]


def test_typed_numbers_and_elements_put_in_their_place() -> None:
    assert typed_number(" 1e-3 ") == 0.001
    assert typed_number("2,5") == 2.5
    assert typed_number("") is None
    assert with_element([[1, 2], [3, 4]], 3, 9.0) == [[1, 2], [3, 9.0]]
    assert with_element(3.0, 0, 1.5) == 1.5


@pytest.mark.parametrize(
    ("number", "steps", "moved"),
    [
        (2.5, 1, 2.6),
        (0.3, -3, 0.27),
        (36.0, 2, 38.0),
        (0.0, 1, 0.1),
        (-2.0, 1, -1.9),
        (9.9, 1, 10.0),
        (0.1 + 0.2, 1, 0.31),
    ],
)
def test_a_drag_moves_by_the_second_digit(number: float, steps: int, moved: float) -> None:
    assert step_of(number) > 0
    assert stepped(number, steps) == moved


def test_shift_drags_finer_and_ctrl_coarser() -> None:
    assert stepped(2.0, 3, finer=True) == 2.03
    assert stepped(2.0, 3, coarser=True) == 5.0


def test_integers_move_by_whole_numbers() -> None:
    assert stepped(2, 3, whole=True) == 5
    assert stepped(36, -1, finer=True, whole=True) == 35


def test_large_tensors_are_told_by_their_statistics() -> None:
    stats = Stats(count=100_000, min=-1.0, max=2.0, mean=0.5, norm=12.0, nonfinite=2, sampled=True)
    assert stats_words(stats) == (
        "100\u202f000 elements · min −1 · max 2 · mean 0.5 · norm 12 · 2 are nan or infinite · from a sample"
    )


def test_of_many_dimensions_the_table_says_between_what_the_numbers_lie() -> None:
    assert shown_text(Shown([[[1.0, 2.0]], [[3.0, -4.0]]], (2, 1, 2))) == "−4 … 3"
    assert shown_text(Shown([[1.0, 2.0]], (1, 2))) == "[[1, 2]]"
    assert shown_text(Shown([[[1.0, 2.0]]], (1, 1, 2), covered=True)) == "?"
