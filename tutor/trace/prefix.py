"""The beginning of a trace, as if the run had ended there: what a lesson's part shows of a recording of the whole."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Sequence
from typing import Protocol, TypeVar

from tutor.trace.trace import Trace


class _Stepped(Protocol):
    @property
    def step(self) -> int: ...


_Row = TypeVar("_Row", bound=_Stepped)


def prefix(trace: Trace, end: int, cells: Container[str]) -> Trace:
    """The trace of these cells, which come first, without what came at step `end` and later.

    Ids and steps keep their meaning; the rows are shared. `end` must not lie inside a backward.
    """
    sources = [source for source in trace.sources if source.cell in cells]
    known = {source.id for source in sources}
    nodes = _before(trace.nodes, end)
    return Trace(
        environment=trace.environment,
        sources=sources,
        outputs=_before(trace.outputs, end),
        warnings=[row for row in trace.warnings if row.span is not None and row.span.source in known],
        tensors=_before(trace.tensors, end),
        names=[name for name in trace.names if name.step < end],
        forgotten=[name for name in trace.forgotten if name.step < end],
        values=_before(trace.values, end),
        operations=_before(trace.operations, end),
        nodes=nodes,
        edges=[edge for edge in trace.edges if edge.from_ < len(nodes)],
        changes=_before(trace.changes, end),
        error=trace.error if trace.error is not None and trace.error.step < end else None,
        backwards=[backward for backward in trace.backwards if backward.first_step < end],
        steps=trace.steps[:end],
        module_calls=_before(trace.module_calls, end),
        hooks=_before(trace.hooks, end),
        optimizer_steps=[row for row in trace.optimizer_steps if row.step <= end],
        tangents=_before(trace.tangents, end),
        gaps=_before(trace.gaps, end),
        unseen=_before(trace.unseen, end),
    )


def _before(rows: Sequence[_Row], end: int) -> list[_Row]:
    """Rows come in the order of their steps."""
    return list(rows[: bisect_left(rows, end, key=_step)])


def _step(row: _Stepped) -> int:
    return row.step
