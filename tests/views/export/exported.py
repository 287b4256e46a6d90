"""What the tests of exports share: one export made from a recorded trace, and what came of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEventLoop

from tests.traces import golden
from tutor.trace.trace import Trace
from tutor.views.export.exporting import exporting
from tutor.views.export.job import ExportJob
from tutor.views.export.request import Look, Request, Stretch, Subject, format_of


def requested(
    path: Path,
    trace: Trace | str = "slope",
    *,
    look: Look | None = None,
    stretch: Stretch | None = None,
    covered: frozenset[str] = frozenset(),
    unrolled: bool = False,
) -> Request:
    """All the steps of the trace, unless said otherwise."""
    run = golden(trace) if isinstance(trace, str) else trace
    steps = stretch or Stretch(0, len(run.steps) - 1)
    return Request(Subject(run, covered, unrolled), steps, format_of(path), path, look or Look())


def exported(request: Request) -> str | None:
    """Makes it; why not, where it could not be made."""
    job, loop, faults = ExportJob(), QEventLoop(), list[str]()
    job.failed.connect(faults.append)
    job.over.connect(loop.quit)
    job.start(exporting(request))
    loop.exec()
    return faults[0] if faults else None


def left(folder: Path) -> list[str]:
    """All that lies in the folder, hidden files too."""
    return sorted(path.name for path in folder.rglob("*"))
