"""What a question hides: the covered numbers are replaced by "?" in whatever the program printed."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from tutor.protocol import Data
from tutor.trace.index import Index, index_of
from tutor.trace.shown import NOTHING, Covered
from tutor.trace.trace import Trace
from tutor.trace.values import elements

__all__ = ["NOTHING", "Covered", "covered_text"]

_NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)(?!\w)")
_ROUNDED = 1.5e-4
"""torch prints four decimals: a printed number stands for every value this close to it, relatively."""


def covered_text(text: str, trace: Trace, step: int, covered: Covered) -> str:
    """The text with "?" for each number that equals an element of something covered, as it is by `step` or was before."""
    if not covered or not text:
        return text
    hidden = _hidden(index_of(trace), covered, step)
    return _NUMBER.sub(lambda found: "?" if _is_hidden(found.group(), hidden) else found.group(), text)


def _hidden(index: Index, covered: Covered, step: int) -> list[float]:
    """The covered numbers in order (NaN last), kept for the step that was asked for last."""
    asked = (index.stamp, covered, step)
    kept = index.derived.get("hidden")
    if isinstance(kept, tuple) and kept[0] == asked:
        found = kept[1]
        assert isinstance(found, list)
        return found
    numbers = {n for name in covered for data in _versions(index, name, step) for n in _numbers(data)}
    found = sorted(n for n in numbers if n == n) + [n for n in numbers if n != n][:1]
    index.derived["hidden"] = (asked, found)
    return found


def _versions(index: Index, name: str, step: int) -> Iterator[Data]:
    """Every version of the value (or of the gradient) that the name has had by the step."""
    plain = name.removesuffix(".grad")
    for naming in index.names.get(plain, ()):
        if plain == name:
            yield from (v.value for v in index.values.get(naming.tensor, ()) if v.step <= step)
        else:
            yield from (g.value for g in index.grads.get(naming.tensor, ()) if g.step <= step)


def _numbers(data: Data) -> Iterable[float]:
    parts = data.get("values") if isinstance(data, dict) else data
    return [float(n) for n in elements(parts) if n is not None and not isinstance(n, bool)]


def _is_hidden(text: str, hidden: list[float]) -> bool:
    number = float(text)
    if math.isnan(number):
        return bool(hidden) and math.isnan(hidden[-1])
    real = len(hidden) - (bool(hidden) and math.isnan(hidden[-1]))
    at = bisect_left(hidden, number, hi=real)
    return any(_prints_as(number, h) for h in hidden[max(0, at - 1) : min(real, at + 1)])


def _prints_as(number: float, hidden: float) -> bool:
    return number == hidden or abs(number - hidden) <= _ROUNDED * max(1e-3, abs(hidden))
