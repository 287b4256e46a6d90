"""How a tensor's numbers are drawn, without Qt: numbers in cells, a block a cell, a thumbnail, or statistics; and its pages.

Which of these, and how large, follows from the shape and from whether values were kept: a face never grows while it plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tutor.protocol import Data
from tutor.trace.picture import Shown

Floats = NDArray[np.float64]
Kind = Literal["line", "cells", "blocks", "thumbnail", "statistics"]

CELLS_SIDE = 6
"""Up to so many rows and columns a value is written out in cells."""
BLOCKS_SIDE = 64
"""Up to so many it has a block a cell; a longer side is divided into so many."""
INLINE_COUNT = 4
"""Up to so many elements a vector is written in a line: "[36, 81]"."""
CARD_SIDE = 3
"""A matrix up to this size is written out in its chip."""
_MINI, _MINI_BLOCK = (40.0, 26.0), 6.0
_SHEET = (124.0, 76.0)
"""A sheet is about so large, in pixels at zoom 1, in its own proportions."""
_BLOCK = (2.0, 13.0)
_THINNEST = 10.0
_STATISTICS_SHEET = (44.0, 40.0)


@dataclass(frozen=True, slots=True)
class Face:
    """One page of a tensor as it is drawn."""

    kind: Kind
    rows: int
    columns: int
    width: float = 0.0
    """Of the sheet alone; of "cells" and "line" as its texts need."""
    height: float = 0.0

    @property
    def label(self) -> str:
        """At the left edge: how many rows."""
        return str(self.rows)


def page_shape(shape: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of one page: the last two dimensions; a vector is one row."""
    if len(shape) >= 2:
        return shape[-2], shape[-1]
    return 1, shape[0] if shape else 1


def page_count(shape: Sequence[int]) -> int:
    """How many matrices a tensor of three or more dimensions is."""
    return int(np.prod(shape[:-2], dtype=int))


def page_place(shape: Sequence[int], page: int) -> tuple[int, ...]:
    """The leading indices of a page; of one beyond the last, those of the first again."""
    leading = tuple(shape[:-2])
    if not leading or not all(leading):
        return ()
    return tuple(int(at) for at in np.unravel_index(page % page_count(shape), leading))


def page_name(shape: Sequence[int], page: int) -> str:
    """[0, 2, :, :]: how the page is written in a program."""
    return "[" + ", ".join([*map(str, page_place(shape, page)), ":", ":"]) + "]"


def face_of(shape: Sequence[int], *, kept: bool = True) -> Face:
    """The face of a tensor of this shape; where values were not kept (`kept` False), what is known of them."""
    if not shape or 0 in shape or any(side < 0 for side in shape):
        return Face("line", 1, 1)
    rows, columns = page_shape(shape)
    if not kept and prod(shape) > 1:
        width, height = proportions(rows, columns, _STATISTICS_SHEET)
        return Face("statistics", rows, columns, width, height)
    if max(rows, columns) <= CELLS_SIDE:
        return Face("cells", rows, columns)
    if max(rows, columns) <= BLOCKS_SIDE:
        side = min(max(min(_SHEET[0] / columns, _SHEET[1] / rows), _BLOCK[0]), _BLOCK[1])
        return Face("blocks", rows, columns, columns * side, max(rows * side, _THINNEST))
    width, height = proportions(rows, columns, _SHEET)
    return Face("thumbnail", rows, columns, width, height)


def proportions(rows: int, columns: int, room: tuple[float, float]) -> tuple[float, float]:
    """Width and height of a sheet of this shape in the room: its proportions, but neither side all too thin."""
    scale = min(room[0] / columns, room[1] / rows)
    return max(columns * scale, min(_THINNEST, room[0])), max(rows * scale, min(_THINNEST, room[1]))


def mini_size(shape: Sequence[int]) -> tuple[float, float] | None:
    """Of the sheet in a chip; None where the chip writes the numbers, or there are none."""
    if 0 in shape or any(side < 0 for side in shape):
        return None
    if (len(shape) < 2 and prod(shape) <= INLINE_COUNT) or (len(shape) == 2 and max(shape) <= CARD_SIDE):
        return None
    rows, columns = page_shape(shape)
    scale = min(_MINI[0] / columns, _MINI[1] / rows, _MINI_BLOCK)
    return max(columns * scale, _MINI_BLOCK), max(rows * scale, _MINI_BLOCK)


# ------------------------------------------------------------------ numbers


def page_data(shown: Shown, page: int = 0) -> Data:
    """The nested lists of one page; None where values are covered or were not kept."""
    data = None if shown.covered or isinstance(shown.data, dict) else shown.data
    for place in page_place(shown.shape, page):
        if not isinstance(data, list) or place >= len(data):
            return None
        data = data[place]
    return data


def page_rows(shown: Shown, page: int = 0) -> list[list[Data]] | None:
    """The elements of one page, row by row; a complex number is one element."""
    data = page_data(shown, page)
    if data is None or not all(shown.shape):
        return None
    rows = data if len(shown.shape) >= 2 else [data] if shown.shape else [[data]]
    whole = isinstance(rows, list) and all(isinstance(row, list) and len(row) == len(rows[0]) for row in rows)
    return rows if whole else None


def numbers(rows: Sequence[Sequence[Data]]) -> Floats:
    """As floats, NaN and infinities among them; of complex numbers the absolute values."""
    found = np.asarray(rows, dtype=np.float64)
    return np.hypot(found[..., 0], found[..., 1]) if found.ndim > 2 else found


def largest(shown: Shown) -> float:
    """The largest finite |x| of the whole tensor, so that its pages can be compared; 0 where there is none."""
    stack, most = [shown.data], 0.0
    while stack:
        data = stack.pop()
        if isinstance(data, list):
            stack.extend(data)
        elif isinstance(data, int | float) and isfinite(data):
            most = max(most, abs(data))
    return most


def weights(values: Floats, most: float) -> Floats:
    """x / most, from −1 to 1; NaN and infinities stay what they are, exact zeros exact."""
    with np.errstate(all="ignore"):
        shares = values / most if most > 0 else np.where(np.isfinite(values), 0.0, values)
    return np.where(np.isfinite(values), np.clip(shares, -1.0, 1.0), values)


def reduced(values: Floats, most: int = BLOCKS_SIDE) -> Floats:
    """A matrix of at most so many rows and columns: of each block the element of largest |x|; NaN before all."""
    for axis in (0, 1):
        count = values.shape[axis]
        if count > most:
            starts = np.arange(most) * count // most
            high = np.maximum.reduceat(values, starts, axis=axis)
            low = np.minimum.reduceat(values, starts, axis=axis)
            values = np.where(high >= -low, high, low)
            values = np.where(np.isnan(high), np.nan, values)
    return values
