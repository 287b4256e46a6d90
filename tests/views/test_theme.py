"""Colours that can be read, the fonts that ship, and the style of the whole program."""

from __future__ import annotations

import re
from dataclasses import asdict

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFont, QFontInfo, QFontMetrics, QPalette, QRawFont
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from tutor.shipped import resource
from tutor.views import theme
from tutor.views.fonts import MONO, SANS, load_fonts, mono, sans
from tutor.views.theme import DARK, LIGHT, Palette

TEXTS = ("ink", "value_text", "gradient_text", "leaf_text", "special_text", "muted")
BOTH = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def _light(color: str) -> float:
    """WCAG's relative luminance."""
    parts = [value / 255 for value in bytes.fromhex(color[1:])]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lights = sorted((_light(one), _light(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@BOTH
def test_every_text_can_be_read_on_every_ground(palette: Palette) -> None:
    for ground in (palette.panel, palette.ground):
        for name in TEXTS:
            assert _contrast(getattr(palette, name), ground) >= 5.0, name
        assert _contrast(palette.error, ground) >= 4.5


@BOTH
def test_a_primary_button_can_be_read(palette: Palette) -> None:
    assert _contrast(palette.chip_ink, palette.value) >= 4.5


def test_mixing_goes_from_one_colour_to_the_other() -> None:
    assert theme.mix("#000000", "#ffffff", 0.0) == "#000000"
    assert theme.mix("#000000", "#ffffff", 1.0) == "#ffffff"
    assert theme.mix("#102030", "#304050", 0.5) == "#203040"


@BOTH
@pytest.mark.parametrize("size", [80, 100, 200])
def test_the_stylesheet_is_filled_in_and_qt_understands_it(
    qapp: QApplication, palette: Palette, size: int
) -> None:
    theme.apply(qapp, palette, size)
    sheet = qapp.styleSheet()
    assert "$" not in sheet
    colors = set(re.findall(r"#[0-9a-f]{6}", sheet))
    assert {palette.window, palette.panel, palette.ink} <= colors
    assert all(re.fullmatch(r"#[0-9a-f]{6}", color) for color in asdict(palette).values())
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == palette.window
    assert qapp.font().pixelSize() >= theme.SMALLEST_PIXELS


def test_text_grows_with_the_setting_and_never_gets_too_small() -> None:
    assert [theme.text_pixels(size) for size in (50, 80, 100, 200)] == [11, 11, 13, 26]


def test_a_change_of_theme_shows_at_once(qapp: QApplication, qtbot: QtBot) -> None:
    button = QPushButton("Run")
    qtbot.addWidget(button)
    button.resize(120, 40)
    shades = []
    for palette in (LIGHT, DARK):
        theme.apply(qapp, palette)
        image = button.grab().toImage()
        shades.append(image.pixelColor(60, 6).lightness())
    assert shades[0] > 200 > 80 > shades[1]


def test_the_fonts_ship_with_the_program(qapp: QApplication) -> None:
    load_fonts()
    assert QFontInfo(sans(13)).family() == SANS
    assert QFontInfo(mono(13)).family() == MONO
    assert QFontInfo(mono(13)).fixedPitch()
    assert QFontMetrics(sans(26)).height() > QFontMetrics(sans(13)).height()


@pytest.mark.parametrize("sign", "∂Σ→←·×−³²ᵀ½✓∞∇≈≠≤ñáéíóú¿¡«»…")
def test_every_sign_that_the_program_writes_has_a_glyph(qapp: QApplication, sign: str) -> None:
    for names in (("Inter-Regular.otf", "DejaVuSans.ttf"), ("JetBrainsMono-Regular.ttf", "DejaVuSans.ttf")):
        fonts = [QRawFont(str(resource("fonts") / name), 13) for name in names]
        assert all(font.isValid() for font in fonts)
        assert any(font.supportsCharacter(ord(sign)) for font in fonts), names


def test_code_shows_every_character_by_itself(qapp: QApplication, qtbot: QtBot) -> None:
    """No ligatures: `!=` is two characters wide and looks like the two of them."""
    load_fonts()
    label = QLabel("!=")
    qtbot.addWidget(label)
    label.setFont(mono(20))
    joined = label.grab().toImage()
    label.setText("! =".replace(" ", ""))
    assert joined == label.grab().toImage()
    assert {font.featureValue(QFont.Tag("calt")) for font in (mono(20), sans(20))} == {0}


def test_icons_are_drawn_in_the_themes_ink(qapp: QApplication) -> None:
    image = theme.icon("play", LIGHT, color=LIGHT.gradient).pixmap(QSize(32, 32)).toImage()
    assert image.pixelColor(13, 16).name() == LIGHT.gradient
    assert not theme.app_icon().pixmap(64, 64).toImage().allGray()
