"""The engine's ready queue: which nodes could run when one did, in the engine's order, and what the others still waited for.

As in torch/csrc/autograd/engine.cpp: a node is ready when all nodes that send it a gradient in this backward have run; of
those that are ready, AccumulateGrad goes first, then the highest sequence number, the operation that was recorded last.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass

from tutor.protocol import BackwardId, NodeId
from tutor.trace.backwards import needed_nodes
from tutor.trace.index import Index, index_of
from tutor.trace.trace import Backward, Trace


@dataclass(frozen=True, slots=True)
class Queued:
    """A node that has not run: `arrived` of the `awaited` edges that lead to it have been served."""

    node: NodeId
    sequence: int | None
    """None for AccumulateGrad, which goes before all others."""
    arrived: int
    awaited: int
    waits_for: tuple[NodeId, ...] = ()
    """The nodes that have yet to run before it can, each once."""


@dataclass(frozen=True, slots=True)
class ReadyQueue:
    """Just before the node of this step ran (or, in a step without one, after it)."""

    backward: BackwardId
    step: int
    running: NodeId | None
    ready: tuple[Queued, ...]
    """In the engine's order."""
    waiting: tuple[Queued, ...]
    """Those that have some of their gradients and lack others; the one that runs next first, as far as numbers tell."""
    unreached: int
    """How many have received nothing yet."""

    @property
    def by_rule(self) -> bool:
        """Whether the node that ran stood first. Where several devices work, each has a queue of its own."""
        return self.running is None or not self.ready or self.ready[0].node == self.running


def ready_queue(trace: Trace, step: int) -> ReadyQueue | None:
    """None where no backward is under way."""
    backward = _under_way(trace, step)
    if backward is None:
        return None
    index = index_of(trace)
    kept = index.derived.setdefault("ready queues", {})
    assert isinstance(kept, dict)
    stamp = len(index.edges), len(index.nodes)
    state = kept.get(backward.id)
    if state is None or state.stamp != stamp:
        kept.clear()
        needed = needed_nodes(trace, index, backward.id)
        state = kept[backward.id] = _State(index, backward, needed, stamp)
    assert isinstance(state, _State)
    return state.at(step)


def waiting_for(trace: Trace, step: int, node: NodeId) -> Queued | None:
    """How one node stands in the backward of this step, ready or not; None where it has run, or does not take part."""
    queue = ready_queue(trace, step)
    if queue is None:
        return None
    state = index_of(trace).derived["ready queues"]
    assert isinstance(state, dict)
    own = state[queue.backward]
    assert isinstance(own, _State)
    return own.queued(node) if node in own.awaited and node not in own.ran else None


def _under_way(trace: Trace, step: int) -> Backward | None:
    """The innermost backward that the step belongs to."""
    row = trace.steps[step] if 0 <= step < len(trace.steps) else None
    if row is not None and row.kind == "node" and row.backward is not None:
        return trace.backwards[row.backward]
    return next((b for b in reversed(trace.backwards) if _holds(b, step) and (b.steps or b.error)), None)


def _holds(backward: Backward, step: int) -> bool:
    return backward.first_step <= step and (backward.end_step is None or step < backward.end_step)


class _State:
    """Moves with the step: forward by the runs in between, backward by beginning anew.

    It is kept in the index, and so holds neither that nor the trace: both would live for ever.
    """

    def __init__(self, index: Index, backward: Backward, needed: Set[NodeId], stamp: tuple[int, int]) -> None:
        self._nodes, self._edges = index.nodes, index.edges
        self._edges_from, self._edges_to = index.edges_from, index.edges_to
        self.backward, self.stamp = backward, stamp
        if backward.end_step is not None and backward.error is None:
            # What `autograd.grad` asks for is caught at its node, which does not run.
            needed = needed & {run.node for run in backward.steps}
        self.awaited = Counter(dict.fromkeys(needed, 0))
        for node in needed:
            self.awaited.update(to for to in self._next(node) if to in needed)
        self._begin()

    def _next(self, node: NodeId) -> Iterable[NodeId]:
        return (self._edges[edge].to for edge in self._edges_from.get(node, ()))

    def _begin(self) -> None:
        self.arrived: Counter[NodeId] = Counter()
        self.ran: set[NodeId] = set()
        self._taken = 0
        self.ready = {node for node, count in self.awaited.items() if not count}

    def _run(self, node: NodeId) -> None:
        if node in self.ran:
            return
        self.ran.add(node)
        self.ready.discard(node)
        for to in self._next(node):
            if to in self.awaited:
                self.arrived[to] += 1
                if self.arrived[to] == self.awaited[to]:
                    self.ready.add(to)

    def at(self, step: int) -> ReadyQueue:
        runs = self.backward.steps
        before = bisect_left(runs, step, key=lambda run: run.step)
        running = (
            runs[before].node if before < len(runs) and runs[before].step == step else self._failed(step)
        )
        if before < self._taken:
            self._begin()
        for run in runs[self._taken : before]:
            self._run(run.node)
        self._taken = before
        waiting = [n for n in self.arrived if n not in self.ran and n not in self.ready]
        return ReadyQueue(
            self.backward.id,
            step,
            running,
            tuple(map(self.queued, sorted(self.ready, key=lambda n: (self._rank(n), n != running, n)))),
            tuple(map(self.queued, sorted(waiting, key=lambda n: (self._rank(n), n)))),
            len(self.awaited) - len(self.ran) - len(self.ready) - len(waiting),
        )

    def _failed(self, step: int) -> NodeId | None:
        """The node that raised in this step."""
        error = self.backward.error
        return error.node if error is not None and error.step == step else None

    def _rank(self, node: NodeId) -> float:
        """Lower goes first."""
        sequence = self._sequence(node)
        return float("-inf") if sequence is None else -sequence

    def _sequence(self, node: NodeId) -> int | None:
        return self._nodes[node].sequence if node in self._nodes else None

    def queued(self, node: NodeId) -> Queued:
        senders = (self._edges[edge].from_ for edge in self._edges_to.get(node, ()))
        waits = dict.fromkeys(n for n in senders if n in self.awaited and n not in self.ran)
        sequence, awaited = self._sequence(node), self.awaited[node]
        return Queued(node, sequence, self.arrived[node], awaited, tuple(waits))
