"""What is to be said of a tensor beside its numbers: its base, its tangent, its hooks, what an optimizer keeps for it."""

from __future__ import annotations

from tutor.i18n import _
from tutor.insight.hook_text import hooks_of_tensor
from tutor.insight.numbers_text import number_text
from tutor.insight.pin_text import behind_lines
from tutor.insight.update_text import kept_lines, skipped_text
from tutor.protocol import OptimizerStepped, TensorId
from tutor.trace.index import Index, index_of
from tutor.trace.names import short_name
from tutor.trace.shown import Covered, grad_covered, value_covered
from tutor.trace.told import Told, told
from tutor.trace.trace import Trace
from tutor.trace.values import shape_text


def tensor_lines(trace: Trace, tensor: TensorId, step: int, covered: Covered) -> list[str]:
    """What is known of it after `step`, a line each; nothing for a plain tensor."""
    index, known = index_of(trace), told(trace)
    return [
        *origin_lines(index, tensor, step),
        *behind_lines(trace, tensor, step),
        *dual_lines(index, known, tensor, step, covered),
        *hooks_of_tensor(known, index, tensor, step, covered),
        *_state(index, known, tensor, step, covered),
    ]


def origin_lines(index: Index, tensor: TensorId, step: int) -> list[str]:
    """Whose memory it looks at, and the batch that vmap put before it."""
    row = index.tensors[tensor]
    lines = []
    if row.base is not None:
        lines.append(_("view of {name}").format(name=short_name(index, row.base, step)))
    elif row.shares_memory_with is not None:
        lines.append(_("same memory as {name}").format(name=short_name(index, row.shares_memory_with, step)))
    if row.batch:
        lines.append(_("under vmap: a batch of {sizes}").format(sizes=shape_text(row.batch)))
    return lines


def dual_lines(index: Index, known: Told, tensor: TensorId, step: int, covered: Covered) -> list[str]:
    """The tensor as a dual number of forward-mode differentiation, where it carries a tangent."""
    tangent = known.tangent_at(tensor, step)
    if tangent is None:
        return []
    value = index.value_at(tensor, step)
    primal = number_text(None if value is None else value.value, hidden=value_covered(tensor, index, covered))
    text = _("dual number: {value} + {tangent}ε")
    return [text.format(value=primal, tangent=number_text(tangent.value))]


def _state(index: Index, known: Told, tensor: TensorId, step: int, covered: Covered) -> list[str]:
    """What the last optimizer's step made of what it keeps for this parameter."""
    update = _last_update(index, known, tensor, step)
    if update is None:
        return []
    if update.skipped:
        return [skipped_text()]
    hidden = grad_covered(tensor, index, covered)
    return [f"{update.kind} {line}" for line in kept_lines(update, tensor, hidden=hidden)]


def _last_update(index: Index, known: Told, tensor: TensorId, step: int) -> OptimizerStepped | None:
    """The step of an optimizer that is over, or that has already changed this parameter."""
    current = known.update_at(tensor, step)
    if current is not None:
        value = index.value_at(tensor, step)
        if value is not None and value.step >= current.first_step:
            return current
    return known.last_update(tensor, step)
