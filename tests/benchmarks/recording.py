"""The same work under the recorder: with events that go nowhere, or into a trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import models
from tests.benchmarks import work as works
from tutor.kernel.budget import Emit
from tutor.kernel.record import DEFAULT_LIMITS, Recorder
from tutor.kernel.sender import Sender
from tutor.protocol import RunId, TraceEvent
from tutor.trace.trace import Trace
from tutor.unsent import Unsent


class _Kernel:
    """Stands in for ipykernel's, whose thread takes the batches away."""

    def __init__(self) -> None:
        self.iopub_thread = self

    def schedule(self, work: Callable[[], None]) -> None:
        """Sending is another thread's work."""

    def get_parent(self, channel: str) -> None:
        return None


class Recorded:
    """Work with the recorder around it; the default limits hold for each run anew."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self.events = 0
        self.trace = Trace()

    def __call__(self) -> None:
        """As the kernel records: the events of a step leave together."""
        self.events = 0
        self._run(self._count)

    def kept(self) -> None:
        """As `record()` does: events become a trace."""
        self.trace = Trace()
        self._run(self.trace.extend)

    def sent(self) -> None:
        """As the window's kernel does: encoded, put into batches, and remembered in case that it dies."""
        with TemporaryDirectory() as folder:
            sender = Sender(_Kernel(), Unsent(Path(folder) / "unsent"), every_tick=lambda: None)
            sender.begin(RunId(0))
            self._run(sender.emit)

    def _count(self, events: Sequence[TraceEvent]) -> None:
        self.events += len(events)

    def _run(self, emit: Emit) -> None:
        recorder = Recorder(emit, limits=DEFAULT_LIMITS)
        for module in (works, models):
            file = str(module.__file__)
            recorder.add_source(Path(file).read_text(encoding="utf-8"), path=file, cell=None, filename=file)
        with recorder:
            self._work()
        if recorder.fault is not None:
            raise RuntimeError(recorder.fault)
