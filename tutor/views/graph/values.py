"""How a value is written on the canvas: one line, or a small grid of cells; the exact text is for the tooltip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from tutor.i18n import _
from tutor.protocol import Data
from tutor.trace.picture import Shown
from tutor.trace.values import exact, shape_text, short

GRID_SIDE = 6
"""Up to so many rows and columns a value is written out in cells."""
INLINE_COUNT = 4
"""Up to so many elements a vector is written in a line: "[36, 81]"."""
CARD_SIDE = 3
"""A matrix up to this size is written out in its chip."""
COVERED = "?"
_WHOLE = 60
"""So few elements are all written out, rounded as everywhere else."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of texts, with the number behind each; NaN and infinities have weight 1."""

    texts: tuple[tuple[str, ...], ...]
    weights: tuple[tuple[float, ...], ...]
    """|x| / max |x|, negative where the number is negative; 0 for exact zeros."""

    @property
    def rows(self) -> int:
        return len(self.texts)

    @property
    def columns(self) -> int:
        return len(self.texts[0])


def inline(shown: Shown) -> str:
    """The value in a few characters: "3", "[36, 81]", its size "▦ 4×3" where it is large, "?" where it is covered."""
    if shown.covered:
        return COVERED
    if shown.data is None or len(shown.shape) > 1 or prod(shown.shape) > INLINE_COUNT:
        return size_text(shown.shape)
    return short(shown.data, limit=_WHOLE)


def size_text(shape: tuple[int, ...]) -> str:
    """ "▦ 4×3": how many numbers there are, which is not to be taken for the numbers."""
    return "▦ " + "×".join(str(side) for side in shape) if shape else "▦"


def card(shown: Shown) -> Cells | None:
    """The grid of a chip: a matrix of at most 3×3, in its own shape."""
    if len(shown.shape) != 2 or max(shown.shape) > CARD_SIDE:
        return None
    return cells(shown)


def has_cells(shape: tuple[int, ...]) -> bool:
    """Whether values of this shape are written in a grid: vectors and matrices up to 6×6."""
    return 1 <= len(shape) <= 2 and all(1 <= side <= GRID_SIDE for side in shape)


def cells(shown: Shown) -> Cells | None:
    """The grid of a vector or small matrix; None for scalars, large values and values that were not kept."""
    if not has_cells(shown.shape):
        return None
    rows = shown.shape[0] if len(shown.shape) == 2 else 1
    if shown.covered:
        blank = (COVERED,) * shown.shape[-1]
        return Cells((blank,) * rows, ((0.5,) * shown.shape[-1],) * rows)
    if shown.data is None:
        return None
    table = shown.data if len(shown.shape) == 2 else [shown.data]
    largest = max((abs(x) for x in _numbers(table)), default=0.0)
    return Cells(
        tuple(tuple(short(x) for x in row) for row in table),
        tuple(tuple(_weight(x, largest) for x in row) for row in table),
    )


def summary(shown: Shown) -> str:
    """One line for a value too large for cells: what it lies between."""
    if shown.covered:
        return COVERED
    stats = shown.stats
    if stats is not None and stats.min is not None:
        return f"{short(stats.min)} … {short(stats.max)}"
    numbers = list(_numbers(shown.data))
    return f"{short(min(numbers))} … {short(max(numbers))}" if numbers else shape_text(shown.shape)


def tooltip(shown: Shown) -> str:
    """The exact value, or how to see it."""
    if shown.covered:
        return _("Covered until the question is answered")
    if shown.unread:
        return _("Made while nothing was recorded, and not looked at: {summary}").format(summary=summary(shown))
    if shown.data is None:
        return _("Too large to be kept: {summary}").format(summary=summary(shown))
    return exact(shown.data).replace("-", "−")


def _numbers(data: Data) -> Iterator[float]:
    if isinstance(data, list):
        for part in data:
            yield from _numbers(part)
    elif isinstance(data, (int, float)):
        yield float(data)


def _weight(number: Data, largest: float) -> float:
    if not isinstance(number, (int, float)):
        return 1.0
    return float(number) / largest if largest else 0.0
