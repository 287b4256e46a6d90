"""What was chosen in the dialog, remembered from one export to the next."""

from __future__ import annotations

from typing import Literal

import msgspec

from tutor.views.export.request import FPS, Format, Look, kind_of
from tutor.views.theme import PALETTES, Palette

ThemeChoice = Literal["window", "light", "dark"]


class Choices(msgspec.Struct, frozen=True):
    """As they stand in the dialog. The steps and the caption belong to one export, and are not remembered."""

    format: Format = "png"
    size: tuple[int, int] | None = None
    scale: float = 2.0
    """Pixels a unit of a picture."""
    film_scale: float = 1.0
    """And of an animation."""
    theme: ThemeChoice = "window"
    speed: float = 1.0
    fps: int = FPS
    code: bool = False
    transparent: bool = False
    whole: bool = False

    def look(self, window: Palette, caption: str) -> Look:
        """`window`: the colours that the window has."""
        still = kind_of(self.format) == "still"
        scale = 1.0 if self.format in ("svg", "pdf") else self.scale if still else self.film_scale
        return Look(
            palette=window if self.theme == "window" else PALETTES[self.theme],
            size=self.size,
            scale=scale,
            whole=self.whole and not still,
            caption=caption,
            code=self.code,
            transparent=self.transparent and still,
        )

    def text(self) -> str:
        return msgspec.json.encode(self).decode()


def choices_from(text: str) -> Choices:
    """What is damaged, or of another version, falls back to the default."""
    try:
        return msgspec.json.decode(text, type=Choices) if text else Choices()
    except msgspec.DecodeError:
        return Choices()
