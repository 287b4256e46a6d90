"""The Jacobian of one node, J: how much each output element moves with each input element. The engine never builds it.

It is worked out here, row by row, by giving a node's rule each row of the identity in the place of v; every number comes
from what was recorded, but none of J's is torch's own. Where torch has run the node, vᵀJ must be what torch sent on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import numpy as np

from tutor.insight.formulas import local_derivative
from tutor.insight.local import PLAIN, Floats, Use, alike, base_name, folded
from tutor.insight.numbers_text import data_shape
from tutor.insight.uses import array, letters, use_of
from tutor.protocol import Data, NodeId, NodeRun, TensorId
from tutor.trace.item_states import Moment
from tutor.trace.names import short_name
from tutor.trace.picture import Circle, Shown
from tutor.trace.shown import grad_covered, shown

MOST_OUTPUTS = 8
MOST_INPUTS = 256
Why = Literal[
    "not_recorded", "outputs", "inputs", "several", "no_rule", "not_kept", "differs", "unchecked", "empty"
]


@dataclass(frozen=True, slots=True)
class Block:
    """∂(output)/∂(one input): a row for each output element, a column for each input element, in reading order."""

    text: str
    """What the input is called."""
    shape: tuple[int, ...]
    rows: Floats
    hidden: bool
    """Whether a question covers what the numbers are made of, or what they would tell."""
    sent: Shown | None
    """What torch sent on to this input in the shown backward, once it has."""
    sent_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Jacobian:
    """J of one node, cut into a block for each input that takes a gradient."""

    node: NodeId
    name: str
    text: str
    """What the output is called."""
    shape: tuple[int, ...]
    blocks: tuple[Block, ...]
    v: Shown | None
    """What the node received in the shown backward, once it has run."""
    checked: bool
    """Whether torch has run the node and sent on what v and this J give."""

    @property
    def outputs(self) -> int:
        return prod(side for side in self.shape)


@dataclass(frozen=True, slots=True)
class NoJacobian:
    """Why there is none; `name` of the node or input, `count` of elements where they are too many."""

    why: Why
    name: str = ""
    count: int = 0


def times(v: Sequence[float], block: Block) -> Floats:
    """vᵀJ of one block, in the input's shape."""
    with np.errstate(all="ignore"):
        scaled = np.where(block.rows == 0, 0.0, np.asarray(v, dtype=np.float64)[:, None] * block.rows)
        return np.asarray(scaled.sum(axis=0).reshape(block.shape))


def jacobian(at: Moment, circle: Circle, node: NodeId | None = None) -> Jacobian | NoJacobian:
    """J of a node of this operation: the one that runs in this step, else that which made the output."""
    nodes = [tab.node for tab in circle.tabs]
    if not nodes:
        return NoJacobian("not_recorded")
    chosen = node if node in nodes else _running(at, nodes) or _head(at, circle, nodes)
    name = at.index.nodes[chosen].name
    if _is_complex(at, circle):
        return NoJacobian("no_rule", name)
    shape = _output_shape(at, circle, chosen)
    if shape is None:
        return NoJacobian("several", name)
    if min(shape, default=1) <= 0:
        return NoJacobian("empty" if 0 in shape else "no_rule", name)  # sizes that vary are told as negative
    if (count := prod(shape)) > MOST_OUTPUTS:
        return NoJacobian("outputs", name, count)
    return _whole(at, circle, chosen, name, shape)


def _whole(
    at: Moment, circle: Circle, node: NodeId, name: str, shape: tuple[int, ...]
) -> Jacobian | NoJacobian:
    ran = at.run_of(node)
    ever = ran or at.run_of(node, ever=True) or _any_run(at, node)
    blank = NodeRun(node=node, grad_outputs=[None], grad_inputs=[], step=at.step)
    known = letters(at, circle)
    use = use_of(at, ever or blank, circle, known)
    blocks: list[Block] = []
    checked = ever is not None
    for edge in at.index.edges_from.get(node, ()):
        found = _block(at, use, edge, ever, shape, known)
        if isinstance(found, NoJacobian):
            return found
        block, agrees = found
        checked = checked and agrees
        blocks.append(_with_sent(at, block, edge, ran))
    if not blocks:
        return NoJacobian("no_rule", name)
    if not checked and base_name(name) not in PLAIN:
        return NoJacobian("unchecked", name)
    text = use.result.text if _outputs_of(at, circle, node) else name
    return Jacobian(node, name, text, shape, tuple(blocks), _received(at, circle, node, ran), checked)


def _block(
    at: Moment,
    use: Use,
    edge: int,
    run: NodeRun | None,
    shape: tuple[int, ...],
    known: Mapping[TensorId, str],
) -> tuple[Block, bool] | NoJacobian:
    """The block of one edge, and whether torch's own numbers have confirmed it."""
    row = at.index.edges[edge]
    lane = at.stage.lane_of.get(edge)
    text = at.index.nodes[row.to].name if row.to in at.index.nodes else "?"
    sent = _sent(run, row.output)
    into: tuple[int, ...] | None = _shape_of(sent)
    if lane is not None:
        text = known.get(lane.tensor) or short_name(at.index, lane.tensor, at.step)
        into = tuple(at.index.shape_of(lane.tensor))
    if into is not None and min(into, default=1) <= 0:
        return NoJacobian("empty" if 0 in into else "no_rule", text)
    if into is not None and prod(into) > MOST_INPUTS:
        return NoJacobian("inputs", text, prod(into))
    rows, hidden, fault = _rows(use, row.output, shape, into)
    if rows is None:
        return NoJacobian(fault, use.name)
    into = rows.shape[1:] if into is None else into
    block = Block(text, into, rows.reshape(len(rows), -1), hidden, None)
    agrees = _agrees(block, run, sent)
    if agrees is False:
        return NoJacobian("differs", use.name)
    return block, bool(agrees)


