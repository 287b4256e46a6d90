"""A rule said in shapes: of matrix products, of elements that only change places, and wherever numbers were not kept."""

from __future__ import annotations

from tutor.i18n import _
from tutor.insight.local import Local, Use
from tutor.insight.numbers_text import sides_text
from tutor.insight.sheets import folded_dims, sum_words

Shape = tuple[int, ...]


def in_shapes(local: Local, use: Use, sent: Shape, result: str, target: str) -> str:
    """The rule without the numbers that it works on: they were too many to be kept."""
    came = use.came_shape or ()
    match local.kind:
        case "matrix":
            return multiplied(local, sent, result, target)
        case "moves":
            return moved(local, came, sent, result, target)
        case "spread":
            rule = _("{of} = {rule} for each element").format(of=local.of, rule=local.rule)
        case "formula":
            rule = f"{local.of}: {local.rule}"
        case "times":
            rule = f"{local.of} = {local.rule}"
    if dims := folded_dims(came, sent):
        words = _("{sum} of {product} = {result}")
        product = f"{sides_text(came)} × {local.rule}"
        result = words.format(sum=sum_words(came, dims), product=product, result=result)
    return _("{rule} → {result} to {target}").format(rule=rule, result=result, target=target)


def multiplied(local: Local, sent: Shape, result: str, target: str) -> str:
    """∂(X@W)/∂W: Xᵀ[3×4] · G[4×2] → [3×2] to W."""
    rule = f"{local.of}: {local.rule} → {sides_text(sent)}"
    return _aimed(rule, sent, result, target)


def moved(local: Local, came: Shape, sent: Shape, result: str, target: str) -> str:
    """Elements that only change places, with the shapes: G[6] → [2×3]."""
    dims = folded_dims(came, sent)
    summed = f"{sum_words(came, dims)}, " if dims else ""
    return _aimed(f"{local.of}: {summed}G{sides_text(came)} → {sides_text(sent)}", sent, result, target)


def _aimed(rule: str, sent: Shape, result: str, target: str) -> str:
    """The numbers too, where they say more than their shape."""
    if result == sides_text(sent):
        return _("{rule} to {target}").format(rule=rule, target=target)
    return _("{rule} → {result} to {target}").format(rule=rule, result=result, target=target)
