"""Rules of operations that gather or move elements: sums and means spread one number out, views only move places.

Source of every formula: the entry of that name in PyTorch's tools/autograd/derivatives.yaml.
"""

from __future__ import annotations

import math

import numpy as np

from tutor.i18n import _
from tutor.insight.local import Floats, Local, Rule, Use, atom, base_name, folded
from tutor.protocol import Data
from tutor.trace.values import cell


def _sum(use: Use, at: int) -> Local:
    """sum: grad.expand(self.sizes())."""
    a = use.operand(0)
    return Local(
        f"∂(Σ {a.text})/∂{atom(a.text)}",
        "1",
        np.broadcast_to(1.0, a.shape),
        "spread",
        _spread(use, a.shape, 1.0),
    )


def _mean(use: Use, at: int) -> Local:
    """mean: grad.expand(self.sizes()) / (self.numel() / result.numel())."""
    a = use.operand(0)
    count = math.prod(a.shape) // max(1, math.prod(use.result.shape))
    whole = _spread(use, a.shape, 1.0 / max(1, count))
    rule = f"1/{count}"
    return Local(
        f"∂mean({a.text})/∂{atom(a.text)}",
        rule,
        np.broadcast_to(1.0 / max(1, count), a.shape),
        "spread",
        whole,
    )


def _spread(use: Use, shape: tuple[int, ...], factor: float) -> Floats | None:
    """The gradient received, stretched back over the dimensions that were summed away."""
    received = use.received
    if received is None:
        return None
    dims = _dimensions(use, len(shape))
    if received.ndim < len(shape):
        for dim in sorted(dims):
            received = np.expand_dims(received, dim) if received.ndim < len(shape) else received
    try:
        return np.asarray(np.broadcast_to(received, shape) * factor, dtype=np.float64)
    except ValueError:
        return None


def _dimensions(use: Use, count: int) -> list[int]:
    """The dimensions that the operation reduced; all of them where it names none."""
    found = use.saved.get("dim")
    dims = [dimension(d) for d in (found if isinstance(found, list) else [found])]
    known = [d % count for d in dims if d is not None and -count <= d < count]
    return known or list(range(count))


def dimension(saved: Data) -> int | None:
    """As torch saves one: a number of 64 bits without a sign, told as text where it is too large for a trace."""
    if isinstance(saved, str) and saved.isdecimal():
        saved = int(saved)
    if not isinstance(saved, int) or isinstance(saved, bool):
        return None
    return saved - 2**64 if saved >= 2**63 else saved


def _largest(use: Use, at: int) -> Local:
    """max(), min(), amax, amin: evenly to the elements that equal the result."""
    a = use.operand(0)
    whole = None
    if a.value is not None and use.received is not None and use.result.value is not None:
        hit = (
            (a.value == use.result.value.reshape(-1)[0]).astype(np.float64)
            if use.result.value.size == 1
            else None
        )
        whole = None if hit is None or not hit.sum() else use.received * hit / hit.sum()
    return Local(_("only the chosen element counts"), _("1 there, 0 elsewhere"), None, "formula", whole)


def _variance(use: Use, at: int) -> Local:
    """var: 2/(N - correction) * grad * (self - mean)."""
    a = use.operand(0)
    free = _degrees(use)
    value = None if a.value is None or use.result.shape else 2 * (a.value - a.value.mean()) / free
    return Local(
        f"∂var({a.text})/∂{atom(a.text)}", f"2·({a.text} − mean)/{cell(free)}", value, hidden=a.hidden
    )


def _deviation(use: Use, at: int) -> Local:
    """std: grad * (self - mean) / ((N - correction) * result)."""
    a, std = use.operand(0), use.result.value
    free = _degrees(use)
    known = a.value is not None and std is not None and not use.result.shape
    value = (a.value - a.value.mean()) / (free * std) if known else None  # type: ignore[union-attr, operator]
    return Local(
        f"∂std({a.text})/∂{atom(a.text)}", f"({a.text} − mean)/({cell(free)}·std)", value, hidden=a.hidden
    )


def _degrees(use: Use) -> float:
    correction = use.number("correction", 1.0)
    return max(math.prod(use.operand(0).shape) - correction, 1.0)


def _norm(use: Use, at: int) -> Local:
    """linalg_vector_norm of order 2: grad * self / norm."""
    a, norm = use.operand(0), use.result.value
    known = a.value is not None and norm is not None and norm.size == 1
    value = a.value / norm.reshape(()) if known else None  # type: ignore[union-attr, operator]
    return Local(f"∂‖{a.text}‖/∂{atom(a.text)}", f"{atom(a.text)}/‖{a.text}‖", value, hidden=a.hidden)


def _product(use: Use, at: int) -> Local:
    """prod: grad * result / self."""
    a, product = use.operand(0), use.result.value
    known = a.value is not None and product is not None and product.size == 1
    value = product.reshape(()) / a.value if known else None  # type: ignore[union-attr, operator]
    return Local(f"∂(Π {a.text})/∂{atom(a.text)}", f"Π {a.text} / {atom(a.text)}", value, hidden=a.hidden)


def _softmax(use: Use, at: int) -> Local:
    """softmax: s * (grad - sum(grad * s, dim)), s the result."""
    s, g = use.result.value, use.received
    dim = dimension(use.saved.get("dim"))
    whole = None if s is None or g is None else s * (g - (g * s).sum(axis=_axis(dim, s.ndim), keepdims=True))
    return Local(_("softmax s"), "s·(g − Σ g·s)", None, "formula", whole)


