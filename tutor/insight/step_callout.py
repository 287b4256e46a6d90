"""What is said beside a step in which no node runs: a call under a mode of its own, an update, a node that was used up."""

from __future__ import annotations

from tutor.i18n import _
from tutor.insight.errors import explain
from tutor.insight.forward_sheets import forward_said
from tutor.insight.hook_text import counted, hook_text
from tutor.insight.node_text import freed_lines, saved_names
from tutor.insight.operation_text import module_call, module_text, telling_lines
from tutor.insight.pin_text import behind_lines, broken_lines, broken_title, overtaken_lines
from tutor.insight.tensor_text import dual_lines
from tutor.insight.update_text import update_lines, update_title
from tutor.insight.used_up import USED_TWICE
from tutor.protocol import OperationId, TensorId
from tutor.trace.item_states import Moment
from tutor.trace.lanes import box_id, circle_id
from tutor.trace.names import written
from tutor.trace.picture import Callout
from tutor.trace.told import told_of


def step_callout(at: Moment) -> Callout | None:
    """None for a step that needs no words."""
    if not 0 <= at.step < len(at.trace.steps):
        return None
    row = at.trace.steps[at.step]
    match row.kind:
        case "operation":
            return _calling(at, OperationId(row.id))
        case "value_changed":
            return _updating(at, TensorId(row.id))
        case "error":
            return _used_up(at)
        case "node" | "grad_changed" | "flag_changed" | "output" | "gap":
            return None


def _calling(at: Moment, operation: OperationId) -> Callout | None:
    item = circle_id(operation)
    if item not in at.stage.circles:
        return None
    row = at.index.operations[operation]
    lines = telling_lines(at.trace, row)
    known = told_of(at.trace, at.index)
    lines += [line for t in row.outputs for line in dual_lines(at.index, known, t, at.step, at.covered)]
    lines += [hook_text(hook, hidden=bool(at.covered)) for hook in known.hooks_at.get(at.step, ())]
    broken = broken_lines(at)
    if broken and not lines:
        return Callout(item, broken_title(at), broken, about="error")
    shapes, drawings = forward_said(at, row)
    if not lines and not shapes:
        return None
    call = module_call(at.trace, row)
    title = module_text(call) if call is not None else written(at.index.text(row.span)) or row.function
    words = (*shapes, *counted(lines), *broken)
    return Callout(item, title, words, about="value", drawings=drawings)


def _updating(at: Moment, tensor: TensorId) -> Callout | None:
    update = told_of(at.trace, at.index).update_at(tensor, at.step)
    item = box_id(tensor)
    if item not in at.stage.boxes:
        return None
    if update is None:
        return _written(at, tensor)
    lines = update_lines(at.index, update, tensor, at.step, at.covered)
    return Callout(item, update_title(update), tuple(lines), about="value")


def _written(at: Moment, tensor: TensorId) -> Callout | None:
    """A write through `.data`, or one to what some node had saved."""
    broken = broken_lines(at)
    if behind_lines(at.trace, tensor, at.step):
        title = _("changed behind autograd's back")
    elif broken:
        title = broken_title(at)
    else:
        return None
    return Callout(box_id(tensor), title, broken, about="error")


def _used_up(at: Moment) -> Callout | None:
    """The node at which a second backward stopped: what it had saved is gone, and since when."""
    error = at.backward.error if at.backward is not None else None
    item = at.stage.circle_of.get(at.failed) if at.failed is not None else None
    if error is None or item is None or at.failed is None:
        return None
    explained = explain(error)
    overtaken = overtaken_lines(at.trace, at.failed, at.step)
    if overtaken:
        return Callout(item, _("a saved value was changed"), tuple(overtaken), about="error")
    if explained is None or explained.id != USED_TWICE:
        return None
    names = ", ".join(saved_names(at.index, at.failed))
    title = _("{names}: no longer saved").format(names=names) if names else _("nothing saved any more")
    lines = freed_lines(at.trace, at.failed, at.step)
    return Callout(item, title, tuple(lines), about="error")
