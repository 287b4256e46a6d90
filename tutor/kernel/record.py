"""The recorder: real torch runs the learner's code, and what autograd does leaves a trace.

It tells codes and data, never sentences.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import platform
import sys
import weakref
from collections.abc import Mapping, Sequence
from types import FrameType, ModuleType, TracebackType
from typing import Any, Literal

import torch
from msgspec import structs

from tutor.kernel.backward import Engine
from tutor.kernel.budget import DEFAULT_LIMITS, Emit, Limits
from tutor.kernel.encodable import shortened
from tutor.kernel.failures import failure_of
from tutor.kernel.forward import Forward, RecordingMode
from tutor.kernel.guard import Guard
from tutor.kernel.identity import is_a
from tutor.kernel.patches import Patches
from tutor.kernel.tape import Tape
from tutor.kernel.warned import WarningRelay
from tutor.protocol import Environment, Failure, Output, Source, SourceId, TraceEvent, Warned
from tutor.trace.salvage import whole_trace
from tutor.trace.trace import Trace

__all__ = ["DEFAULT_LIMITS", "Limits", "Recorder", "Recording", "record"]


class Recorder:
    """Records one run: `with recorder:` around the learner's code; `emit` is given the records of a step as it ends.

    With `modules` the files of the learner's own modules become sources as they are met; else what they compute is
    told of the line that called them.
    """

    def __init__(self, emit: Emit, *, limits: Limits = DEFAULT_LIMITS, modules: bool = False) -> None:
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
        if modules:
            self._tape.sources.on_stranger = self._meet
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

    def add_file(self, filename: str, namespace: dict[str, Any] | None = None) -> None:
        """Makes a file, a notebook's cell or what was typed known, with the text that Python has of it, if any."""
        text = "".join(linecache.getlines(filename, namespace))
        path = filename if os.path.exists(filename) else None
        self.add_source(text, path=path, cell=None, filename=filename)
        if path is None:
            self._tape.sources.add_folder(os.getcwd())

    def _meet(self, filename: str) -> None:
        if self._tape.sources.is_module(filename) or is_notebook_cell(filename):
            self.add_file(filename)

    def __enter__(self) -> Recorder:
        with self.guard:
            self._patches.install()
            self._relay.install()
        # Without all of its doors it would not go unnoticed: then nothing is recorded.
        if self.guard.sound:
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
            self._patches.elsewhere.tell()
            self._tape.outlet.end()

    def forget(self) -> None:
        """Stops recording for good (in a forked child, whose run is another one)."""
        self._tape.outlet.forget()

    def forked(self) -> None:
        """The process has a child now, which computes unseen (a worker of a DataLoader)."""
        if self._forward.entered:
            self._patches.elsewhere.note("fork")

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
            self._forward.iterations.catch_up()
            if self._tape.outlet.open:
                self._tape.naming.catch_up()
                self._tape.modules.adopt_all(namespace)
                self._tape.naming.check_namespace(namespace, max(self._tape.step - 1, 0))
            self._forward.iterations.settle()

    def knows(self, tensor: torch.Tensor) -> bool:
        """Whether it has met the tensor."""
        return self._tape.tensors.find(tensor) is not None

    def block_ended(self, frame: FrameType, namespace: Mapping[str, object]) -> None:
        """As `cell_ended`, of a block in the midst of a function: it goes on, and its variables keep their names."""
        with self.guard:
            self._tape.naming.keep_locals(id(frame))
        self.cell_ended(namespace)


