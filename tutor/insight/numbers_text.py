"""Numbers in a sentence: in full where they fit, else their shape; "?" where a question covers them."""

from __future__ import annotations

from collections.abc import Sequence

from tutor.protocol import Data
from tutor.trace.values import dense, elements, shape_text, short

LIMIT = 28
MANY = 6
"""Of more elements, or longer ones, a line says only the shape."""
COVERED = "?"
_THIN = "\u202f"
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def number_text(data: Data, *, hidden: bool = False) -> str:
    """[36, 81], or [4×5] where they are too many."""
    if hidden:
        return COVERED
    data = data if (whole := dense(data)) is None else whole
    if not isinstance(data, dict) and len(elements(data)) <= MANY:
        text = short(data, limit=1_000)
        if len(text) <= LIMIT:
            return text
    return sides_text(data_shape(data))


def count_text(count: int) -> str:
    """ "9 408": thousands stand apart by a thin space, which no language takes for its decimal point."""
    return f"{count:,}".replace(",", _THIN)


def rough_count(count: int) -> str:
    """ "640", "9 408", "18.9 k", "2.36 M"."""
    for size, letter in _PREFIXES:
        if count >= 10 * size or (count >= size and size > 1e3):
            return f"{count / size:.3g}{_THIN}{letter}"
    return count_text(count)


def sides_text(shape: Sequence[int]) -> str:
    """[3×4]: a shape in a sentence."""
    return shape_text(shape).replace(", ", "×")


def data_shape(data: Data) -> list[int]:
    if isinstance(data, dict):
        return list(data.get("shape", ()))
    shape = []
    while isinstance(data, list):
        shape.append(len(data))
        data = data[0] if data else None
    return shape
