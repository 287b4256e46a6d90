"""How numbers are drawn: in cells, a block each, as a thumbnail or by what is known of them; signs that grey keeps apart."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from tests.traces.recording import record_text
from tests.views.graph.pane import box, shown
from tests.views.graph_session import GraphSession
from tutor.protocol import Stats
from tutor.trace.picture import Shown
from tutor.views.graph.box import BoxItem
from tutor.views.graph.face_paint import block_pixels, draw_face, face_size, mini_room, statistics_lines
from tutor.views.graph.faces import (
    face_of,
    largest,
    numbers,
    page_count,
    page_name,
    page_rows,
    reduced,
    weights,
)
from tutor.views.graph.paint import Inks
from tutor.views.graph.values import cells, inline, summary, tooltip
from tutor.views.graph.view import GraphView
from tutor.views.theme import LIGHT


@pytest.mark.parametrize(
    ("shape", "kept", "kind"),
    [
        ((), True, "line"),
        ((0, 3), True, "line"),
        ((6,), True, "cells"),
        ((6, 6), True, "cells"),
        ((7,), True, "blocks"),
        ((64, 16), True, "blocks"),
        ((65, 4), True, "thumbnail"),
        ((300,), True, "thumbnail"),
        ((784, 64), False, "statistics"),
        ((4, 1, 3, 3), True, "cells"),
        ((2, 5, 8), True, "blocks"),
    ],
)
def test_the_face_follows_from_the_shape(shape: tuple[int, ...], kept: bool, kind: str) -> None:
    assert face_of(shape, kept=kept).kind == kind


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (784, 64), (64, 64), (64, 1), (40,), (100_000,)])
def test_every_face_has_room_of_its_own_and_none_is_huge(shape: tuple[int, ...]) -> None:
    for kept in (True, False):
        width, height = face_size(face_of(shape, kept=kept), 80.0, 20.0)
        assert 10 <= width <= 260 and 10 <= height <= 180
    room = mini_room(shape)
    assert room is not None and room[0] < 120 and room[1] < 40


def test_a_block_stands_for_its_largest_number_with_its_sign() -> None:
    values = np.zeros((130, 3))
    values[0, 0], values[1, 0], values[129, 2] = 1.0, -5.0, 2.0
    small = reduced(values)
    assert small.shape == (64, 3)
    assert small[0, 0] == -5.0 and small[63, 2] == 2.0 and np.count_nonzero(small) == 2


def test_no_block_hides_a_nan_or_an_infinity() -> None:
    values = np.ones((300, 200))
    values[7, 100], values[299, 199] = np.nan, -np.inf
    small = reduced(values)
    assert np.isnan(small).sum() == 1 and np.isneginf(small).sum() == 1


def test_pages_are_the_matrices_of_the_last_two_dimensions() -> None:
    data = np.arange(24.0).reshape(2, 1, 3, 4)
    held = Shown(data.tolist(), data.shape)
    assert page_count(data.shape) == 2 and page_name(data.shape, 1) == "[1, 0, :, :]"
    rows = page_rows(held, 1)
    assert rows is not None and numbers(rows).tolist() == data[1, 0].tolist()
    table = cells(held, 1)
    assert table is not None and table.texts[0] == ("12", "13", "14", "15")
    assert table.weights[2][3] == 1.0, "all pages have one scale"
    first = cells(held, 0)
    assert first is not None and max(max(row) for row in first.weights) == 11 / 23


def test_complex_numbers_are_one_element_each() -> None:
    held = Shown([[3.0, 4.0], [0.0, 0.0]], (2,))
    table = cells(held)
    assert table is not None and table.texts == (("3+4i", "0+0i"),) and table.weights == ((1.0, 0.0),)
    assert tooltip(held) == "[3.0+4.0i, 0.0+0.0i]"


def test_what_is_no_number_keeps_its_kind_and_minus_zero_is_zero() -> None:
    held = Shown([1.0, "nan", "-inf", -0.0], (4,))
    table = cells(held)
    assert table is not None and table.texts == (("1", "nan", "−∞", "0"),)
    assert np.isnan(table.weights[0][1]) and table.weights[0][2] == -np.inf and table.weights[0][3] == 0
    assert tooltip(held) == "[1.0, nan, −∞, −0.0]"


def test_tiny_numbers_are_as_strong_as_large_ones() -> None:
    found = weights(np.array([[1e-20, -3e-22]]), largest(Shown([[1e-20, -3e-22]], (1, 2))))
    assert found.tolist() == [[1.0, pytest.approx(-0.03)]]


def test_the_tooltip_is_exact_in_either_precision() -> None:
    assert tooltip(Shown(float(np.float32(0.1)), ())) == "0.1"
    assert tooltip(Shown(0.1, ())) == "0.1" and tooltip(Shown(1 / 3, ())) == repr(1 / 3)
    assert tooltip(Shown([], (0, 3))) == "No elements."


def test_covered_numbers_show_nothing_but_their_shape() -> None:
    held = Shown([[7.0, 8.0]], (1, 2), covered=True)
    table = cells(held)
    assert table is not None and table.texts == (("?", "?"),)
    assert page_rows(held) is None and summary(held) == "?" and "7" not in tooltip(held)


def test_in_grey_a_negative_a_zero_and_a_nan_are_told_apart() -> None:
    pixels = block_pixels(np.array([[1.0, -1.0, 0.0, np.nan, np.inf]]), LIGHT, "value").mean(axis=2)
    blocks = [pixels[:, at * 9 : at * 9 + 9] for at in range(5)]
    positive, negative, zero, nan, inf = blocks
    assert np.ptp(positive) < 1, "plain"
    assert np.ptp(negative) > 60 and negative.mean() > positive.mean() + 20, "striped"
    assert (zero > 250).mean() > 0.9 and zero[4, 4] < 200, "paper with a dot"
    assert nan[0, 0] < 200 and nan[0, 4] > 250 and nan[4, 4] < 200, "a cross"
    assert inf[4, 4] > 250 and inf[4, 7] < 200, "a ring"


def test_statistics_say_what_is_known_and_that_it_is_a_sample() -> None:
    known = Stats(count=50_176, min=-1.0, max=2.0, mean=0.25, norm=9.0, nonfinite=0, sampled=True)
    assert statistics_lines(known) == ("−1 … 2", "mean 0.25 · norm 9", "50\u202f176 numbers · sampled")
    odd = Stats(count=2_000, min=None, max=None, mean=None, norm=None, nonfinite=2_000)
    assert statistics_lines(odd) == ("2\u202f000 numbers · 2\u202f000 ✕",)


def painted(held: Shown, *, kept: bool = True) -> QImage:
    face = face_of(held.shape, kept=kept)
    image = QImage(300, 160, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    width, height = face_size(face, 120.0, 40.0)
    draw_face(painter, QRectF(10, 10, width, height), face, held, Inks(LIGHT), gradient=True)
    painter.end()
    return image


@pytest.mark.usefixtures("qapp")
def test_every_kind_of_face_can_be_drawn_of_every_kind_of_value() -> None:
    stats = Stats(count=2_000, min=-1.0, max=2.0, mean=0.25, norm=9.0, nonfinite=3)
    blank = QImage(300, 160, QImage.Format.Format_RGB32)
    blank.fill(QColor("white"))
    for shape in ((), (3,), (2, 3), (10, 20), (2, 10, 20), (100, 2), (0, 4)):
        ones = np.ones(shape).tolist()
        for held in (
            Shown(ones, shape),
            Shown(None, shape, stats),
            Shown(None, shape),
            Shown(ones, shape, covered=True),
        ):
            for kept in (True, False):
                assert painted(held, kept=kept) != blank, (shape, held)


PAGED = """
import torch
p = torch.arange(24.).reshape(2, 3, 4).requires_grad_()
q = (p * p).sum()
q.backward()
"""


def view_of(qtbot: QtBot, text: str) -> tuple[GraphSession, GraphView]:
    session = GraphSession(record_text(text))
    view = shown(qtbot, session, (1100, 640))
    session.player.last()
    return session, view


def arrow(item: BoxItem, *, right: bool) -> None:
    pages = item.anatomy.pages
    assert pages is not None
    place = pages.center()
    place.setX(pages.right() - 10 if right else pages.left() + 10)
    taken = item.click_at(place)
    assert taken == item.look.selected


def test_the_selected_box_turns_its_pages_and_no_other_does(qtbot: QtBot) -> None:
    session, view = view_of(qtbot, PAGED)
    item = box(view, "p")
    arrow(item, right=True)
    assert item.page == 0, "a click on a box that is not selected selects it"
    session.select_item(item.box.id)
    arrow(item, right=True)
    assert item.page == 1
    arrow(item, right=True)
    assert item.page == 0
    arrow(item, right=False)
    assert item.page == 1


GROWS = """
import torch
w = torch.zeros(3, 3, requires_grad=True)
big = torch.zeros(40, 50, requires_grad=True)
for turn in range(3):
    loss = ((w - 1234.5 * turn) ** 2).sum() + ((big - turn) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.001 * w.grad
        w.grad = None
"""


def test_what_is_drawn_stays_inside_its_box_at_every_step(qtbot: QtBot) -> None:
    session, view = view_of(qtbot, GROWS)
    for step in range(session.player.count):
        session.at(step)
        for item in view.scene.pool.boxes.values():
            anatomy = item.anatomy
            width, height = anatomy.face_size
            assert width <= anatomy.value.width() + 1
            if anatomy.face.kind != "line":
                assert height <= anatomy.value.height()
                state = item.state
                if state is not None and state.grad.value is not None:
                    assert height <= anatomy.grad.height()


def test_what_a_caption_says_of_numbers_too_small_to_be_written() -> None:
    assert summary(Shown([[1.0] * 7] * 2, (2, 7))) == "all 1"
    assert summary(Shown([1.0, "nan", "-inf", -3.0], (4,))) == "−3 … 1 · 2 ✕"
    assert summary(Shown(["nan"] * 8, (8,))) == "8 ✕"
    assert summary(Shown([[3.0, 4.0], [0.0, 1.0]], (2,))) == "|z| 1 … 5"
    assert summary(Shown(None, (9, 9))) == "▦ 9×9"


def test_a_complex_number_is_written_as_one_in_chips_and_rows() -> None:
    assert inline(Shown([3.0, -4.0], ())) == "3−4i"
    assert inline(Shown([[3.0, -4.0], [0.0, 1.0]], (2,))) == "[3−4i, 0+1i]"
    assert tooltip(Shown([3.0, -4.0], ())) == "3.0−4.0i"


def test_a_value_of_another_shape_than_the_box_was_made_for_is_still_drawn() -> None:
    held = Shown(np.ones((2, 2, 2)).tolist(), (2, 2, 2))
    assert page_rows(held, 5) == page_rows(held, 1) is not None
    assert page_rows(Shown([[1.0, 2.0], [3.0]], (2, 2))) is None, "a file may hold anything"


def test_the_legend_explains_the_signs_of_numbers_only_where_they_are_not_written_out(qtbot: QtBot) -> None:
    small = "import torch\nw = torch.ones(3, 3, requires_grad=True)\n(w * w).sum().backward()\n"
    for text, expected in ((small, False), (GROWS, True)):
        _session, view = view_of(qtbot, text)
        assert ("hatched: negative" in view.legend.accessibleDescription()) is expected


def test_empty_tensors_and_those_whose_sizes_vary_are_drawn_with_their_trays(qtbot: QtBot) -> None:
    text = (
        "import torch\ne = torch.zeros(0, 3, requires_grad=True)\n(e * 2).sum().backward()\n"
        "z = torch.zeros(2, 0, 4)\n"
        "n = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)], requires_grad=True)\n"
        "(n * 2).to_padded_tensor(0.).sum().backward()\n"
    )
    session, view = view_of(qtbot, text)
    for step in range(session.player.count):
        session.at(step)
        view.grab()