class Recording:
    """A block's recording: `with record() as recording:`. Its trace grows while the block runs, and stays when it raises.

    `trace` holds what was recorded as lists of plain rows (see `tutor.trace.trace.Trace`).
    """

    def __init__(self, limits: Limits) -> None:
        self.trace = Trace()
        self._limits = limits
        self._events: list[TraceEvent] = []
        self._recorder: Recorder | None = None
        self._frame: FrameType | None = None
        self._there: frozenset[int] = frozenset()

    @property
    def fault(self) -> str | None:
        """What broke inside the recorder, as a traceback; from there on the block ran unrecorded. None as a rule."""
        return None if self._recorder is None else self._recorder.fault

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the trace file, which the window opens. Raises OSError; an older file is then left as it was."""
        self.trace.save(path)

    def __enter__(self) -> Recording:
        """Raises RuntimeError when it has been entered before: a recording is of one block."""
        if self._recorder is not None:
            raise RuntimeError("this recording has a block already; call record() once for each")
        frame = self._frame = _learners_frame(sys._getframe(1))
        self.trace.environment = environment(
            device=str(torch.get_default_device()), seed=torch.initial_seed()
        )
        recorder = self._recorder = Recorder(self._take, limits=self._limits, modules=True)
        self._there = frozenset(map(id, _tensors(frame).values()))
        with recorder.guard:
            recorder.add_file(frame.f_code.co_filename, frame.f_globals)
        recorder.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recorder, frame = self._recorder, self._frame
        assert recorder is not None and frame is not None
        recorder.__exit__(kind, error, trace)
        if error is not None and not isinstance(error, SystemExit | GeneratorExit):
            recorder.failure(error)
        recorder.block_ended(frame, self._named(frame, recorder))
        if error is not None or recorder.fault is not None:
            self._mend()
        self._events.clear()
        self._frame = None

    def _take(self, events: Sequence[TraceEvent]) -> None:
        self._events.extend(events)
        self.trace.extend(events)

    def _named(self, frame: FrameType, recorder: Recorder) -> dict[str, object]:
        """The variables whose tensors the block has met, or made."""
        return {
            name: tensor
            for name, tensor in _tensors(frame).items()
            if recorder.knows(tensor) or id(tensor) not in self._there
        }

    def _mend(self) -> None:
        """An interrupt may strike, or a fault happen, in the middle of a step: what was told whole stays."""
        whole = whole_trace(self._events)
        whole.environment = self.trace.environment
        self.trace = whole


def record(*, limits: Limits = DEFAULT_LIMITS) -> Recording:
    """Records what autograd does in a block of any script or notebook, without changing what the block computes.

        with record() as recording:
            loss = model(x).sum()
            loss.backward()
        recording.trace.save("run.json")      # python main.py open run.json

    `limits` says what is kept of a long run or of large tensors: `Limits(elements=…, sample=…, events=…, bytes=…)`.
    Recorded is the thread that enters the block; nested recordings each have all of it. See docs/recording.md.
    """
    return Recording(limits)


def _learners_frame(frame: FrameType) -> FrameType:
    """Not contextlib's, which enters blocks for others (ExitStack)."""
    while frame.f_code.co_filename == contextlib.__file__ and frame.f_back is not None:
        frame = frame.f_back
    return frame


def is_notebook_cell(filename: str) -> bool:
    """Whether IPython gave this name to a cell's text."""
    return filename.startswith("<ipython-input-") or f"{os.sep}ipykernel_" in filename


def _tensors(frame: FrameType) -> dict[str, torch.Tensor]:
    """The tensors that have a name where the frame stands: its own variables before the module's."""
    names = {**frame.f_globals, **frame.f_locals}
    return {name: value for name, value in names.items() if is_a(value, torch.Tensor)}


def environment(*, device: str = "cpu", seed: int = 0) -> Environment:
    return Environment(
        torch=str(torch.__version__), python=platform.python_version(), device=device, seed=seed
    )


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _forget_all() -> None:
    for recorder in list(_recorders):
        recorder.forget()


def _note_fork() -> None:
    for recorder in list(_recorders):
        recorder.forked()


os.register_at_fork(after_in_child=_forget_all, after_in_parent=_note_fork)


class _CallableModule(ModuleType):
    """`from tutor.kernel import record` finds this module; used as the function, it is the function."""

    def __call__(self, *, limits: Limits = DEFAULT_LIMITS) -> Recording:
        return record(limits=limits)


sys.modules[__name__].__class__ = _CallableModule
