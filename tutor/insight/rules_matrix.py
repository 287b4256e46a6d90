"""Rules of matrix products: the gradient is multiplied by the other factor, transposed.

Source of every formula: the entry of that name in PyTorch's tools/autograd/derivatives.yaml.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tutor.insight.local import Floats, Local, Operand, Rule, Use, atom
from tutor.insight.numbers_text import sides_text
from tutor.trace.values import cell

Product = Callable[[Floats, Floats], Floats]


def _product(use: Use, at: int) -> Local:
    """mm, bmm: self: grad.mm(mat2.t()), mat2: self.t().mm(grad); mv, dot likewise."""
    a, b = _flat(use, use.operand(0), "self_sym_sizes"), use.operand(1)
    return _factor(use, a, b, left=at == 0)


def _factor(use: Use, a: Operand, b: Operand, *, left: bool) -> Local:
    g = use.received
    grown = _grown(use)
    if left:
        rule = f"G{grown} · {_turned_text(b)}"
        whole = _safely(_left, g, b.value)
        factors = _arrived(use), _turned(b)
    else:
        rule = f"{_turned_text(a)} · G{grown}"
        whole = _safely(_right, g, a.value)
        factors = _turned(a), _arrived(use)
    hidden = b.hidden if left else a.hidden
    mine = a if left else b
    of = f"∂({atom(a.text)}@{atom(b.text)})/∂{atom(mine.text)}"
    return Local(of, rule, None, "matrix", whole, hidden, factors)


def _arrived(use: Use) -> Operand:
    """G, the gradient received; a vector as a column."""
    g, shape = use.received, use.came_shape or ()
    if len(shape) == 1:
        g, shape = (None if g is None else g[:, None]), (*shape, 1)
    return Operand("G", g, shape)


def _turned(x: Operand) -> Operand:
    """The factor as it stands in the product: transposed; a vector as a row."""
    shape = (*x.shape[:-2], x.shape[-1], x.shape[-2]) if len(x.shape) > 1 else (1, *x.shape)
    value = x.value
    if value is not None:
        value = np.swapaxes(value, -1, -2) if value.ndim > 1 else value[None, :]
    text = x.text.removesuffix("ᵀ") if x.text.endswith("ᵀ") else f"{atom(x.text)}ᵀ"
    return Operand(text, value, shape, x.hidden)


def _flat(use: Use, x: Operand, key: str) -> Operand:
    """A batch of many dimensions as the matrix of rows that torch made of it."""
    sizes = use.saved.get(key)
    if not isinstance(sizes, list) or len(sizes) != 2 or len(x.shape) == 2:
        return x
    value = None if x.value is None or x.value.size != sizes[0] * sizes[1] else x.value.reshape(sizes)
    return replace(x, value=value, shape=tuple(sizes))


def _left(g: Floats, b: Floats) -> Floats:
    """The gradient of a in a@b."""
    if b.ndim == 1:
        return np.multiply.outer(g, b)
    return g @ np.swapaxes(b, -1, -2)


def _right(g: Floats, a: Floats) -> Floats:
    """The gradient of b in a@b."""
    if a.ndim == 1:
        return np.multiply.outer(a, g)
    return np.swapaxes(a, -1, -2) @ g


def _safely(product: Product, g: Floats | None, other: Floats | None) -> Floats | None:
    if g is None or other is None:
        return None
    try:
        return np.asarray(product(g, other), dtype=np.float64)
    except ValueError:
        return None


def _addmm(use: Use, at: int) -> Local | None:
    """addmm (a linear layer, bias + x·Wᵀ): bias: the sum of grad's rows, mat1: grad·mat2ᵀ, mat2: mat1ᵀ·grad."""
    if len(use.operands) == 3 and len(use.operand(2).shape) == 2:
        return _plain_addmm(use, at)
    x, weight, bias = _linear_operands(use)
    x = _flat(use, x, "mat1_sym_sizes")
    if at == 0:
        share = use.number("beta", 1.0)
        return Local(f"∂({x.text}·Wᵀ + {bias.text})/∂{atom(bias.text)}", cell(share), np.asarray(share))
    if at == 1:
        turned = (
            weight.value
            if weight.value is None or weight.value.ndim < 2
            else np.swapaxes(weight.value, -1, -2)
        )
        factor = Operand(f"{weight.text}ᵀ", turned, tuple(reversed(weight.shape)), weight.hidden)
        whole = _scaled(_safely(_left, use.received, turned), use)
        rule = f"G{_grown(use)} · {weight.text}{sides_text(weight.shape)}"
        of = f"∂({x.text}@{factor.text})/∂{atom(x.text)}"
        factors = _arrived(use), replace(factor, text=weight.text, shape=weight.shape)
        factors = factors[0], replace(factors[1], value=weight.value)
        return Local(of, rule, None, "matrix", whole, weight.hidden, factors)
    rule = f"{_turned_text(x)} · G{_grown(use)}"
    whole = _scaled(_safely(_right, use.received, x.value), use)
    of = f"∂({x.text}@{weight.text}ᵀ)/∂{weight.text}ᵀ"
    return Local(of, rule, None, "matrix", whole, x.hidden, (_turned(x), _arrived(use)))


def _plain_addmm(use: Use, at: int) -> Local:
    """torch.addmm itself: the bias comes first, the weight is not transposed."""
    bias, x, weight = (use.operand(place) for place in range(3))
    if at == 0:
        share = use.number("beta", 1.0)
        of = f"∂({bias.text} + {atom(x.text)}@{atom(weight.text)})/∂{atom(bias.text)}"
        return Local(of, cell(share), np.asarray(share))
    found = _factor(use, x, weight, left=at == 1)
    return replace(found, whole=_scaled(found.whole, use))


def _scaled(whole: Floats | None, use: Use) -> Floats | None:
    """addmm may multiply the product by a number of its own."""
    return None if whole is None else whole * use.number("alpha", 1.0)


def _linear_operands(use: Use) -> tuple[Operand, Operand, Operand]:
    """x, weight, bias of torch.nn.functional.linear."""
    if len(use.operands) == 3 and use.operand(0).shape != () and len(use.operand(1).shape) == 2:
        return use.operand(0), use.operand(1), use.operand(2)
    return use.operand(0), use.operand(1), Operand("b")


def _dot(use: Use, at: int) -> Local:
    """dot: self: grad * tensor, tensor: grad * self."""
    a, b = use.operand(0), use.operand(1)
    other = b if at == 0 else a
    return Local(
        f"∂({atom(a.text)}·{atom(b.text)})/∂{atom(use.operand(at).text)}",
        other.text,
        other.value,
        hidden=other.hidden,
    )


def _turned_text(operand: Operand) -> str:
    shape = operand.shape
    turned = (*shape[:-2], shape[-1], shape[-2]) if len(shape) > 1 else shape
    if operand.text.endswith("ᵀ"):
        return f"{operand.text.removesuffix('ᵀ')}{sides_text(turned)}"
    return f"{atom(operand.text)}ᵀ{sides_text(turned)}"


def _grown(use: Use) -> str:
    """The shape of the gradient received."""
    shape = use.came_shape
    return "" if shape is None else sides_text(shape)


MATRICES: dict[str, Rule] = {
    "Mm": _product,
    "Bmm": _product,
    "Mv": _product,
    "Dot": _dot,
    "Addmm": _addmm,
}
