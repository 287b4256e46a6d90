"""What the running node does, in numbers: "receives 1", then "∂(a·b)/∂a = b = 3 → 1 × 3 = 3 to a"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tutor.i18n import _
from tutor.insight.formulas import local_derivative
from tutor.insight.hook_text import counted, hook_text, is_early
from tutor.insight.in_shapes import in_shapes, moved, multiplied
from tutor.insight.local import PLAIN, Floats, Local, Use, agrees, base_name
from tutor.insight.numbers_text import LIMIT, data_shape, number_text
from tutor.insight.sheets import drawing_of, folded_dims, sum_words
from tutor.insight.step_callout import step_callout
from tutor.insight.uses import array, letters, use_of, wordy
from tutor.protocol import Data, NodeId, NodeRun, TensorId
from tutor.trace.gradient_graph import gradient_text, operations_at
from tutor.trace.index import RunOf
from tutor.trace.item_states import Moment
from tutor.trace.lanes import box_id
from tutor.trace.names import short_name, written
from tutor.trace.picture import Callout, Circle, Drawing, ItemId
from tutor.trace.shown import grad_covered, shown
from tutor.trace.told import told_of

_MOST_DRAWN = 2
"""So many drawings stand in a callout."""


def callout(at: Moment) -> Callout | None:
    """What the running node does; beside another step what it needs to be understood; None where that is nothing."""
    found = at.index.node_steps.get(at.step)
    if found is None or found.run.node not in at.index.nodes:
        return step_callout(at)
    leaf = at.index.nodes[found.run.node].tensor
    if leaf is not None:
        return _accumulating(at, found, leaf)
    item = at.stage.circle_of.get(found.run.node)
    return None if item is None else _passing(at, found.run, at.stage.circles[item])


# ------------------------------------------------------------------ AccumulateGrad


def _accumulating(at: Moment, found: RunOf, leaf: TensorId) -> Callout | None:
    """before + incoming = after."""
    item = box_id(leaf)
    sums = at.trace.backwards[found.backward].accumulations
    done = next((s for s in sums if s.tensor == leaf and s.step == at.step), None)
    if item not in at.stage.boxes:
        return None
    title = _("adds to {name}.grad").format(name=at.stage.boxes[item].name or _("the leaf"))
    if done is None:
        return Callout(item, title, ())
    hidden = grad_covered(leaf, at.index, at.covered)
    before, incoming, after = (
        number_text(d, hidden=hidden and d is not None) for d in (done.before, done.incoming, done.after)
    )
    early, late = _hooks(at, leaf=leaf)
    return Callout(item, title, (*early, f"{before} + {incoming} = {after}", *late, *_own_graph(at)))


# ------------------------------------------------------------------ any other node


def _passing(at: Moment, run: NodeRun, circle: Circle) -> Callout:
    known = letters(at, circle)
    use = use_of(at, run, circle, known)
    hidden = _received_hidden(at, run.node, circle)
    hidden = hidden or any(at.gives_away(g) for g in run.grad_outputs)
    received = ", ".join(number_text(g, hidden=hidden) for g in run.grad_outputs)
    lines, drawings = [], []
    for edge in at.index.edges_from.get(run.node, ()):
        output = at.index.edges[edge].output
        sent = run.grad_inputs[output] if output < len(run.grad_inputs) else None
        lines.append(_line(at, use, edge, sent, known, hidden=hidden))
        drawings += _drawn(at, use, edge, sent, known, hidden=hidden)
    said = " ".join(lines)
    lines += [f"{letter} = {wordy(at.index, t)}" for t, letter in known.items() if letter in said]
    title = _("receives {value}").format(value=received)
    early, late = _hooks(at, hidden=hidden)
    whole = (*early, *lines, *late, *_own_graph(at))
    return Callout(circle.id, title, whole, _glowing(at, run.node), drawings=tuple(drawings[:_MOST_DRAWN]))


def _drawn(
    at: Moment, use: Use, edge: int, sent: Data, known: Mapping[TensorId, str], *, hidden: bool
) -> list[Drawing]:
    """The sheets of what goes along this edge, where numbers are summed, copied or multiplied as matrices."""
    local = local_derivative(use, at.index.edges[edge].output)
    if local is None or sent is None or not _holds(local, use, sent):
        return []
    lane = at.stage.lane_of.get(edge)
    covered = at.hides(lane.tensor, sent) if lane is not None else at.gives_away(sent)
    there = shown(sent, tuple(data_shape(sent)))
    found = drawing_of(local, use, there, _target(at, edge, known), hidden=hidden, covered=covered)
    return [found] if found is not None else []


def _holds(local: Local, use: Use, sent: Data) -> bool:
    """Whether torch's own numbers confirm the rule; where they were not kept, whether it is one that always holds."""
    if _unkept(use, sent):
        return base_name(use.name) in PLAIN and use.came_shape is not None
    return agrees(local, use.received, array(sent))


def _unkept(use: Use, sent: Data) -> bool:
    return use.received is None or array(sent) is None


def _own_graph(at: Moment) -> list[str]:
    """With create_graph: how the gradient is computed, in a graph that is drawn from this step on."""
    made = [at.index.operations[o] for o in operations_at(at.index).get(at.step, ())]
    inner = {t for operation in made for t in operation.inputs}
    ends = [t for operation in made for t in operation.outputs if t not in inner]
    texts = [written(text) for t in ends if (text := gradient_text(at.index, t))]
    if not made:
        return []
    if len(texts) != 1 or len(texts[0]) > LIMIT:
        return [_("with a graph of its own")]
    return [_("with a graph of its own: {expression}").format(expression=texts[0])]


