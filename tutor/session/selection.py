"""What is pointed at: the selected tensor or item, and how spans of a trace's sources lie over the document's cells."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from tutor.protocol import Span, TensorId
from tutor.source.document import CellId, Document
from tutor.trace.index import index_of
from tutor.trace.picture import ItemId
from tutor.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class Selection:
    """The tensor and the drawn thing that are selected."""

    tensor: TensorId | None = None
    item: ItemId | None = None


def source_cell(trace: Trace, document: Document, span: Span) -> CellId | None:
    """The cell a span lies in; None when its text is no longer the one that ran, or it belongs to another file."""
    if not 0 <= span.source < len(trace.sources):
        return None
    source = trace.sources[span.source]
    for cell in document.code_cells:
        if (source.cell is None or source.cell == cell.id) and source.text == cell.text:
            return cell.id
    return None


def step_span(trace: Trace, step: int) -> Span | None:
    """The sub-expression of a step: that of the operation, also while its node runs in a backward."""
    if not 0 <= step < len(trace.steps):
        return None
    row = trace.steps[step]
    if row.kind == "operation":
        return trace.operations[row.id].span or row.span
    if row.kind == "node" and row.id < len(trace.nodes):
        operation = trace.nodes[row.id].operation
        return (trace.operations[operation].span if operation is not None else None) or row.span
    return row.span


def span_at(trace: Trace, document: Document, cell_id: CellId, line: int, col: int) -> Span | None:
    """The smallest sub-expression that covers this place of a cell (line from 1, column from 0).

    Of an operation, or of a backward that made a graph of its own.
    """
    sources = {
        source.id
        for source in trace.sources
        if source_cell(trace, document, Span(source.id, 1, 1, 0, 0)) == cell_id
    }
    spans = [span for span in _told(trace) if span.source in sources and _covers(span, line, col)]
    return min(spans, key=_size, default=None)


def _told(trace: Trace) -> Collection[Span]:
    """Each span once: a loop has the same ones again and again."""
    index = index_of(trace)
    kept = index.derived.setdefault("spans", _Spans())
    assert isinstance(kept, _Spans)
    kept.found.update(
        dict.fromkeys(o.span for o in trace.operations[kept.operations :] if o.span is not None)
    )
    kept.operations = len(trace.operations)
    own = {b.span for b in trace.backwards if b.create_graph and b.span is not None}
    return {**kept.found, **dict.fromkeys(own)}


@dataclass(slots=True)
class _Spans:
    operations: int = 0
    found: dict[Span, None] = field(default_factory=dict)


def _covers(span: Span, line: int, col: int) -> bool:
    return (span.line, span.col) <= (line, col) < (span.end_line, span.end_col)


def _size(span: Span) -> tuple[int, int, int]:
    return span.end_line - span.line, span.end_col - span.col, span.col


def name_of(trace: Trace, tensor: TensorId) -> str | None:
    """The Python name that the tensor has at the end of the run; None when it has none, or lost it to another."""
    owner: dict[str, TensorId] = {}
    for row in trace.tensors:
        if row.name is not None:
            owner[row.name] = row.id
    for named in trace.names:
        owner[named.name] = named.tensor
    names = [name for name, owned in owner.items() if owned == tensor]
    return names[-1] if names else None


def had_name(trace: Trace, tensor: TensorId) -> str | None:
    """A name that the tensor has or had."""
    names = [named.name for named in trace.names if named.tensor == tensor]
    return names[-1] if names else trace.tensors[tensor].name