def _log_softmax(use: Use, at: int) -> Local:
    """log_softmax: grad - softmax * sum(grad, dim)."""
    y, g = use.result.value, use.received
    dim = dimension(use.saved.get("dim"))
    whole = None if y is None or g is None else g - np.exp(y) * g.sum(axis=_axis(dim, g.ndim), keepdims=True)
    return Local(_("log softmax, s = softmax"), "g − s·Σ g", None, "formula", whole)


def _axis(dim: int | None, count: int) -> int:
    return dim if dim is not None and -count <= dim < count else -1


# ------------------------------------------------------------------ only places change


def _reshaped(use: Use, at: int) -> Local | None:
    """view, reshape, squeeze, unsqueeze: grad.reshape(self.sizes()). None where those sizes are not known."""
    whole = None if use.received is None else _into(use.received, use.operand(0).shape)
    if use.received is not None and whole is None:
        return None
    return Local(_("same elements, back in the old shape"), "", None, "moves", whole)


def _into(values: Floats, shape: tuple[int, ...]) -> Floats | None:
    return values.reshape(shape) if values.size == math.prod(shape) else None


def _turned(use: Use, at: int) -> Local:
    """t, transpose: grad with the same two dimensions swapped back."""
    g = use.received
    whole = None if g is None else (np.swapaxes(g, -1, -2) if g.ndim >= 2 else g)
    return Local(_("rows and columns change back"), "gᵀ", None, "moves", whole)


def _permuted(use: Use, at: int) -> Local:
    """permute: grad permuted back."""
    dims = use.saved.get("dims")
    whole = None
    known = [dimension(d) for d in dims] if isinstance(dims, list) else []
    if use.received is not None and len(known) == use.received.ndim and None not in known:
        whole = np.transpose(use.received, np.argsort([d % len(known) for d in known if d is not None]))
    return Local(_("the dimensions change back"), "", None, "moves", whole)


def _expanded(use: Use, at: int) -> Local:
    """expand: the copies' gradients are summed (at::sum_to)."""
    a = use.operand(0)
    whole = None if use.received is None else folded(use.received, a.shape)
    return Local(_("each copy counts: their gradients are summed"), "Σ", None, "moves", whole)


def _picked(use: Use, at: int) -> Local:
    """select, slice, index, gather: grad at the places taken, zero elsewhere."""
    whole = _put_back(use) if base_name(use.name) in ("Select", "Slice") else None
    return Local(_("to the places it was taken from, 0 elsewhere"), "", None, "moves", whole)


def _put_back(use: Use) -> Floats | None:
    """The gradient of what `x[1]` or `x[1:3]` took, at its place in zeros of x's shape."""
    sizes, dim = use.saved.get("self_sym_sizes"), _whole_number(use.saved.get("dim"))
    if use.received is None or not isinstance(sizes, list) or dim is None:
        return None
    if base_name(use.name) == "Select":
        taken: slice | int | None = _whole_number(use.saved.get("index"))
    else:
        ends = [_whole_number(use.saved.get(key)) for key in ("start", "end", "step")]
        taken = None if ends[2] is None else slice(*ends)
    whole = np.zeros([int(size) for size in sizes])
    if taken is None or not -whole.ndim <= dim < whole.ndim:
        return None
    try:
        np.moveaxis(whole, dim, 0)[taken] = (
            use.received if isinstance(taken, int) else np.moveaxis(use.received, dim, 0)
        )
    except (ValueError, IndexError):
        return None
    return whole


def _whole_number(saved: object) -> int | None:
    """A number that torch keeps unsigned, or as text where it is too large."""
    if not isinstance(saved, int | str):
        return None
    number = int(saved)
    return number - 2**64 if number >= 2**63 else number


def _joined(use: Use, at: int) -> Local:
    """cat, stack: each input gets its own piece of grad."""
    dim, whole = _whole_number(use.saved.get("dim")), None
    if base_name(use.name) == "Stack" and use.received is not None and dim is not None:
        fits = dim < use.received.ndim and at < use.received.shape[dim]
        whole = np.take(use.received, at, axis=dim) if fits else None
    return Local(_("each part gets its own piece back"), "", None, "moves", whole)


def _split(use: Use, at: int) -> Local:
    """split, chunk, unbind: the pieces' gradients are put together again."""
    return Local(_("the pieces are put together again"), "", None, "moves")


def _written(use: Use, at: int) -> Local:
    """CopySlices: what was overwritten gets 0, what was written gets its own piece."""
    return Local(_("0 for what was overwritten, its piece for what was written"), "", None, "moves")


SHAPES: dict[str, Rule] = {
    "Sum": _sum,
    "Mean": _mean,
    "Max": _largest,
    "Min": _largest,
    "Amax": _largest,
    "Amin": _largest,
    "Var": _variance,
    "Std": _deviation,
    "LinalgVectorNorm": _norm,
    "Norm": _norm,
    "Prod": _product,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
    **dict.fromkeys(
        ("View", "Reshape", "ReshapeAlias", "UnsafeView", "Squeeze", "Unsqueeze", "Alias"), _reshaped
    ),
    **dict.fromkeys(("T", "Transpose", "Mt", "NumpyT"), _turned),
    "Permute": _permuted,
    "Expand": _expanded,
    **dict.fromkeys(("Select", "Slice", "Index", "Gather", "IndexSelect", "Diagonal", "AsStrided"), _picked),
    **dict.fromkeys(("Cat", "Stack"), _joined),
    **dict.fromkeys(("Split", "SplitWithSizes", "Unbind", "Chunk"), _split),
    "CopySlices": _written,
}
