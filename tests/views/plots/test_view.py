"""The plots' pane: what it draws of a run, where the step stands in it, and what a click and the buttons do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.trace.made import thinned_loop
from tests.trace.test_curves import made, tensor, turn
from tests.traces import golden
from tests.views.fake_session import FakeSession
from tutor.i18n import use_language
from tutor.protocol import Step
from tutor.session.session import Session
from tutor.trace.curves import curves
from tutor.trace.trace import Trace
from tutor.views.plots.view import PlotsView
from tutor.views.theme import DARK

LOOP = golden("loop")


class Run(FakeSession):
    """What the plots look at besides."""

    run_changed = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.covered: frozenset[str] = frozenset()

    def take(self, trace: Trace, step: int | None = None) -> None:
        self.trace = trace
        self.player.set_count(len(trace.steps))
        self.player.show(len(trace.steps) - 1 if step is None else step)
        self.trace_changed.emit()


@pytest.fixture
def run(tmp_path: Path, qapp: object) -> Iterator[Run]:
    session = Run(tmp_path)
    yield session
    session.deleteLater()


@pytest.fixture
def view(run: Run, qtbot: QtBot) -> PlotsView:
    shown = PlotsView(cast(Session, run))
    qtbot.addWidget(shown)
    shown.resize(360, 500)
    shown.show()
    return shown


def shown(view: PlotsView, run: Run, trace: Trace, step: int | None = None) -> None:
    run.take(trace, step)
    view.refresh()


def many(count: int) -> Trace:
    """A backward into so many leaves, the later the larger."""
    leaves = [tensor(n, f"w{n}", 1.0, 0, leaf=True) for n in range(count)]
    loss = tensor(count, "loss", 3.0, 0, leaf=False)
    steps = [Step(kind="operation", id=0)]
    return made(*leaves, loss, steps, turn(0, count, {n: float(n + 1) for n in range(count)}, 1))


def test_without_a_backward_it_says_what_would_stand_here(view: PlotsView, run: Run) -> None:
    view.refresh()
    assert "Each backward adds a point" in view.empty_words
    assert view.charts == ()


def test_a_loop_shows_its_loss_and_each_parameters_norm(view: PlotsView, run: Run) -> None:
    shown(view, run, LOOP)
    assert view.empty_words == ""
    losses, norms = view.charts
    assert [line.curve.name for line in losses.lines] == ["loss"]
    assert [line.curve.name for line in norms.lines] == ["model.weight", "model.bias"]
    assert losses.lines[0].numbers == [1, 2, 3, 4, 5]
    largest = max(losses.lines[0].heights(log=False))
    assert losses.heights[0] == 0.0
    assert losses.heights[1] > largest


def test_the_cursor_and_the_legend_tell_of_the_step(view: PlotsView, run: Run) -> None:
    shown(view, run, LOOP)
    ends = [backward.end_step - 1 for backward in LOOP.backwards if backward.end_step]
    run.player.seek(ends[1])
    assert [chart.cursor_place for chart in view.charts] == [2.0, 2.0]
    second = view.charts[0].lines[0].curve.points[1].value
    assert view.legends[0].texts == (f"loss {second:.4g}",)
    run.player.seek(-1)
    assert view.charts[0].cursor_place == 0.0
    assert view.legends[0].texts == ("loss",)


def test_a_click_goes_to_the_backward_under_it(view: PlotsView, run: Run, qtbot: QtBot) -> None:
    shown(view, run, LOOP)
    chart = view.charts[1]
    chart.grab()
    QTest.mouseClick(chart.viewport, Qt.MouseButton.LeftButton, pos=chart.point_of(3.1))
    assert LOOP.backwards[2].end_step is not None
    assert run.player.step == LOOP.backwards[2].end_step - 1
    assert chart.cursor_place == 3.0


def test_a_logarithmic_scale_leaves_out_what_has_no_logarithm(view: PlotsView, run: Run) -> None:
    trace = made(
        tensor(0, "w", 1.0, 0, leaf=True),
        tensor(1, "loss", 100.0, 0, leaf=False),
        [Step(kind="operation", id=0)],
        turn(0, 1, {0: 0.0}, 1),
        turn(1, 1, {0: 10.0}, 2),
        turn(2, 1, {0: 1000.0}, 3),
    )
    shown(view, run, trace)
    view.log.click()
    heights = view.charts[1].lines[0].heights(log=True)
    assert math.isnan(heights[0])
    assert heights[1:] == [1.0, 3.0]
    low, high = view.charts[1].heights
    assert 1.0 < low < 10.0
    assert 1000.0 < high < 10_000.0
    assert view.charts[1].ticks == ["10", "30", "100", "300", "1000", "3000"][: len(view.charts[1].ticks)]
    assert 3 <= len(view.charts[1].ticks) <= 6


def test_what_is_no_number_is_crossed_and_breaks_the_line(view: PlotsView, run: Run) -> None:
    trace = made(
        tensor(0, "w", 1.0, 0, leaf=True),
        tensor(1, "loss", 1.0, 0, leaf=False),
        [Step(kind="operation", id=0)],
        turn(0, 1, {0: 2.0}, 1),
        turn(1, 1, {0: ["nan"]}, 2),
    )
    shown(view, run, trace)
    line = view.charts[1].lines[0]
    assert line.broken() == [2]
    assert math.isnan(line.heights(log=False)[1])
    assert view.legends[1].texts == ("w nan",)
    view.apply_theme(DARK)
    image = view.charts[1].grab().toImage()
    red = sum(
        image.pixelColor(x, y).name() == DARK.error
        for x in range(image.width())
        for y in range(image.height())
    )
    assert red > 4


def test_of_many_parameters_the_largest_are_drawn_and_the_rest_on_request(view: PlotsView, run: Run) -> None:
    shown(view, run, many(9))
    assert [line.curve.name for line in view.charts[1].lines] == ["w3", "w4", "w5", "w6", "w7", "w8"]
    assert view.more.isVisible()
    assert view.more.text() == "3 more"
    view.more.click()
    assert len(view.charts[1].lines) == 9
    view.more.click()
    assert len(view.charts[1].lines) == 6
    looks = {(line.color, line.dash) for line in view.charts[1].lines}
    assert len(looks) == 6


def test_a_covered_loss_is_neither_drawn_nor_said(view: PlotsView, run: Run) -> None:
    run.covered = frozenset({"loss", "model.bias.grad"})
    shown(view, run, LOOP)
    assert view.charts[0].lines[0].numbers == []
    assert view.legends[0].texts == ("loss ?",)
    assert view.legends[1].texts[1] == "model.bias ?"
    run.covered = frozenset()
    run.picture_changed.emit()
    assert view.charts[0].lines[0].numbers == [1, 2, 3, 4, 5]


def test_it_grows_while_the_run_goes_on(view: PlotsView, run: Run, qtbot: QtBot) -> None:
    trace = many(2)
    shown(view, run, trace)
    trace.extend(turn(1, 2, {0: 4.0, 1: 5.0}, 2))
    run.take(trace)
    qtbot.waitUntil(lambda: view.charts[1].lines[0].numbers == [1, 2])


def test_hidden_it_waits(view: PlotsView, run: Run) -> None:
    view.hide()
    shown(view, run, LOOP)
    assert view.charts == ()
    view.show()
    assert len(view.charts) == 2


def test_a_low_pane_has_the_charts_side_by_side(view: PlotsView, run: Run, qtbot: QtBot) -> None:
    def corners() -> tuple[QPoint, QPoint]:
        first, second = (chart.mapTo(view, QPoint(0, 0)) for chart in view.charts)
        return first, second

    shown(view, run, LOOP)
    qtbot.waitUntil(lambda: corners()[0].y() < corners()[1].y())
    assert corners()[0].x() == corners()[1].x()
    view.resize(900, 320)
    qtbot.waitUntil(lambda: corners()[0].x() < corners()[1].x())
    assert corners()[0].y() == corners()[1].y()


def test_it_is_told_in_words_too_in_both_languages(view: PlotsView, run: Run) -> None:
    shown(view, run, LOOP)
    assert "5 backwards" in view.description
    assert "‖model.weight.grad‖" in view.description
    use_language("es")
    view.retranslate()
    assert view.accessibleName() == "Curvas"


def test_lines_are_broken_where_backwards_were_left_out(view: PlotsView, run: Run) -> None:
    trace = Trace()
    trace.extend(thinned_loop([3, 2], [5], 2))
    shown(view, run, trace)
    line = view.charts[1].lines[0]
    assert line.numbers == [1, 2, 3, 9, 10]
    assert line.goes_on(curves(trace).gaps) == [True, True, False, True, False]
    assert "5 backwards were left out" in view.notes
    shown(view, run, LOOP)
    assert "left out" not in view.notes
