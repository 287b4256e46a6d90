"""Shapes at work, in words and as drawings: what is stretched, summed away, or multiplied row by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Literal

import numpy as np

from tutor.i18n import _, ngettext
from tutor.insight.local import Floats, Local, Operand, Use
from tutor.insight.numbers_text import count_text, sides_text
from tutor.trace.picture import Drawing, Sheet, Shown


def folded_dims(large: Sequence[int], small: Sequence[int]) -> tuple[int, ...]:
    """The dimensions of `large` along which `small` was stretched to it (torch's broadcasting, from the right)."""
    extra = len(large) - len(small)
    if extra < 0:
        return ()
    return tuple(d for d, size in enumerate(large) if d < extra or (small[d - extra] == 1 and size != 1))


def stretches(small: Sequence[int], large: Sequence[int]) -> bool:
    """Whether `small` is another shape that broadcasting makes into `large`."""
    extra = len(large) - len(small)
    fits = extra >= 0 and all(n in (1, large[d + extra]) for d, n in enumerate(small))
    return fits and tuple(small) != tuple(large)


def sum_words(shape: Sequence[int], dims: Sequence[int]) -> str:
    """Σ over dim 0 (4 rows): over which dimensions of the shape is summed, and how many numbers stand there."""
    if not dims or len(dims) == len(shape):
        count = prod(side for side in shape)
        return _("Σ over {dims}").format(
            dims=ngettext("{count} element", "all {count} elements", count).format(count=count_text(count))
        )
    named = ", ".join(_dim(shape, d) for d in dims)
    return _("Σ over {dims}").format(dims=named)


def _dim(shape: Sequence[int], dim: int) -> str:
    """dim 0 (4 rows); beyond matrices only the number."""
    size = shape[dim]
    if len(shape) != 2:
        return f"dim {dim} ({size})"
    if dim == 0:
        words = ngettext("{count} row", "{count} rows", size)
    else:
        words = ngettext("{count} column", "{count} columns", size)
    return f"dim {dim} ({words.format(count=size)})"


def copies_words(name: str, small: Sequence[int], large: Sequence[int]) -> str:
    """b[2] is stretched to [4×2]: 4 copies."""
    count = prod(side for side in large) // max(prod(side for side in small), 1)
    words = ngettext(
        "{name}{small} is stretched to {large}: {count} copy",
        "{name}{small} is stretched to {large}: {count} copies",
        count,
    )
    return words.format(name=name, small=sides_text(small), large=sides_text(large), count=count_text(count))


# ------------------------------------------------------------------ drawings


def drawing_of(
    local: Local, use: Use, sent: Shown, target: str, *, hidden: bool, covered: bool
) -> Drawing | None:
    """What happens to the gradient's shape on its way to one input; None where nothing does."""
    came, result = use.came_shape, Sheet(target, replace(sent, covered=covered), "gradient")
    if came is None:
        return None
    if local.kind == "matrix" and local.factors is not None:
        return _product(local.factors, result, use, hidden=hidden)
    if prod(sent.shape) < prod(came) and stretches(sent.shape, came):
        hides = hidden or local.hidden or covered
        large = Sheet(_scaled_text(local), Shown(_data(_scaled(local, use)), came, covered=hides), "gradient")
        return Drawing("fold", (large, result), folded_dims(came, sent.shape))
    if local.kind == "spread" and sent.shape and prod(sent.shape) > prod(came):
        small = Sheet("G", Shown(_data(use.received), came, covered=hidden), "gradient")
        return Drawing("stretch", (small, result), spread_dims(came, sent.shape))
    return None


def spread_dims(small: Sequence[int], large: Sequence[int]) -> tuple[int, ...]:
    """The dimensions of `large` that `small`, left over from a sum, does not have; the last that fit, taken off."""
    if len(small) == len(large):
        return folded_dims(large, small)
    dims, rest = [], list(small)
    for d in reversed(range(len(large))):
        if rest and rest[-1] == large[d]:
            rest.pop()
        else:
            dims.append(d)
    return tuple(reversed(dims))


def _scaled_text(local: Local) -> str:
    return "G" if _is_one(local) else f"G × {local.rule}"


def _scaled(local: Local, use: Use) -> Floats | None:
    """What is summed: the gradient received times the local derivative."""
    came = use.received
    if came is None or local.value is None or _is_one(local):
        return came
    with np.errstate(all="ignore"):
        return np.asarray(came * local.value, dtype=np.float64)


def _is_one(local: Local) -> bool:
    return local.value is None or (local.value.ndim == 0 and float(local.value) == 1.0)


def _product(factors: tuple[Operand, Operand], result: Sheet, use: Use, *, hidden: bool) -> Drawing | None:
    sheets = []
    for factor in factors:
        arrived = factor.text == "G"
        if len(factor.shape) < 2:
            return None
        about: Literal["value", "gradient"] = "gradient" if arrived else "value"
        covered = hidden if arrived else factor.hidden
        sheets.append(
            Sheet(factor.text, Shown(_data(factor.value), factor.shape, covered=covered), about=about)
        )
    left, right = sheets
    whole = (*left.shown.shape[:-1], right.shown.shape[-1])
    made = result.shown
    if prod(side for side in whole) == prod(made.shape):
        made = Shown(_reshaped(made.data, whole), whole, covered=made.covered)
    return Drawing("product", (left, right, Sheet(result.text, made, "gradient")))


def _reshaped(data: object, shape: Sequence[int]) -> object:
    return None if data is None else _data(np.asarray(data, dtype=np.float64).reshape(shape))


def _data(values: Floats | None) -> object:
    """Plain data, NaN and infinities as words."""
    if values is None:
        return None
    if np.isfinite(values).all():
        return values.tolist()
    words = np.where(np.isfinite(values), values.astype(object), values.astype(str))
    return words.tolist()
