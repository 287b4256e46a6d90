"""The start page: lessons with their progress, the sandbox, the files opened last."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.views.fake_session import FakeSession
from tutor.course.lesson import LessonEntry
from tutor.i18n import use_language
from tutor.source.disk import DocumentError
from tutor.views.home import view as home_view
from tutor.views.home.view import HomeView
from tutor.views.theme import DARK


def _entry(number: int, *, parts: int = 4) -> LessonEntry:
    return LessonEntry(f"l{number}", number, f"Lesson {number}", 7, "en", Path("en.md"), parts)


@pytest.fixture
def session(tmp_path: Path, qapp: object) -> FakeSession:
    return FakeSession(tmp_path)


@pytest.fixture
def home(session: FakeSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> HomeView:
    monkeypatch.setattr(home_view, "lessons", lambda _language: (_entry(0), _entry(1), _entry(2)))
    home = HomeView(session)  # type: ignore[arg-type]
    qtbot.addWidget(home)
    home.resize(1000, 700)
    home.show()
    return home


def _click(qtbot: QtBot, card: object) -> None:
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)  # type: ignore[arg-type]


def test_each_lesson_has_a_card_that_opens_it(home: HomeView, session: FakeSession, qtbot: QtBot) -> None:
    assert [card.text_shown.title for card in home.lesson_cards] == ["Lesson 0", "Lesson 1", "Lesson 2"]
    _click(qtbot, home.lesson_cards[1])
    assert session.opened == ["l1"]


def test_progress_shows_on_the_card_and_the_next_lesson_invites(home: HomeView, session: FakeSession) -> None:
    session.progress.go_to("l0", 3)
    session.progress.finish("l0")
    session.progress.go_to("l1", 2)
    session.lesson_changed.emit()
    done, begun, fresh = (card.text_shown for card in home.lesson_cards)
    assert (done.share, begun.share, fresh.share) == (1.0, 0.5, 0.0)
    assert done.line == "Done · 7 minutes"
    assert begun.line == "Part 3 of 4 · 7 minutes"
    assert fresh.line == "4 parts · 7 minutes"
    assert [done.inviting, begun.inviting, fresh.inviting] == [False, True, False]


def test_return_and_space_open_the_card_that_has_the_focus(
    home: HomeView, session: FakeSession, qtbot: QtBot
) -> None:
    home.sandbox_card.setFocus()
    qtbot.keyClick(home.sandbox_card, Qt.Key.Key_Space)
    qtbot.keyClick(home.sandbox_card, Qt.Key.Key_Return)
    assert session.opened == ["sandbox", "sandbox"]


def test_the_next_lesson_has_the_focus_when_the_page_opens(home: HomeView, session: FakeSession) -> None:
    session.progress.go_to("l0", 3)
    session.progress.finish("l0")
    home.hide()
    home.show()
    assert home.focusWidget() is home.lesson_cards[1]


def test_open_asks_the_window_for_a_file(home: HomeView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(home.open_wanted):
        _click(qtbot, home.open_card)


def test_recent_files_open_and_those_that_are_gone_leave(
    home: HomeView, session: FakeSession, qtbot: QtBot, tmp_path: Path
) -> None:
    assert not home.recent_cards
    session.recent = (tmp_path / "net.py", tmp_path / "Q.ipynb")
    session.document_changed.emit()
    assert [card.text_shown.title for card in home.recent_cards] == ["net.py", "Q.ipynb"]
    _click(qtbot, home.recent_cards[1])
    assert session.opened == [tmp_path / "Q.ipynb"]
    session.recent = session.recent[:1]
    session.document_changed.emit()
    assert [card.text_shown.title for card in home.recent_cards] == ["net.py"]


def test_a_lesson_at_fault_is_told_and_the_rest_works(
    home: HomeView, session: FakeSession, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    def broken(_language: str) -> tuple[LessonEntry, ...]:
        raise DocumentError(Path("en.md"), 3, "no title")

    monkeypatch.setattr(home_view, "lessons", broken)
    home.refresh()
    assert "en.md" in home.fault.text()
    assert "no title" in home.fault.text()
    assert not home.fault.isHidden()
    _click(qtbot, home.sandbox_card)
    assert session.opened == ["sandbox"]


def test_without_any_lesson_it_says_so(home: HomeView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_view, "lessons", lambda _language: ())
    home.refresh()
    assert "No lessons" in home.fault.text()


def test_the_cards_go_below_each_other_where_there_is_no_room(home: HomeView, qtbot: QtBot) -> None:
    def lefts() -> int:
        return len({card.x() for card in home.lesson_cards})

    qtbot.waitUntil(lambda: lefts() == 3)
    home.resize(420, 700)
    qtbot.waitUntil(lambda: lefts() == 1)
    assert all(card.geometry().right() <= 420 for card in home.lesson_cards)


def test_language_and_theme_change_at_once(home: HomeView) -> None:
    before = home.grab().toImage().pixelColor(3, 3).lightness()
    use_language("es")
    home.retranslate()
    assert home.sandbox_card.text_shown.title == "Laboratorio"
    home.apply_theme(DARK)
    assert home.lesson_cards[0].grab().toImage().pixelColor(60, 8).lightness() < 80 < before