def _hooks(
    at: Moment, *, leaf: TensorId | None = None, hidden: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The learner's hooks of this step: those that saw the gradient before the node did, and those after it."""
    found = told_of(at.trace, at.index).hooks_at.get(at.step, ())
    hidden = hidden or (leaf is not None and grad_covered(leaf, at.index, at.covered))
    early = counted(hook_text(hook, hidden=hidden) for hook in found if is_early(hook))
    return early, counted(hook_text(hook, hidden=hidden) for hook in found if not is_early(hook))


def _received_hidden(at: Moment, node: NodeId, circle: Circle) -> bool:
    """Whether a question covers the gradient of this node's output."""
    outputs = at.index.operations[circle.operation].outputs
    return any(grad_covered(t, at.index, at.covered) for t in outputs if at.index.tensors[t].grad_fn == node)


def _glowing(at: Moment, node: NodeId) -> tuple[ItemId, ...]:
    """The boxes of what the node had saved."""
    kept = at.index.nodes[node].saved.values()
    tensors = (k["tensor"] for k in kept if isinstance(k, dict) and k.get("tensor") is not None)
    return tuple(dict.fromkeys(box_id(t) for t in tensors if box_id(t) in at.stage.boxes))


def _line(at: Moment, use: Use, edge: int, sent: Data, known: Mapping[TensorId, str], *, hidden: bool) -> str:
    found = at.index.edges[edge]
    lane = at.stage.lane_of.get(edge)
    target = _target(at, edge, known)
    covered = at.hides(lane.tensor, sent) if lane is not None else at.gives_away(sent)
    if sent is None:
        return _("no gradient to {target}").format(target=target)
    local = local_derivative(use, found.output)
    result = number_text(sent, hidden=covered)
    if local is not None and _unkept(use, sent) and _holds(local, use, sent):
        return in_shapes(local, use, tuple(data_shape(sent)), result, target)
    if local is None or not agrees(local, use.received, array(sent)):
        known_better = local is not None and local.whole is not None and array(sent) is not None
        return _plain(None if known_better else local, result, target)
    if at.gives_away(_plain_data(local.value)):
        local = replace(local, hidden=True)
    return _explained(local, use, array(sent), result, target, hidden=hidden)


def _target(at: Moment, edge: int, known: Mapping[TensorId, str]) -> str:
    """What the edge leads to is called."""
    lane = at.stage.lane_of.get(edge)
    if lane is None:
        return _node_name(at, at.index.edges[edge].to)
    return known.get(lane.tensor) or short_name(at.index, lane.tensor, at.step)


def _plain(local: Local | None, result: str, target: str) -> str:
    """The rule where there is one, without its numbers."""
    if local is None or local.kind in ("times", "spread"):
        return _("passes {result} to {target}").format(result=result, target=target)
    rule = f"{local.of}: {local.rule}" if local.rule else local.of
    return _("{rule} → {result} to {target}").format(rule=rule, result=result, target=target)


def _explained(local: Local, use: Use, sent: Floats | None, result: str, target: str, *, hidden: bool) -> str:
    if local.kind == "spread":
        rule = _("{of} = {rule} for each element").format(of=local.of, rule=local.rule)
    elif local.kind == "times":
        rule = f"{local.of} = " + _rule(local)
        result = result if _is_one(local, use, sent) else _product(local, use, sent, result, hidden=hidden)
    elif local.kind == "matrix" and sent is not None:
        return multiplied(local, sent.shape, result, target)
    elif local.kind == "moves" and sent is not None and use.received is not None:
        return moved(local, use.received.shape, sent.shape, result, target)
    else:
        return _plain(local, result, target)
    return _("{rule} → {result} to {target}").format(rule=rule, result=result, target=target)


def _is_one(local: Local, use: Use, sent: Floats | None) -> bool:
    """Many numbers times one, which need not be said; nor summed, which must be."""
    one = local.value is not None and local.value.ndim == 0 and local.value == 1
    return (
        bool(one)
        and use.received is not None
        and use.received.ndim > 0
        and sent is not None
        and use.received.size == sent.size
    )


def _rule(local: Local) -> str:
    """b = 3, or the number alone where it is the rule."""
    is_number = local.rule == number_text(_plain_data(local.value))
    return _value(local) if is_number else f"{local.rule} = {_value(local)}"


def _value(local: Local) -> str:
    return number_text(_plain_data(local.value), hidden=local.hidden)


def _product(local: Local, use: Use, sent: Floats | None, result: str, *, hidden: bool) -> str:
    """1 × 3 = 3, and the sum over what was stretched."""
    received = number_text(_plain_data(use.received), hidden=hidden)
    product = f"{received} × {_value(local)}"
    if sent is not None and use.received is not None and use.received.size > sent.size:
        dims = folded_dims(use.received.shape, sent.shape)
        words = _("{sum} of {product} = {result}")
        return words.format(sum=sum_words(use.received.shape, dims), product=product, result=result)
    return f"{product} = {result}"


def _node_name(at: Moment, node: NodeId) -> str:
    return at.index.nodes[node].name if node in at.index.nodes else "?"


def _plain_data(values: Floats | None) -> Data:
    return None if values is None else values.tolist()