def _rows(
    use: Use, output: int, shape: tuple[int, ...], into: tuple[int, ...] | None
) -> tuple[Floats | None, bool, Why]:
    """What the rule makes of each row of the identity, in the input's shape."""
    count = prod(shape)
    made: list[Floats] = []
    hidden = False
    for at in range(count):
        one = np.zeros(count)
        one[at] = 1.0
        local = local_derivative(replace(use, received=one.reshape(shape)), output)
        if local is None:
            return None, False, "no_rule"
        hidden = hidden or local.hidden
        found = local.whole
        if found is None and local.value is not None and local.kind in ("times", "spread"):
            with np.errstate(all="ignore"):
                mask = one.reshape(shape)
                found = np.where(mask == 0, 0.0, mask * local.value)
        if found is None:
            return None, False, "not_kept" if local.kind in ("times", "matrix") else "no_rule"
        try:
            made.append(folded(found, into) if into is not None else np.asarray(found, dtype=np.float64))
        except ValueError:
            return None, False, "no_rule"
    return np.stack(made), hidden, "no_rule"


def _agrees(block: Block, run: NodeRun | None, sent: Data) -> bool | None:
    """Whether vᵀJ is what torch sent; None where its numbers were not kept."""
    v, theirs = array(run.grad_outputs[0]) if run is not None and run.grad_outputs else None, array(sent)
    if v is None or theirs is None or v.size != len(block.rows) or theirs.size != block.rows.shape[1]:
        return None
    return alike(times(v.reshape(-1).tolist(), block).reshape(-1), theirs.reshape(-1))


def _with_sent(at: Moment, block: Block, edge: int, ran: NodeRun | None) -> Block:
    """With what torch sent on; covered where a question asks for it, and J with it where it would tell."""
    lane = at.stage.lane_of.get(edge)
    asked = lane is not None and bool(at.covered) and grad_covered(lane.tensor, at.index, at.covered)
    data = _sent(ran, at.index.edges[edge].output)
    asked = asked or at.gives_away(data)
    tells = any(at.gives_away(row.reshape(block.shape).tolist()) for row in block.rows)
    sent = None if data is None else shown(data, block.shape, asked)
    return replace(block, sent=sent, sent_hidden=asked, hidden=block.hidden or tells)


def _received(at: Moment, circle: Circle, node: NodeId, ran: NodeRun | None) -> Shown | None:
    if ran is None or not ran.grad_outputs or ran.grad_outputs[0] is None:
        return None
    data = ran.grad_outputs[0]
    own = _outputs_of(at, circle, node)
    hidden = any(grad_covered(t, at.index, at.covered) for t in own) or at.gives_away(data)
    return shown(data, _shape_of(data) or (), hidden)


def _is_complex(at: Moment, circle: Circle) -> bool:
    """Whether complex numbers go in or come out: their J would have two numbers an element."""
    operation = at.index.operations[circle.operation]
    tensors = (at.index.tensors.get(t) for t in (*operation.inputs, *operation.outputs))
    return any(row is not None and "complex" in row.dtype for row in tensors)


def _running(at: Moment, nodes: Sequence[NodeId]) -> NodeId | None:
    found = at.index.node_steps.get(at.step)
    return found.run.node if found is not None and found.run.node in nodes else None


def _head(at: Moment, circle: Circle, nodes: Sequence[NodeId]) -> NodeId:
    """The node of the operation's first output."""
    made = (at.index.tensors[t].grad_fn for t in at.index.operations[circle.operation].outputs)
    return next((node for node in made if node is not None and node in nodes), nodes[0])


def _any_run(at: Moment, node: NodeId) -> NodeRun | None:
    """Its run in whatever backward: what it saved was the same."""
    runs = at.index.runs.get(node, ())
    return runs[0].run if runs else None


def _output_shape(at: Moment, circle: Circle, node: NodeId) -> tuple[int, ...] | None:
    """None where the node has several outputs, or its output's shape is not known."""
    own = _outputs_of(at, circle, node)
    run = _any_run(at, node)
    if len(own) > 1 or (run is not None and len(run.grad_outputs) != 1):
        return None
    if own:
        return tuple(at.index.shape_of(own[0]))
    return None if run is None else _shape_of(run.grad_outputs[0])


def _outputs_of(at: Moment, circle: Circle, node: NodeId) -> list[TensorId]:
    """The operation's outputs that this node made."""
    outputs = at.index.operations[circle.operation].outputs
    return [t for t in outputs if at.index.tensors[t].grad_fn == node]


def _sent(run: NodeRun | None, output: int) -> Data:
    """What torch sent on along one edge; None where it sent nothing, or has not run the node."""
    return run.grad_inputs[output] if run is not None and output < len(run.grad_inputs) else None


def _shape_of(data: Data) -> tuple[int, ...] | None:
    return None if data is None else tuple(data_shape(data))
