"""From a node's run in the trace to what a rule needs: the operation's arguments in order, with names and values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from tutor.insight.local import Floats, Operand, Use, atom
from tutor.insight.numbers_text import data_shape
from tutor.protocol import Data, Node, NodeRun, Operation, TensorId
from tutor.trace.drawn import function_name
from tutor.trace.index import Index
from tutor.trace.item_states import Moment
from tutor.trace.names import expression, short_name, written
from tutor.trace.picture import Circle
from tutor.trace.shown import value_covered
from tutor.trace.values import cell

_LONG = 12
_LETTER = re.compile(r"\b[a-z]\b")
_NAMELESS = ""
"""The text of a tensor that only torch knows, until it gets a letter."""
_NONE: Mapping[TensorId, str] = {}
_TENSOR = re.compile(r"#(-?\d+)$")
_SETTING = re.compile(r"[A-Za-z_]\w*=")
_KEYWORD_TENSOR = re.compile(r"[A-Za-z_]\w*=(?=#-?\d)")


def letters(at: Moment, circle: Circle) -> dict[TensorId, str]:
    """A letter of its own for each nameless argument whose expression is long: u = (prediction − target)²."""
    free = _free("uvwzpqst", at.index)
    found: dict[TensorId, str] = {}
    for tensor in at.index.operations[circle.operation].inputs:
        if tensor in found or at.index.last_name(tensor) or len(wordy(at.index, tensor)) <= _LONG:
            continue
        letter = next(free, "")
        if letter:
            found[tensor] = letter
    return found


def _free(letters: str, index: Index) -> Iterator[str]:
    """Those that are no name in the program, of a tensor or of anything else."""
    return (letter for letter in letters if letter not in index.names and letter not in _letters_used(index))


def _letters_used(index: Index) -> frozenset[str]:
    kept = index.derived.get("letters")
    if not isinstance(kept, tuple) or kept[0] != len(index.sources):
        texts = ("\n".join(lines) for lines in index.sources.values())
        kept = (len(index.sources), frozenset(w for text in texts for w in _LETTER.findall(text)))
        index.derived["letters"] = kept
    found = kept[1]
    assert isinstance(found, frozenset)
    return found


def wordy(index: Index, tensor: TensorId) -> str:
    """Its expression in full."""
    return written(expression(index, tensor))


def use_of(at: Moment, run: NodeRun, circle: Circle, known: Mapping[TensorId, str]) -> Use:
    """What is known of the node's operation at the moment of its run."""
    operation = at.index.operations[circle.operation]
    node = at.index.nodes[run.node]
    kept = {key: found for key, saved in node.saved.items() if (found := _kept(at, saved)) is not None}
    alone = len(circle.tabs) == 1 or circle.symbol == "linear"
    return Use(
        name="" if _reckons(node, operation) else node.name,
        operands=_own_operands(at, operation, known, node)
        if alone
        else _kept_operands(at.index, node.saved, kept),
        received=array(run.grad_outputs[0]) if run.grad_outputs else None,
        result=_result(at, operation, run, kept),
        saved={k: v for k, v in node.saved.items() if not isinstance(v, dict)},
        came=_came(run),
    )


def _came(run: NodeRun) -> tuple[int, ...] | None:
    data = run.grad_outputs[0] if run.grad_outputs else None
    return None if data is None else tuple(data_shape(data))


def _reckons(node: Node, operation: Operation) -> bool:
    """Whether it is `v *= 3` on a view: its CopySlices also multiplies, which no rule says."""
    copies = ("__setitem__", "copy_", "fill_", "zero_")
    return node.name == "CopySlices" and function_name(operation.function) not in copies


def _result(at: Moment, operation: Operation, run: NodeRun, kept: Mapping[str, Operand]) -> Operand:
    if "result" in kept:
        found = kept["result"]
        return found if found.text else replace(found, text="y")
    outputs = [t for t in operation.outputs if at.index.tensors[t].grad_fn in (run.node, None)]
    return _tensor(at, outputs[0], operation.step) if outputs else Operand("y")


