"""The window's edits of the program: each one a new text of one cell, or a refusal in words. Nothing happens unseen.

*zero_grad* on a plain tensor writes `a.grad = None`; on a module's parameter such as `model.fc.weight` it writes
`model.zero_grad()`, as one does with modules; without a tensor it clears every named leaf that has a gradient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tutor.protocol import Data, TensorId
from tutor.session.refusals import RefusedError, anonymous, nothing_to_clear, refused, renamed, untracked
from tutor.session.selection import had_name, name_of
from tutor.source import rewrite
from tutor.source.document import Cell, CellId
from tutor.source.rewrite import LiteralInfo, NotALiteral, RewriteError
from tutor.trace.trace import Trace

MOST_SPELLED = 64
"""Above this many elements v is written as `torch.ones_like(Q)` when it is all ones."""

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*|\.\d+|\[\d+\])*")


@dataclass(frozen=True, slots=True)
class TextEdit:
    """The new text of a cell."""

    cell: CellId
    text: str


def literal_for(cells: Sequence[Cell], trace: Trace, tensor: TensorId) -> LiteralInfo | NotALiteral:
    """The numbers that make the tensor in the text as it is now, or why there are none."""
    name = had_name(trace, tensor)
    if name is None:
        return NotALiteral("computed")
    try:
        cell = rewrite.creating_cell(cells, name)
    except RewriteError as fault:
        return NotALiteral(fault.reason, fault.line)
    return rewrite.literal_of(_text(cells, cell), name)


def value_set(cells: Sequence[Cell], trace: Trace, tensor: TensorId, data: Data) -> TextEdit:
    """Other numbers in the tensor's literal. Raises RefusedError."""
    name = had_name(trace, tensor)
    if name is None:
        raise RefusedError(anonymous())
    try:
        cell = rewrite.creating_cell(cells, name)
        return TextEdit(cell, rewrite.set_literal(_text(cells, cell), name, data))
    except RewriteError as fault:
        raise RefusedError(refused(fault, name)) from fault


def requires_grad_set(cells: Sequence[Cell], trace: Trace, tensor: TensorId, *, on: bool) -> TextEdit:
    """The flag, in the last cell that decides about it. Raises RefusedError."""
    name = had_name(trace, tensor)
    if name is None:
        raise RefusedError(anonymous())
    missing = RewriteError("not_found")
    for cell in reversed(cells):
        try:
            return TextEdit(cell.id, rewrite.set_requires_grad(cell.text, name, on))
        except RewriteError as fault:
            if fault.reason != "not_found":
                raise RefusedError(refused(fault, name)) from fault
            missing = fault
    raise RefusedError(refused(missing, name))


def line_appended(cells: Sequence[Cell], cell: CellId, line: str) -> TextEdit:
    """One more statement at the cell's end. Raises RefusedError."""
    try:
        return TextEdit(cell, rewrite.append_line(_text(cells, cell), line))
    except RewriteError as fault:
        raise RefusedError(refused(fault)) from fault


def no_grad_toggled(cells: Sequence[Cell], cell: CellId, first_line: int, last_line: int) -> TextEdit:
    """The lines put into `with torch.no_grad():`, or taken out of it. Raises RefusedError."""
    text = _text(cells, cell)
    try:
        if rewrite.inside_no_grad(text, first_line, last_line):
            return TextEdit(cell, rewrite.unwrap_no_grad(text, first_line, last_line))
        return TextEdit(cell, rewrite.wrap_no_grad(text, first_line, last_line))
    except RewriteError as fault:
        raise RefusedError(refused(fault)) from fault


def backward_line(trace: Trace, tensor: TensorId, v: Data, *, torch: str = "torch") -> str:
    """`Q.backward()`, or with `gradient=` where the tensor is no scalar. Raises RefusedError."""
    name = _speakable(trace, tensor)
    row = trace.tensors[tensor]
    if not row.requires_grad and row.grad_fn is None and not _flag_raised(trace, tensor):
        raise RefusedError(untracked(name))
    if v is None or (not row.shape and v == 1):
        return f"{name}.backward()"
    short = _count(row.shape) > MOST_SPELLED and all(number == 1 for number in _numbers(v))
    made = f"ones_like({name})" if short else f"tensor({spelled(v)})"
    return f"{name}.backward(gradient={torch}.{made})"


def zero_grad_line(trace: Trace, tensor: TensorId | None, with_grad: Iterable[TensorId]) -> str:
    """The lines that clear the tensor's gradient; without one, those of `with_grad`. Raises RefusedError."""
    if tensor is None:
        names = [name for one in with_grad if (name := name_of(trace, one)) is not None]
    else:
        names = [_speakable(trace, tensor)]
    if not names:
        raise RefusedError(nothing_to_clear())
    plain = [name for name in names if "." not in name]
    modules = dict.fromkeys(re.split(r"[.\[]", name)[0] for name in names if "." in name)
    lines = [f"{module}.zero_grad()" for module in modules]
    if plain:
        lines.insert(0, " = ".join(f"{name}.grad" for name in plain) + " = None")
    return "\n".join(lines)


def spelled(data: Data) -> str:
    """Numbers as one writes them in a program: `[1., 0.5]`."""
    if isinstance(data, list):
        return "[" + ", ".join(spelled(inner) for inner in data) + "]"
    if isinstance(data, str):
        return f'float("{data}")'
    return repr(float(data)).removesuffix("0") if float(data).is_integer() else repr(float(data))


def torch_name(cells: Iterable[Cell]) -> str:
    """What the program calls torch."""
    alias = re.compile(r"^\s*import torch(?:\s+as\s+(\w+))?\s*(?:#.*)?$", re.MULTILINE)
    for cell in cells:
        if cell.kind == "code" and (match := alias.search(cell.text)):
            return match.group(1) or "torch"
    return "torch"


def ones(shape: Sequence[int]) -> Data:
    """Nested lists of ones."""
    return [ones(shape[1:]) for _place in range(shape[0])] if shape else 1.0


def _speakable(trace: Trace, tensor: TensorId) -> str:
    name = name_of(trace, tensor)
    if name is not None and _DOTTED.fullmatch(name):
        return re.sub(r"\.(\d+)", r"[\1]", name)
    earlier = had_name(trace, tensor)
    raise RefusedError(anonymous() if earlier is None else renamed(earlier))


def _flag_raised(trace: Trace, tensor: TensorId) -> bool:
    changes = [row for row in trace.changes if row.tensor == tensor and row.what == "requires_grad"]
    return bool(changes) and changes[-1].after is True


def _text(cells: Sequence[Cell], cell_id: CellId) -> str:
    return next(cell.text for cell in cells if cell.id == cell_id)


def _count(shape: Sequence[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _numbers(data: Data) -> Iterable[Data]:
    if isinstance(data, list):
        for inner in data:
            yield from _numbers(inner)
    else:
        yield data
