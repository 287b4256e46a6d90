"""Formulas stand on the text's baseline, are crisp, keep to the theme's ink, and are drawn once."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from tutor.course.tex import TexError, check_tex
from tutor.views.fonts import load_fonts, sans
from tutor.views.prose.maths import Formula, display_formula, inline_formula
from tutor.views.prose.view import Prose
from tutor.views.theme import LIGHT

JACOBIAN = (
    r"J=\left(\begin{array}{ccc}\frac{\partial y_{1}}{\partial x_{1}} & \cdots & \frac{\partial y_{1}}{\partial x_{n}}"
    r"\\ \vdots & \ddots & \vdots\\ \frac{\partial y_{m}}{\partial x_{1}} & \cdots & "
    r"\frac{\partial y_{m}}{\partial x_{n}}\end{array}\right)"
)
FORMULAS = [
    JACOBIAN,
    r"\begin{aligned}\frac{\partial Q}{\partial a} &= 9a^2\\ \frac{\partial Q}{\partial b} &= -2b\end{aligned}",
    r"\mathrm{ReLU}(x)=\begin{cases} x & \text{si } x>0\\ 0 & \text{en otro caso}\end{cases}",
    r"\langle u, v\rangle = \sum_{i=1}^{n} u_i v_i",
    r"\operatorname{softmax}(z)_i=\frac{e^{z_i}}{\sum_{j} e^{z_j}}",
]


def inline(tex: str, *, ratio: float = 1.0, color: str = "#000000") -> Formula:
    load_fonts()
    return inline_formula(tex, font=sans(15), color=color, ratio=ratio)


def ink_rows(image: QImage) -> list[int]:
    """The rows that have more than a shadow of ink."""
    return [
        y
        for y in range(image.height())
        if any(image.pixelColor(x, y).alpha() > 100 for x in range(image.width()))
    ]


@pytest.mark.parametrize("tex", FORMULAS)
def test_the_formulas_that_lessons_need_are_drawn(qtbot: QtBot, tex: str) -> None:
    load_fonts()
    formula = display_formula(tex, font=sans(15), color="#000000", ratio=1.0)
    assert formula.height > 25
    assert len(ink_rows(formula.image)) > 15


def test_a_formula_without_descenders_ends_on_the_baseline(qtbot: QtBot) -> None:
    formula = inline("x")
    assert formula.align == "baseline"
    assert ink_rows(formula.image)[-1] >= formula.height - 2


def test_a_formula_with_descenders_reaches_below(qtbot: QtBot) -> None:
    formula = inline("y_1")
    assert formula.align == "bottom"
    assert formula.height > inline("x").height
    assert inline(r"\frac{a}{b}").align == "middle"


@pytest.mark.parametrize("tex", ["x", r"x \times x", "[1]x", "yx", r"\frac{x}{x}x"])
@pytest.mark.parametrize("before", ["", "One line before.\\\n"])
def test_a_formula_and_the_text_beside_it_stand_on_one_line(qtbot: QtBot, tex: str, before: str) -> None:
    """The foot of the text's first x and that of the formula's last x, as they are drawn."""
    load_fonts()
    prose = Prose(scale=1.0)
    qtbot.addWidget(prose)
    prose.setFont(sans(15))
    prose.apply_theme(LIGHT)
    prose.resize(280, 80)
    prose.set_markdown(f"{before}xxxxx ${tex}$")
    prose.setStyleSheet("QTextBrowser { background: white; border: none; }")
    last_line = prose.grab().toImage().copy(0, prose.height() - (24 if "frac" not in tex else 29), 280, 29)
    columns = _inked(last_line)
    assert abs(columns[2][-1] - columns[-2][-1]) <= 1


def _inked(image: QImage) -> list[list[int]]:
    """The dark rows of every column that has some, from left to right."""
    columns = [
        [y for y in range(image.height()) if image.pixelColor(x, y).lightness() < 140]
        for x in range(image.width())
    ]
    return [column for column in columns if column]


def test_it_is_drawn_with_the_pixels_of_the_screen(qtbot: QtBot) -> None:
    one, two = inline("x^2"), inline("x^2", ratio=2.0)
    assert (two.width, two.height) == (one.width, one.height)
    assert two.image.width() == 2 * one.width
    assert two.image.devicePixelRatio() == 2.0


def test_it_has_the_themes_colour(qtbot: QtBot) -> None:
    image = inline("x", color="#ff0000").image
    inks = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    darkest = max(inks, key=QColor.alpha)
    assert (darkest.red(), darkest.green(), darkest.blue()) == (255, 0, 0)


def test_it_is_drawn_once(qtbot: QtBot) -> None:
    assert inline("a+b") is inline("a+b")


def test_a_sign_is_set_tight_against_its_number(qtbot: QtBot) -> None:
    assert inline("[-8]").width < inline("[1-8]").width - 8


@pytest.mark.parametrize("tex", [r"\frac{1}{", "a_", ""])
def test_what_cannot_be_read_is_a_fault(qtbot: QtBot, tex: str) -> None:
    with pytest.raises(TexError):
        inline(tex)
    with pytest.raises(TexError):
        check_tex(tex)


def test_a_command_that_does_not_exist_is_a_fault() -> None:
    with pytest.raises(TexError, match="foo"):
        check_tex(r"\foo{x}")
    check_tex(JACOBIAN)
