"""What a lesson's Markdown becomes on the screen."""

from __future__ import annotations

from html import unescape

import pytest
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from tutor.views.fonts import load_fonts, mono, sans
from tutor.views.prose.markdown import Look, Page, to_page
from tutor.views.theme import DARK, LIGHT


@pytest.fixture
def look(qtbot: QtBot) -> Look:
    load_fonts()
    return Look(LIGHT, sans(15), mono(14), 1.0)


def plain(page: Page) -> str:
    document = QTextDocument()
    document.setHtml(page.html)
    return document.toPlainText()


def test_html_of_the_author_is_shown_and_not_obeyed(look: Look) -> None:
    assert "<b>loud</b>" in plain(to_page("<b>loud</b>", look))


def test_short_code_is_not_broken_at_its_spaces(look: Look) -> None:
    assert "3\u00a0*\u00a0a**3" in unescape(to_page("`3 * a**3`", look).html)


def test_a_formula_that_cannot_be_drawn_shows_its_source_in_red(look: Look) -> None:
    html = to_page(r"$\frac{1}{$", look).html
    assert LIGHT.error in html
    assert r"\frac{1}{" in unescape(html)


def test_display_and_inline_formulas_are_two_images(look: Look) -> None:
    page = to_page("$x$ and\n\n$$\nx\n$$\n", look)
    assert len(page.images) == 2
    assert 'alt="x"' in page.html


def test_a_note_has_its_title_and_its_text(look: Look) -> None:
    text = plain(to_page(":::{note} Mind\nthe *gap*\n:::", look))
    assert text.split() == ["Mind", "the", "gap"]


def test_only_the_opened_note_shows_its_text(look: Look) -> None:
    text = ":::{dropdown} One\nfirst\n:::\n\n:::{dropdown} Two\nsecond\n:::\n"
    assert "first" not in plain(to_page(text, look)) and "second" not in plain(to_page(text, look))
    opened = plain(to_page(text, look, {1}))
    assert "second" in opened and "first" not in opened


def test_tables_and_code_blocks_keep_their_text(look: Look) -> None:
    text = plain(to_page("| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n", look))
    assert all(piece in text for piece in ("a", "b", "1", "2", "x = 1"))


def test_a_dollar_in_code_is_no_formula(look: Look) -> None:
    assert to_page("`$x$`", look).images == {}


def test_dark_has_its_own_ink(look: Look) -> None:
    dark = Look(DARK, look.font, look.code_font, 1.0)
    one, other = to_page("$x$", look), to_page("$x$", dark)
    assert next(iter(one.images.values())).image != next(iter(other.images.values())).image
