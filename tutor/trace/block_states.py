"""The state of a closed group after a step: how much of it is done, whether it runs, and how large its gradients are."""

from __future__ import annotations

import math

import numpy as np

from tutor.protocol import Data, TensorId
from tutor.trace.backwards import has_ended
from tutor.trace.block_tables import BlockTable
from tutor.trace.index import GradEvent
from tutor.trace.item_states import Moment
from tutor.trace.picture import BlockState, Phase
from tutor.trace.shown import grad_covered


def block_state(at: Moment, table: BlockTable) -> BlockState:
    made = table.made_by(at.step)
    nodes = _nodes(at, table)
    ran = table.ran_by(at.backward.id, at.step) if at.backward is not None else 0
    return BlockState(
        present=made > 0,
        made=made,
        ran=ran,
        nodes=nodes,
        phase=_phase(at, table, ran, nodes),
        norm=_norm(at, table),
        covered=any(grad_covered(leaf, at.index, at.covered) for leaf in table.leaves),
    )


def _nodes(at: Moment, table: BlockTable) -> int:
    """How many of its nodes the shown backward has to run; all of them before there is one."""
    if at.backward is None:
        return len(table.nodes)
    key = at.backward.id
    if key not in table.needed:
        table.needed[key] = len(table.nodes & at.needed)
    return table.needed[key]


def _phase(at: Moment, table: BlockTable, ran: int, nodes: int) -> Phase:
    if at.failed in table.nodes:
        return "failed"
    if table.runs_at(at.step) or _accumulates(at, table):
        return "running"
    if table.keeps and any(at.has_freed(key) for key in table.begun_by(at.step)):
        return "used"
    if ran and ran >= nodes:
        return "done"
    if at.backward is not None and not has_ended(at.backward, at.step):
        return "waiting" if nodes else "idle"
    return "done" if ran else "laid"


def _accumulates(at: Moment, table: BlockTable) -> bool:
    """Whether a gradient lands in this step at a leaf that lies in it."""
    found = at.index.node_steps.get(at.step)
    row = at.index.nodes.get(found.run.node) if found is not None else None
    return row is not None and row.tensor in table.within


# ------------------------------------------------------------------ the norm


def _norm(at: Moment, table: BlockTable) -> float | None:
    """Of all its parameters' gradients together; None where none has one, or one is not known in numbers."""
    total: float | None = None
    for leaf in table.leaves:
        event = at.index.grad_at(leaf, at.step)
        if event is None or event.value is None:
            continue
        square = _square(at, leaf, event)
        if square is None:
            return None
        total = square if total is None else total + square
    return None if total is None else math.sqrt(total)


def _square(at: Moment, leaf: TensorId, event: GradEvent) -> float | None:
    """The sum of the squares of a gradient's numbers, worked out once for each gradient."""
    key = (leaf, event.step)
    if key not in at.stage.squares:
        at.stage.squares[key] = _sum_of_squares(event.value)
    return at.stage.squares[key]


def _sum_of_squares(data: Data) -> float | None:
    if isinstance(data, dict):
        if "indices" in data:
            return _sum_of_squares(data["values"])
        norm = _stat(data.get("stats"))
        return None if norm is None else norm * norm
    numbers = np.asarray(data, dtype=np.float64)
    with np.errstate(all="ignore"):
        return float(np.sum(numbers * numbers))


def _stat(stats: object) -> float | None:
    norm = stats.get("norm") if isinstance(stats, dict) else getattr(stats, "norm", None)
    return float(norm) if isinstance(norm, int | float) else None
