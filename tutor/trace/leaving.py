"""Where a value leaves autograd for good: as a plain Python number, or as an index, which no gradient can pass."""

from __future__ import annotations

import re

from tutor.protocol import Data, Operation, TensorId
from tutor.trace.drawn import function_name, zone_of
from tutor.trace.index import Index
from tutor.trace.picture import Shown
from tutor.trace.shown import Covered, shown_value, value_covered

_NUMBERS = frozenset({"item", "tolist", "__float__", "__int__", "__index__"})
_INDICES = frozenset({"argmax", "argmin"})
_COPIES = frozenset({"torch.tensor", "torch.as_tensor", "torch.FloatTensor", "torch.Tensor"})
_BOUND = re.compile(r"\s*([A-Za-z_]\w*)\s*(?::[^=]+)?=(?!=)")


def leaves(operation: Operation, index: Index) -> bool:
    """Whether a tracked value goes no further here: `n = y.item()`, `i = y.argmax()`, `torch.tensor([y])`.

    A number that is only printed or appended is none: it goes nowhere.
    """
    name = function_name(operation.function)
    if name not in _NUMBERS and name not in _INDICES and operation.function not in _COPIES:
        return False
    if operation.backward is not None or zone_of(operation) != "none":
        return False
    if not any(index.flag_at(t, operation.step) for t in operation.inputs):
        return False
    return bool(_assigned(operation, index)[0]) if name in _NUMBERS else not operation.nodes


def is_bare(operation: Operation, index: Index) -> bool:
    """Whether its result gets a tag and no box: it is a number, or counts."""
    return function_name(operation.function) in _INDICES and leaves(operation, index)


def bound_name(operation: Operation, index: Index) -> str:
    """The Python name that its statement gives to just this value: `n = y.item()`, not `n = 2 * y.item()`."""
    name, value = _assigned(operation, index)
    return name if value == index.text(operation.span) and operation.function not in _COPIES else ""


def _assigned(operation: Operation, index: Index) -> tuple[str, str]:
    """Name and right-hand side of its statement; ("", "") where it gives no name."""
    line = index.lines(operation.span).partition("#")[0].rstrip()
    found = _BOUND.match(line)
    return (found.group(1), line[found.end() :].strip()) if found else ("", "")


def told_tensor(operation: Operation) -> TensorId:
    """The tensor whose numbers the tag shows."""
    return operation.outputs[0] if operation.outputs else operation.inputs[0]


def told_value(operation: Operation, index: Index, covered: Covered) -> Shown | None:
    """The numbers that Python gets."""
    tensor = told_tensor(operation)
    hidden = value_covered(tensor, index, covered) or bound_name(operation, index) in covered
    found = shown_value(index.value_at(tensor, operation.step), index.shape_of(tensor), hidden)
    if found is None or function_name(operation.function) not in ("__int__", "__index__"):
        return found
    return Shown(_whole(found.data), found.shape, found.stats, found.covered)


def _whole(data: Data) -> Data:
    return int(data) if isinstance(data, float | int) else data