def _kept(at: Moment, saved: Data) -> Operand | None:
    """A saved tensor as an operand: one of the program's, or one that only torch knew."""
    if not isinstance(saved, dict) or "tensor" not in saved:
        return None
    if saved["tensor"] is not None:
        return _tensor(at, TensorId(saved["tensor"]), at.step)
    value = array(saved.get("value"))
    text = cell(float(value)) if value is not None and value.ndim == 0 else _NAMELESS
    return Operand(text, value, tuple(saved.get("shape", ())))


def _kept_operands(
    index: Index, saved: Mapping[str, Data], kept: Mapping[str, Operand]
) -> tuple[Operand, ...]:
    """The operands of an inner node of an operation that made several: what it saved of them, else a free letter."""
    free = _free("xyuvwzpqst", index)
    sizes = saved.get("self_sym_sizes")
    shape = tuple(int(n) for n in sizes) if isinstance(sizes, list) else ()
    first = next((kept[k] for k in ("self", "input", "mat1") if k in kept), Operand(_NAMELESS, None, shape))
    second = next((kept[k] for k in ("other", "target", "mat2") if k in kept), Operand(_NAMELESS))
    found = (replace(o, text=next(free, "x")) if o.text == _NAMELESS else o for o in (first, second))
    return tuple(found)


def _own_operands(
    at: Moment, operation: Operation, known: Mapping[TensorId, str], node: Node
) -> tuple[Operand, ...]:
    """A linear layer without a bias is a product with the turned weight."""
    found = _operands(at, operation, known)
    if len(found) > 1 and node.name.startswith("Mm") and function_name(operation.function) == "linear":
        return found[0], _turned(found[1])
    return found


def _turned(matrix: Operand) -> Operand:
    value = None if matrix.value is None or matrix.value.ndim < 2 else np.swapaxes(matrix.value, -1, -2)
    return Operand(f"{atom(matrix.text)}ᵀ", value, tuple(reversed(matrix.shape)), matrix.hidden)


def _operands(at: Moment, operation: Operation, known: Mapping[TensorId, str]) -> tuple[Operand, ...]:
    if not operation.arguments:
        return tuple(_tensor(at, t, operation.step - 1, known) for t in operation.inputs)
    found = (_operand(at, text, operation.step, known) for text in operation.arguments)
    return tuple(operand for operand in found if operand is not None)


def _operand(at: Moment, text: str, step: int, known: Mapping[TensorId, str]) -> Operand | None:
    """None for a setting as `dim=0`."""
    text = _KEYWORD_TENSOR.sub("", text)
    if _SETTING.match(text):
        return None
    tensor = _TENSOR.match(text)
    if tensor:
        return _tensor(at, TensorId(int(tensor.group(1))), step - 1, known)
    return Operand(text.removesuffix(".0"), _literal(text), ())


def _literal(text: str) -> Floats | None:
    """The number that the argument's text is."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return np.asarray(found, dtype=np.float64) if isinstance(found, int | float) else None


def _tensor(at: Moment, tensor: TensorId, step: int, known: Mapping[TensorId, str] = _NONE) -> Operand:
    if tensor not in at.index.tensors:
        return Operand("x")
    value = at.index.value_at(tensor, step)
    return Operand(
        text=known.get(tensor) or short_name(at.index, tensor, step + 1),
        value=array(value.value) if value is not None else None,
        shape=tuple(at.index.shape_of(tensor)),
        hidden=value_covered(tensor, at.index, at.covered),
    )


def array(data: Data) -> Floats | None:
    """Plain data as numbers; None where they were not kept or are no real numbers."""
    if data is None or isinstance(data, dict):
        return None
    try:
        return np.asarray(data, dtype=np.float64)
    except (ValueError, TypeError):
        return None
