"""A tensor's values as text: short for the eye, exact for the hover; the shape as torch prints it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tutor.protocol import Data, Stats

DIGITS = 4
_MOST = 4_096
_SEVERAL = 8
_WORDS = {"nan": "nan", "inf": "∞", "-inf": "−∞"}


def cell(number: Data, *, digits: int = DIGITS) -> str:
    """One element, rounded for the eye: 36, 0.3333, 1.2e-05, −∞, True; −0 is 0. "None" only for None."""
    if number is None:
        return "None"
    if isinstance(number, str):
        return _WORDS.get(number, number)
    if isinstance(number, bool):
        return str(number)
    if isinstance(number, float) and math.isinf(number):
        return _WORDS[str(number)]
    if isinstance(number, list):
        return _complex([cell(part, digits=digits) for part in number])
    return _number(number, digits)


def exact(data: Data, dtype: str = "float32") -> str:
    """Every digit that tells it from its neighbours in its own dtype: 0.1 and not 0.10000000149011612."""
    if data is None:
        return "None"
    if isinstance(data, list):
        return "[" + ", ".join(exact(part, dtype) for part in data) + "]"
    if isinstance(data, float):
        return _exact_float(data, dtype)
    return _WORDS.get(data, data) if isinstance(data, str) else str(data)


def short(data: Data, *, limit: int = 34, digits: int = DIGITS) -> str:
    """The whole tensor on one line of about `limit` characters: [36, 81], [1, 2, … 9]. "None" only for None."""
    if not isinstance(data, list):
        return cell(data, digits=digits)
    whole = _listed(data, digits)
    return whole if len(whole) <= limit else _abridged(data, limit, digits)


def shape_text(shape: Sequence[int]) -> str:
    """[] for a scalar, [2, 3] for a matrix, as torch.Size prints it."""
    return "[" + ", ".join(str(n) for n in shape) + "]"


def stats_text(stats: Stats) -> str:
    """What is said of values that were too many to keep."""
    if stats.min is None or stats.max is None:
        return "?"
    return f"{cell(stats.min)} … {cell(stats.max)}"


def elements(data: Data) -> list[Data]:
    """All elements of the nested lists, row by row; a bare number is one element."""
    if not isinstance(data, list):
        return [data]
    found: list[Data] = []
    for part in data:
        found.extend(elements(part))
    return found


def dense(data: Data) -> Data:
    """A sparse tensor with its zeros, what stands twice at one place added; None where it is too large for that."""
    if not isinstance(data, dict) or "indices" not in data:
        return data
    shape, places = tuple(data["shape"]), np.asarray(data["indices"], int)
    if math.prod(shape) > _MOST:
        return None
    values = np.asarray(data["values"], float)
    whole = np.zeros(shape[: len(places)] + values.shape[1:] if len(values) else shape)
    if len(values):
        np.add.at(whole, tuple(places), values)
    return _spoken(whole.tolist())


def _spoken(data: Data) -> Data:
    """NaN and infinities as words, as everywhere in a trace."""
    if isinstance(data, list):
        return [_spoken(part) for part in data]
    return data if math.isfinite(data) else str(data)


def same_numbers(left: Data, right: Data) -> bool:
    """Whether both hold the same elements, as far as float32 tells; nothing is the same as None."""
    left, right = dense(left), dense(right)
    if left is None or right is None or isinstance(left, dict) or isinstance(right, dict):
        return False
    ours, theirs = elements(left), elements(right)
    if len(ours) != len(theirs) or not ours:
        return False
    return bool(
        np.allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=1e-5, atol=0, equal_nan=True)
    )


def add(left: Data, right: Data) -> Data:
    """Elementwise sum of two equal shapes; only where torch's own sum is not in the trace. Its shape, where not kept.

    None where one is a number and the other is none: these cannot belong together.
    """
    left, right = dense(left), dense(right)
    if isinstance(left, dict) or isinstance(right, dict):
        kept = left if isinstance(left, dict) else right
        return {"shape": kept["shape"]}
    if isinstance(left, list) and isinstance(right, list):
        return [add(a, b) for a, b in zip(left, right, strict=False)]
    if isinstance(left, list) or isinstance(right, list):
        return None
    if left is None or right is None:
        return right if left is None else left
    total = float(left) + float(right)
    return total if np.isfinite(total) else str(total)


def total(parts: Sequence[Data]) -> Data:
    """The sum of one or more, as `add` makes it."""
    if len(parts) > _SEVERAL and not any(part is None or isinstance(part, dict) for part in parts):
        found = _stacked(parts)
        if found is not None:
            return found
    data = parts[0]
    for part in parts[1:]:
        data = add(data, part)
    return data


def _stacked(parts: Sequence[Data]) -> Data:
    """The sum of plain finite numbers of one shape; None for any others."""
    try:
        summed = np.sum(np.asarray(parts, dtype=np.float64), axis=0)
    except ValueError:
        return None
    found: Data = summed.tolist() if np.all(np.isfinite(summed)) else None
    return found


def _number(number: float, digits: int) -> str:
    if number == 0:
        return "0"
    text = f"{number:.{digits}g}"
    if "e" in text and 1e-4 <= abs(number) < 1e7:
        text = f"{number:.0f}"
    if "e" in text:
        base, exponent = text.split("e")
        return f"{base}e{int(exponent)}".replace("-", "−")
    return text.replace("-", "−")


def _exact_float(number: float, dtype: str) -> str:
    kind = (
        np.float64
        if "64" in dtype
        else np.float16
        if dtype.endswith("float16") and "b" not in dtype
        else np.float32
    )
    text = np.format_float_positional(kind(number), unique=True, trim="0")
    return text if len(text) < 20 else repr(number)


def _complex(parts: list[str]) -> str:
    if len(parts) != 2:
        return str(parts)
    sign = "" if parts[1].startswith("−") else "+"
    return f"{parts[0]}{sign}{parts[1]}i"


def _listed(data: Data, digits: int) -> str:
    if not isinstance(data, list):
        return cell(data, digits=digits)
    return "[" + ", ".join(_listed(part, digits) for part in data) + "]"


def _abridged(data: list[Data], limit: int, digits: int) -> str:
    """The first elements and the last, as many as fit."""
    if data and isinstance(data[0], list):
        row = short(data[0], limit=max(10, limit - 4), digits=digits)
        return f"[{row}, …]" if len(data) > 1 else f"[{row}]"
    tail = cell(data[-1], digits=digits)
    head: list[str] = []
    for number in data[:-1]:
        text = cell(number, digits=digits)
        if sum(len(h) + 2 for h in head) + len(text) + len(tail) + 6 > limit and head:
            break
        head.append(text)
    return "[" + ", ".join(head) + f", … {tail}]"
