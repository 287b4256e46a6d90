"""Reads numbers as people type them: `9, 36`, `0,06`, `[9 36]`, `−2`, `1/2`, one box or all in the first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from tutor.i18n import _, ngettext

_MINUS = str.maketrans({"−": "-", "–": "-", "＋": "+", "，": ",", "；": ";"})
_SPECIAL = {"nan": math.nan, "inf": math.inf, "∞": math.inf, "infinity": math.inf, "infinito": math.inf}


class UnreadableAnswerError(Exception):
    """What was typed is not the numbers asked for; the message says so to the learner. `box` counts from 0."""

    def __init__(self, reason: str, box: int) -> None:
        super().__init__(reason)
        self.box = box


def read_numbers(boxes: Sequence[str]) -> tuple[float, ...]:
    """One number a box; all of them in one box are taken too. Raises UnreadableAnswerError."""
    count = len(boxes)
    filled = [place for place, text in enumerate(boxes) if text.strip()]
    if len(filled) == 1 and count > 1:
        return _spread(boxes[filled[0]], count, filled[0])
    for place, text in enumerate(boxes):
        if not text.strip():
            raise UnreadableAnswerError(_("A number is missing here."), place)
    return tuple(_read(text, 1, place)[0] for place, text in enumerate(boxes))


def _spread(text: str, count: int, box: int) -> tuple[float, ...]:
    numbers = _read(text, count, box)
    if len(numbers) == 1:
        empty = next(place for place in range(count) if place != box)
        raise UnreadableAnswerError(_("A number is missing here."), empty)
    return numbers


def _read(text: str, count: int, box: int) -> tuple[float, ...]:
    """The numbers in one box: `count` of them, or a single one. Raises UnreadableAnswerError."""
    readings = [_numbers(pieces) for pieces in _ways_to_split(_bare(text))]
    counts = {len(numbers) for numbers in readings if numbers}
    for wanted in dict.fromkeys((count, 1)):
        for numbers in readings:
            if numbers is not None and len(numbers) == wanted:
                return numbers
    if counts:
        raise UnreadableAnswerError(
            ngettext("One number is asked for here.", "{count} numbers are asked for here.", count).format(
                count=count
            ),
            box,
        )
    raise UnreadableAnswerError(_("“{text}” cannot be read as a number.").format(text=text.strip()), box)


def _bare(text: str) -> str:
    """Without the brackets and the word `tensor` of a tensor's print."""
    text = text.translate(_MINUS).strip().lower()
    text = re.sub(r"^\s*(torch\.)?tensor\b", "", text)
    return re.sub(r"[\[\](){}]", " ", text).strip()


def _ways_to_split(text: str) -> Iterable[list[str]]:
    """A comma between two digits is a decimal comma or separates two numbers: both are tried, the decimal one first."""
    yield [piece.replace(",", ".") for piece in re.split(r"[\s;]+|,(?!\d)|(?<!\d),", text) if piece]
    yield [piece for piece in re.split(r"[\s;,]+", text) if piece]


def _numbers(pieces: Iterable[str]) -> tuple[float, ...] | None:
    numbers = [_number(piece) for piece in pieces]
    return None if None in numbers else tuple(number for number in numbers if number is not None)


def _number(piece: str) -> float | None:
    sign, bare = (-1.0, piece[1:]) if piece.startswith("-") else (1.0, piece.removeprefix("+"))
    if bare in _SPECIAL:
        return sign * _SPECIAL[bare]
    if not re.fullmatch(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?(/\d+\.?\d*)?", bare):
        return None
    top, __, bottom = bare.partition("/")
    if bottom and float(bottom) == 0:
        return None
    return sign * float(top) / float(bottom or 1)
