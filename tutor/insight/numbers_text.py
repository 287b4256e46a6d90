"""Numbers in a sentence: in full where they fit, else their shape; "?" where a question covers them."""

from __future__ import annotations

from collections.abc import Sequence

from tutor.protocol import Data
from tutor.trace.values import dense, elements, shape_text, short

LIMIT = 28
MANY = 6
"""Of more elements, or longer ones, a line says only the shape."""
COVERED = "?"


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
