"""What a forward operation does to shapes, in words and as drawings: stretching, sums, matrix products, other places."""

from __future__ import annotations

from tutor.i18n import _
from tutor.insight.numbers_text import sides_text
from tutor.insight.sheets import copies_words, folded_dims, spread_dims, stretches, sum_words
from tutor.protocol import Operation, TensorId
from tutor.trace.drawn import function_name
from tutor.trace.item_states import Moment
from tutor.trace.names import short_name
from tutor.trace.picture import Drawing, Sheet, Shown
from tutor.trace.shown import shown_value, value_covered

Said = tuple[list[str], tuple[Drawing, ...]]
NOTHING: Said = ([], ())
_ELEMENTWISE = frozenset(
    (
        *(
            "add",
            "sub",
            "subtract",
            "mul",
            "multiply",
            "div",
            "divide",
            "true_divide",
            "pow",
            "rsub",
            "where",
        ),
        *("maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge", "atan2", "lerp", "addcmul", "addcdiv"),
    )
)
_PRODUCTS = frozenset(("matmul", "mm", "mv", "bmm"))
_SUMS = frozenset(("sum", "mean"))
_COPIES = frozenset(("expand", "expand_as", "broadcast_to"))
_PLACES = frozenset(
    (
        *("t", "T", "mT", "transpose", "swapaxes", "permute", "reshape", "view", "flatten", "unflatten"),
        *("squeeze", "unsqueeze"),
    )
)


def forward_said(at: Moment, row: Operation) -> Said:
    """Lines and drawings; none where the shapes stay as they are."""
    if len(row.outputs) != 1 or not row.inputs:
        return NOTHING
    name = function_name(row.function).strip("_").removeprefix("r" if _is_reflected(row.function) else "")
    if name in _PRODUCTS and len(row.inputs) == 2:
        return _product(at, row)
    if name == "linear" and len(row.inputs) >= 2:
        return _linear(at, row)
    if name in _SUMS:
        return _summed(at, row, name)
    if name in _COPIES or name in _ELEMENTWISE:
        return _stretched(at, row)
    return _moved(at, row) if name in _PLACES else NOTHING


def _is_reflected(function: str) -> bool:
    """`__rmul__` and its like."""
    return function_name(function) in (
        "__rmul__",
        "__radd__",
        "__rsub__",
        "__rpow__",
        "__rtruediv__",
        "__rmatmul__",
    )


def _product(at: Moment, row: Operation) -> Said:
    left, right, made = (_sheet(at, t, row.step) for t in (*row.inputs, row.outputs[0]))
    shapes = left.shown.shape, right.shown.shape, made.shown.shape
    if any(side < 0 for shape in shapes for side in shape) or min(map(len, shapes[:2])) == 0:
        return NOTHING
    words = (
        f"{left.text}{sides_text(shapes[0])} · {right.text}{sides_text(shapes[1])} → {sides_text(shapes[2])}"
    )
    return [words], _products(left, right, made)


def _products(left: Sheet, right: Sheet, made: Sheet) -> tuple[Drawing, ...]:
    """Vectors stand as the column or row that they are in the product."""
    if len(left.shown.shape) == 1:
        left = _reshaped(left, (1, *left.shown.shape))
    if len(right.shown.shape) == 1:
        right = _reshaped(right, (*right.shown.shape, 1))
    if len(left.shown.shape) > 2 or len(right.shown.shape) > 2:
        return ()
    return (Drawing("product", (left, right, _reshaped(made, (left.shown.shape[0], right.shown.shape[1])))),)


def _linear(at: Moment, row: Operation) -> Said:
    """x · Wᵀ, then the bias, stretched to the product's shape."""
    x, weight, made = (_sheet(at, t, row.step) for t in (*row.inputs[:2], row.outputs[0]))
    if len(weight.shown.shape) != 2 or len(x.shown.shape) < 1:
        return NOTHING
    turned = _turned(weight)
    words = f"{x.text}{sides_text(x.shown.shape)} · {turned.text}{sides_text(turned.shown.shape)}"
    lines = [f"{words} → {sides_text(made.shown.shape)}"]
    drawings: tuple[Drawing, ...] = ()
    if len(row.inputs) > 2:
        bias = _sheet(at, row.inputs[2], row.step)
        product = Sheet(f"{x.text} · {turned.text}", _unknown(made.shown.shape), "value")
        if len(x.shown.shape) <= 2:
            drawings = _products(x, turned, product)
        lines.append(copies_words(bias.text, bias.shown.shape, made.shown.shape))
        drawings += (_stretch(bias, made),)
    elif len(x.shown.shape) <= 2:
        drawings = _products(x, turned, made)
    return lines, drawings


