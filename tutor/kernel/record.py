"""The recorder: real torch runs the learner's code, and what autograd does leaves a trace.

It tells codes and data, never sentences.
"""

from __future__ import annotations

import linecache
import os
import platform
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Literal

import torch
from msgspec import structs

from tutor.kernel.backward import Engine
from tutor.kernel.budget import DEFAULT_LIMITS, Limits
from tutor.kernel.encodable import shortened
from tutor.kernel.failures import failure_of
from tutor.kernel.forward import Forward, RecordingMode
from tutor.kernel.guard import Guard
from tutor.kernel.patches import Patches
from tutor.kernel.tape import Tape
from tutor.kernel.warned import WarningRelay
from tutor.protocol import Environment, Failure, Output, Source, SourceId, TraceEvent, Warned
from tutor.trace.file import write_trace
from tutor.trace.trace import Trace

__all__ = ["DEFAULT_LIMITS", "Limits", "Recorder", "Recording", "record"]


class Recorder:
    """Records one run: `with recorder:` around the learner's code; every record goes to `emit` as it comes."""

    def __init__(self, emit: Callable[[TraceEvent], None], *, limits: Limits = DEFAULT_LIMITS) -> None:
        self.guard = Guard()
        """Stands around all that the recorder does within the learner's program."""
        self._tape = Tape(emit, limits)
        self._forward = Forward(self._tape, self.guard)
        self._mode = RecordingMode(self._forward)
        self._engine = Engine(self._tape, self._forward, self._mode, self._failure)
        self._patches = Patches(self._tape, self._forward, self._engine, self._mode)
        self._relay = WarningRelay(self.guard, self.warned, lambda: self._warnings)
        self._warnings = 0
        self._outputs = 0
        _recorders.add(self)

    @property
    def fault(self) -> str | None:
        """What broke inside the recorder, if anything; from there on the run went on unrecorded."""
        return self.guard.fault

    @property
    def step(self) -> int:
        """The index that the next step will have."""
        return self._tape.step

    def add_source(self, text: str, *, path: str | None, cell: str | None, filename: str) -> SourceId:
        """Makes a text known as the learner's. `filename` is the name that its code is compiled under."""
        file = self._tape.sources.add(text=text, path=path, filename=filename)
        self._tape.outlet.put_now(Source(id=file.id, path=path, cell=cell, text=text))
        return file.id

    def __enter__(self) -> Recorder:
        with self.guard:
            self._patches.install()
        with self.guard:
            self._relay.install()
        self._mode.__enter__()  # type: ignore[no-untyped-call]
        self._forward.entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forward.entered = False
        self._mode.__exit__(kind, error, trace)
        with self.guard:
            self._relay.uninstall()
        with self.guard:
            self._patches.uninstall()
        with self.guard:
            self._forward.changes.flush()
            self._tape.outlet.end()

    def forget(self) -> None:
        """Stops recording for good (in a forked child, whose run is another one)."""
        self._tape.outlet.forget()

    # ------------------------------------------------------------ what the runner tells

    def output(
        self,
        stream: Literal["stdout", "stderr", "display"],
        text: str,
        *,
        html: str | None = None,
        png: str | None = None,
        cut: int = 0,
    ) -> None:
        """A piece of what the program printed or displayed: one step. `cut` characters before it were left out."""
        with self.guard, torch._C.DisableTorchFunction():
            self._forward.changes.flush()
            self._tape.naming.check_globals(self._tape.step)
            span = self._tape.sources.current(sys._getframe(1))
            step = self._tape.outlet.told_step
            # It is shown at once, whether its iteration is told or not; its step says later where it came.
            self._tape.outlet.put_now(
                Output(stream=stream, text=text, html=html, png=png, span=span, cut=cut, step=step)
            )
            self._tape.end_step("output", self._outputs, span)
            self._outputs += 1

    def failure(self, error: BaseException) -> None:
        """The exception that ended the program, with the learner's own frames: one step, or its backward's own."""
        with self.guard, torch._C.DisableTorchFunction():
            self._forward.changes.flush()
            self._forward.iterations.settle()
            failure = self._failure(error)
            if self._engine.has_just_told(error):
                self._tape.put(structs.replace(failure, step=failure.step - 1))
                return
            self._tape.put(failure)
            self._tape.end_step("error", -1, failure.span)

    def _failure(self, error: BaseException) -> Failure:
        return failure_of(
            error, self._tape.sources, step=self._tape.step, backward=self._engine.failed(error)
        )

    def warned(self, category: str, message: str, filename: str, line: int) -> None:
        """A warning that was shown. The recorder hears of torch's and Python's own while it records."""
        self._warnings += 1
        span = self._tape.sources.line_span(filename, line)
        self._tape.outlet.put_now(Warned(category=category, message=shortened(message), span=span))

    def cell_ended(self, namespace: Mapping[str, object]) -> None:
        """Checks the names of a cell's variables, once it has run, and tells what was held back."""
        with self.guard, torch._C.DisableTorchFunction():
            self._forward.changes.flush()
            if self._tape.outlet.open:
                self._tape.naming.catch_up()
                self._tape.modules.adopt_all(namespace)
                self._tape.naming.check_namespace(namespace, max(self._tape.step - 1, 0))
            self._forward.iterations.settle()


class Recording:
    """What `record()` gives: the trace, complete when the block is left, also when it raised."""

    def __init__(self, trace: Trace, recorder: Recorder) -> None:
        self.trace = trace
        self._recorder = recorder

    @property
    def fault(self) -> str | None:
        return self._recorder.fault

    def save(self, path: str | Path) -> None:
        """Writes the trace file, which the window opens."""
        write_trace(self.trace, Path(path))


@contextmanager
def record(*, limits: Limits = DEFAULT_LIMITS) -> Iterator[Recording]:
    """Records a block of a script or notebook: `with record() as recording: ...`, then `recording.trace`."""
    frame = sys._getframe(2)
    trace = Trace()
    trace.environment = environment()
    recorder = Recorder(trace.append, limits=limits)
    with recorder.guard:
        _add_caller(recorder, frame)
    try:
        with recorder:
            yield Recording(trace, recorder)
    except BaseException as error:
        recorder.failure(error)
        raise
    finally:
        recorder.cell_ended(frame.f_globals)


def environment(*, device: str = "cpu", seed: int = 0) -> Environment:
    return Environment(
        torch=str(torch.__version__), python=platform.python_version(), device=device, seed=seed
    )


def _add_caller(recorder: Recorder, frame: FrameType) -> None:
    filename = frame.f_code.co_filename
    text = "".join(linecache.getlines(filename, frame.f_globals))
    recorder.add_source(
        text, path=filename if os.path.exists(filename) else None, cell=None, filename=filename
    )


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _forget_all() -> None:
    for recorder in list(_recorders):
        recorder.forget()


os.register_at_fork(after_in_child=_forget_all)


class _CallableModule(ModuleType):
    """`from tutor.kernel import record` finds this module; used as the function, it is the function."""

    def __call__(self, *, limits: Limits = DEFAULT_LIMITS) -> AbstractContextManager[Recording]:
        return record(limits=limits)


sys.modules[__name__].__class__ = _CallableModule
