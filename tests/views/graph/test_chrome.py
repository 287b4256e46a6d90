"""What stands around and over the graph: it grows with the letters, explains what is there, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.views.graph.pane import shown
from tests.views.graph_session import GraphSession
from tutor.trace.picture import Shown
from tutor.trace.values import short
from tutor.views.graph.box import badge_rect
from tutor.views.graph.fonts import text_width
from tutor.views.graph.values import inline, tooltip
from tutor.views.theme import LIGHT, apply


@pytest.fixture
def letters(qapp: QApplication) -> Iterator[Callable[[int], None]]:
    """Sets the letters of the whole program, in per cent."""
    font, style = qapp.font(), qapp.styleSheet()
    apply(qapp, LIGHT)
    yield partial(apply, qapp, LIGHT)
    qapp.setStyleSheet(style)
    qapp.setFont(font)


def test_larger_letters_make_bar_legend_and_empty_state_larger(
    qtbot: QtBot, letters: Callable[[int], None]
) -> None:
    view = shown(qtbot, GraphSession("frozen"), (900, 800))
    view.empty.show_words(("Nothing to draw", "No tensor was computed."))
    parts = (view.buttons.fit, view.empty.title, view.empty.text)
    before = [part.fontMetrics().height() for part in parts]
    legend = view.legend.height()
    letters(150)
    after = [part.fontMetrics().height() for part in parts]
    assert all(large > 1.3 * small for small, large in zip(before, after, strict=True))
    assert view.legend.height() > 1.3 * legend


def test_with_larger_letters_a_pane_must_be_higher_to_show_its_legend(
    qtbot: QtBot, letters: Callable[[int], None]
) -> None:
    view = shown(qtbot, GraphSession("q"), (900, 500))
    assert view.legend.isVisible()
    letters(200)
    assert not view.legend.isVisible()


def test_the_legend_explains_the_snowflake_where_something_is_frozen(qtbot: QtBot) -> None:
    for name, expected in (("two_paths", False), ("frozen", True)):
        view = shown(qtbot, GraphSession(name))
        assert ("frozen" in view.legend.accessibleDescription()) is expected


@pytest.mark.parametrize("name", ["two_paths", "q"])
def test_a_callouts_pointer_goes_with_it(name: str, qtbot: QtBot) -> None:
    session = GraphSession(name)
    view = shown(qtbot, session, (900, 560))
    callout, seen = view.scene.callout, 0
    for step in range(session.player.count):
        session.at(step)
        if callout.isVisible():
            seen += 1
            assert not callout.rect.contains(callout.tip)
            assert callout.boundingRect().contains(callout.tip)
    assert seen > 2


def test_a_number_is_written_one_way_in_box_chip_and_callout_and_exactly_under_the_pointer() -> None:
    number, pair = Shown(-0.0579312, ()), Shown([-0.0579312, 0.0312345], (2,))
    assert inline(number) == short(number.data) == "−0.05793"
    assert inline(pair) == short(pair.data) == "[−0.05793, 0.03123]"
    assert tooltip(pair) == "[−0.0579312, 0.0312345]"


def test_a_gradient_at_which_nobody_looked_says_so_under_the_pointer() -> None:
    unread = Shown(None, (2_000,), unread=True)
    assert tooltip(unread) == "Made while nothing was recorded, and not looked at: [2000]"
    assert "Too large" in tooltip(Shown(None, (2_000,)))


def test_a_high_version_has_room_in_its_badge(qtbot: QtBot) -> None:
    assert badge_rect(QRectF(0, 0, 120, 90), "v430").width() > text_width("small", "v430") + 8
    assert badge_rect(QRectF(0, 0, 120, 90), "v1").width() == 28


def test_nothing_of_a_callout_stays_on_the_screen(qtbot: QtBot) -> None:
    """What the window shows after a partial repaint is what a whole one would show."""
    session = GraphSession("two_paths")
    view = shown(qtbot, session, (900, 560))
    for step in (4, 5, 6, session.player.count - 1):
        session.at(step)
        QApplication.processEvents()
        assert view.scene.callout.isVisible()
        view.scene.callout.hide()
        QApplication.processEvents()
        seen = view.screen().grabWindow(view.winId()).toImage()
        whole = view.grab().toImage()
        assert seen.convertToFormat(whole.format()) == whole
