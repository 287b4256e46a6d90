"""Opens what a path holds: a script, a notebook, a lesson, or the recorded trace of a run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from tutor.course.lesson import Lesson
from tutor.course.reader import read_lesson
from tutor.protocol import Source
from tutor.source.disk import DocumentError, read_bytes
from tutor.source.document import Cell, CellId, Document
from tutor.source.formats import read_document
from tutor.trace.trace import Trace

Leave = Literal["save", "discard", "cancel"]
TRACE_SUFFIX = ".json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in a file. A trace comes with a document made of the sources that ran."""

    document: Document
    lesson: Lesson | None = None
    trace: Trace | None = None
    recording: Path | None = None
    """The file that the trace was read from."""


class Asker(Protocol):
    """The person, asked by the window."""

    def leave(self, document: Document) -> Leave:
        """What to do with changes that are not saved."""
        ...

    def save_path(self, document: Document) -> Path | None:
        """Where to save; None when they think better of it."""
        ...


class NobodyThere:
    """Without a window: changes are let go, nothing is saved."""

    def leave(self, document: Document) -> Leave:
        return "discard"

    def save_path(self, document: Document) -> Path | None:
        return None


def open_file(path: Path) -> Opened:
    """Raises DocumentError: `path:line: what is wrong, what would be right`."""
    if path.suffix.lower() == TRACE_SUFFIX:
        trace = trace_in(path)
        return Opened(sources_document(trace), trace=trace, recording=path)
    document = read_document(path)
    if document.kind != "lesson":
        return Opened(document)
    return Opened(document, lesson=read_lesson(path))


def recorded_trace(lesson: Lesson) -> Trace:
    """The trace that was recorded with the lesson; an empty one when it has none that can be read."""
    if not lesson.trace_path.is_file():
        return Trace()
    try:
        return trace_in(lesson.trace_path)
    except DocumentError as fault:
        _log.warning("no recorded trace: %s", fault)
        return Trace()


def trace_in(path: Path) -> Trace:
    """The trace in a file. Raises DocumentError."""
    from tutor.trace.file import TraceFileError, decode_trace

    try:
        return decode_trace(read_bytes(path), path)
    except TraceFileError as fault:
        raise DocumentError(fault.path, fault.line, fault.reason) from fault


def sources_document(trace: Trace) -> Document:
    """What ran, as cells to be read: a script, a notebook's cells, or the files of a program, each under its name."""
    match trace.sources:
        case [Source(cell=None) as only]:
            path = Path(only.path) if only.path else None
            return Document("script", path, (_cell(only),))
        case sources:
            cells = [cell for source in sources for cell in _cells(source)]
            return Document("notebook", None, tuple({cell.id: cell for cell in cells}.values()))


def _cells(source: Source) -> Iterator[Cell]:
    if source.cell is None and source.path is not None:
        yield Cell(CellId(f"name-{source.id}"), "markdown", f"`{Path(source.path).name}`")
    yield _cell(source)


def _cell(source: Source) -> Cell:
    return Cell(CellId(source.cell or f"source-{source.id}"), "code", source.text)
