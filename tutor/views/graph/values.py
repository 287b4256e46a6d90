"""How a value is written on the canvas: one line, or a small grid of cells; the exact text is for the tooltip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot, isfinite, isnan, nan, prod

import numpy as np

from tutor.i18n import _
from tutor.protocol import Data
from tutor.trace.picture import Shown
from tutor.trace.values import cell, exact, shape_text, short
from tutor.views.graph.faces import (
    CARD_SIDE,
    CELLS_SIDE,
    INLINE_COUNT,
    largest,
    numbers,
    page_rows,
    page_shape,
    weights,
)

COVERED = "?"
_WHOLE = 60
"""So few elements are all written out, rounded as everywhere else."""
_TOOLTIP = 1_500
"""Characters: of a longer text the tooltip shows the beginning."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of texts, with the number behind each."""

    texts: tuple[tuple[str, ...], ...]
    weights: tuple[tuple[float, ...], ...]
    """|x| / max |x|, negative where the number is negative; 0 for exact zeros; NaN and infinities as they are."""

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
    if shown.data is None or len(shown.shape) > 1 or prod(shown.shape) > INLINE_COUNT or 0 in shown.shape:
        return size_text(shown.shape)
    return short(_spelled(shown.data, len(shown.shape)), limit=_WHOLE)


def _spelled(data: Data, depth: int) -> Data:
    """Nested lists of `depth` dimensions; the pairs below them are complex numbers, written out."""
    if not isinstance(data, list):
        return data
    return [_spelled(part, depth - 1) for part in data] if depth else cell(data)


def size_text(shape: tuple[int, ...]) -> str:
    """ "▦ 4×3": how many numbers there are, which is not to be taken for the numbers."""
    return f"▦ {sides_text(shape)}" if shape else "▦"


def sides_text(shape: tuple[int, ...]) -> str:
    """4×3."""
    return "×".join(str(side) for side in shape)


def card(shown: Shown) -> Cells | None:
    """The grid of a chip: a matrix of at most 3×3, in its own shape."""
    if len(shown.shape) != 2 or max(shown.shape) > CARD_SIDE:
        return None
    return cells(shown)


def has_cells(shape: tuple[int, ...]) -> bool:
    """Whether values of this shape are written in a grid: vectors, matrices and pages of matrices up to 6×6."""
    return len(shape) >= 1 and all(side >= 1 for side in shape) and max(page_shape(shape)) <= CELLS_SIDE


def cells(shown: Shown, page: int = 0) -> Cells | None:
    """The grid of a vector, small matrix or page; None for scalars, large values and values that were not kept."""
    if not has_cells(shown.shape):
        return None
    if shown.covered:
        rows, columns = page_shape(shown.shape)
        return Cells(((COVERED,) * columns,) * rows, ((0.5,) * columns,) * rows)
    table = page_rows(shown, page)
    if table is None:
        return None
    shares = weights(numbers(table), largest(shown))
    return Cells(
        tuple(tuple(cell(x) for x in row) for row in table),
        tuple(tuple(row) for row in shares.tolist()),
    )


def summary(shown: Shown) -> str:
    """One line for a value too large for cells: what it lies between."""
    if shown.covered:
        return COVERED
    stats = shown.stats
    if stats is not None and stats.min is not None:
        return f"{short(stats.min)} … {short(stats.max)}"
    if shown.data is None:
        return size_text(shown.shape)
    found = _sizes(shown.data, len(shown.shape))
    if not found:
        return size_text(shown.shape)
    finite = [number for number in found if isfinite(number)]
    odd = len(found) - len(finite)
    range_ = _range(finite) if finite else ""
    text = f"|z| {range_}" if range_ and _is_complex(shown) else range_
    return " · ".join(part for part in (text, f"{odd} ✕" if odd else "") if part)


def _range(found: list[float]) -> str:
    low, high = min(found), max(found)
    if low == high:
        return _("all {number}").format(number=short(low)) if len(found) > 1 else short(low)
    return f"{short(low)} … {short(high)}"


def _is_complex(shown: Shown) -> bool:
    data = shown.data
    for _dimension in shown.shape:
        data = data[0] if isinstance(data, list) and data else None
    return isinstance(data, list)


def _sizes(data: Data, depth: int) -> list[float]:
    """The numbers, NaN and infinities among them; of complex ones the absolute values."""
    found = [data]
    for _dimension in range(depth):
        found = [part for row in found if isinstance(row, list) for part in row]
    return [number if type(number) is float else _size(number) for number in found]


def _size(number: Data) -> float:
    if isinstance(number, list):
        return hypot(*map(float, number))
    return float(number) if number is not None and not isinstance(number, dict) else nan


def tooltip(shown: Shown, dtype: str | None = None) -> str:
    """The exact value, or how to see it. Without a `dtype`, that of the fewest digits that hold it."""
    if shown.covered:
        return _("Covered until the question is answered")
    if 0 in shown.shape:
        return _("No elements.")
    if shown.unread:
        return _("Made while nothing was recorded, and not looked at: {summary}").format(
            summary=shape_text(shown.shape)
        )
    if shown.data is None:
        return _("Too large to be kept: {summary}").format(summary=summary(shown))
    text = exact_text(shown.data, len(shown.shape), dtype or _dtype_for(shown.data)).replace("-", "−")
    return text if len(text) <= _TOOLTIP else text[:_TOOLTIP] + " …"


def copied(shown: Shown, dtype: str | None = None) -> str:
    """All numbers, exact and as Python writes them; nothing where they are covered or were not kept."""
    if shown.covered or shown.data is None or isinstance(shown.data, dict):
        return ""
    return (
        exact_text(shown.data, len(shown.shape), dtype or _dtype_for(shown.data))
        .replace("−", "-")
        .replace("∞", "inf")
    )


def exact_text(data: Data, depth: int, dtype: str) -> str:
    """Every digit of nested lists of `depth` dimensions; below them a pair is a complex number."""
    if not isinstance(data, list):
        return exact(data, dtype)
    if depth == 0:
        real, imaginary = (exact(part, dtype) for part in data)
        return f"{real}{'' if imaginary.startswith('-') else '+'}{imaginary}i"
    return "[" + ", ".join(exact_text(part, depth - 1, dtype) for part in data) + "]"


def _dtype_for(data: Data) -> str:
    """Single precision where every number is one of its own."""
    with np.errstate(all="ignore"):
        return "float32" if all(float(np.float32(x)) == x or isnan(x) for x in _numbers(data)) else "float64"


def _numbers(data: Data) -> Iterator[float]:
    if isinstance(data, list):
        for part in data:
            yield from _numbers(part)
    elif isinstance(data, (int, float)):
        yield float(data)