def _summed(at: Moment, row: Operation, name: str) -> Said:
    whole, made = _sheet(at, row.inputs[0], row.step), _sheet(at, row.outputs[0], row.step)
    large, small = whole.shown.shape, made.shown.shape
    if not large or large == small or 0 in large:
        return NOTHING
    dims = spread_dims(small, large)
    words = sum_words(large, dims)
    lines = [f"{words}: {sides_text(large)} → {sides_text(small)}"]
    if name == "mean":
        lines = [
            _("{sum}, divided by how many they are: {shapes}").format(
                sum=words, shapes=lines[0].split(": ")[-1]
            )
        ]
    return lines, (Drawing("fold", (whole, made), dims),)


def _stretched(at: Moment, row: Operation) -> Said:
    """Each input whose shape broadcasting changes; a lone number needs no words."""
    made = _sheet(at, row.outputs[0], row.step)
    lines, drawings = [], []
    for tensor in dict.fromkeys(row.inputs):
        small = _sheet(at, tensor, row.step)
        if small.shown.shape and stretches(small.shown.shape, made.shown.shape):
            lines.append(copies_words(small.text, small.shown.shape, made.shown.shape))
            drawings.append(_stretch(small, made))
    return lines, tuple(drawings)


def _stretch(small: Sheet, made: Sheet) -> Drawing:
    """The copies are the small one's own numbers, in the other's shape."""
    shape = made.shown.shape
    copied = _broadcast(small.shown, shape)
    dims = folded_dims(shape, small.shown.shape)
    return Drawing("stretch", (small, Sheet(small.text, copied, "value")), dims)


def _moved(at: Moment, row: Operation) -> Said:
    before, after = (tuple(at.index.shape_of(t)) for t in (row.inputs[0], row.outputs[0]))
    if before == after:
        return NOTHING
    name = short_name(at.index, row.inputs[0], row.step)
    return [f"{name}{sides_text(before)} → {sides_text(after)}"], ()


# ------------------------------------------------------------------ sheets


def _sheet(at: Moment, tensor: TensorId, step: int) -> Sheet:
    """The tensor's values at the step; covered where a question hides them, or the same numbers of a gradient."""
    shape = tuple(at.index.shape_of(tensor))
    value = at.index.value_at(tensor, step)
    hidden = value_covered(tensor, at.index, at.covered)
    hidden = hidden or (value is not None and bool(at.covered) and at.gives_away(value.value))
    known = shown_value(value, shape, hidden)
    return Sheet(short_name(at.index, tensor, step), known or _unknown(shape))


def _unknown(shape: tuple[int, ...]) -> Shown:
    return Shown(None, shape)


def _reshaped(sheet: Sheet, shape: tuple[int, int]) -> Sheet:
    """The same numbers as rows and columns."""
    data = sheet.shown.data
    if isinstance(data, list) and len(sheet.shown.shape) == 1:
        data = [data] if shape[0] == 1 else [[number] for number in data]
    elif not isinstance(data, list) and data is not None and not isinstance(data, dict):
        data = [[data]]
    return Sheet(sheet.text, Shown(data, shape, sheet.shown.stats, sheet.shown.covered), sheet.about)


def _turned(sheet: Sheet) -> Sheet:
    """Transposed."""
    rows, columns = sheet.shown.shape
    data = sheet.shown.data
    turned = [list(column) for column in zip(*data, strict=True)] if isinstance(data, list) else None
    held = Shown(turned, (columns, rows), sheet.shown.stats, sheet.shown.covered)
    return Sheet(f"{sheet.text}ᵀ", held, sheet.about)


def _broadcast(small: Shown, shape: tuple[int, ...]) -> Shown:
    """The numbers repeated until they have the shape; only the shape where they are not known or too many."""
    if small.data is None or isinstance(small.data, dict) or _count(shape) > _MOST:
        return Shown(None, shape, None, small.covered)
    data: object = small.data
    for _missing in range(len(shape) - len(small.shape)):
        data = [data]
    return Shown(_repeated(data, shape), shape, None, small.covered)


_MOST = 4_096


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def _repeated(data: object, shape: tuple[int, ...]) -> object:
    if not shape or not isinstance(data, list):
        return data
    parts = [_repeated(part, shape[1:]) for part in data]
    return parts * shape[0] if len(parts) == 1 else parts
