"""`record()` where people put it: in functions, methods, modules, notebooks, at a prompt; and what it keeps."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from tests.kernel.reading import Read
from tutor.kernel.budget import Limits
from tutor.kernel.record import Recording, record
from tutor.protocol import Node, TraceEvent
from tutor.trace.file import read_trace
from tutor.trace.file.references import first_fault
from tutor.trace.tensors import tensor_rows
from tutor.trace.trace import Trace

unrelated = torch.zeros(3)
loss = torch.zeros(1)
"""A name of this module that the functions below have, too."""


def in_a_function() -> Recording:
    net = torch.nn.Sequential(torch.nn.Linear(2, 1))
    w = torch.ones(2, requires_grad=True)
    with record() as recording:
        y = net(w * 3)
        loss = y.sum()
        loss.backward()
    return recording


class Trainer:
    """A class whose method records."""

    def __init__(self) -> None:
        self.weight = torch.ones(2, requires_grad=True)

    def step(self) -> Recording:
        with record() as recording:
            doubled = self.weight * 2
            doubled.sum().backward()
        return recording


def last_names(trace: Trace) -> set[str | None]:
    return {row.name for row in tensor_rows(trace, len(trace.steps) - 1)}


def code(trace: Trace) -> list[str]:
    read = Read("", trace)
    return [read.code(operation.span) for operation in trace.operations]


def test_in_a_function_its_own_variables_are_named_and_stay() -> None:
    trace = in_a_function().trace

    assert last_names(trace) >= {"w", "y", "loss", "net.0.weight", "net.0.bias"}
    assert [call.path for call in trace.module_calls] == ["net", "net.0"]
    assert code(trace) == ["w * 3", "net(w * 3)", "y.sum()"]


def test_what_the_block_does_not_touch_is_not_in_its_trace() -> None:
    trace = in_a_function().trace

    assert "unrelated" not in last_names(trace)
    assert all(tensor.shape != [3] for tensor in trace.tensors)
    assert [named.name for named in trace.names].count("loss") == 1


def test_in_a_method() -> None:
    trace = Trainer().step().trace

    assert code(trace) == ["self.weight * 2", "doubled.sum()"]
    assert "doubled" in last_names(trace)
    assert trace.backwards[0].accumulations[0].after == [2.0, 2.0]


def test_entered_by_an_exit_stack() -> None:
    with ExitStack() as stack:
        recording = stack.enter_context(record())
        x = torch.ones(2, requires_grad=True)
        (x * 2).sum().backward()

    assert recording.trace.sources[0].path == __file__
    assert code(recording.trace)[1:] == ["x * 2", "(x * 2).sum()"]


def test_without_a_source_the_lines_are_told() -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    text = (
        "import torch\nfrom tutor.kernel import record\nwith record() as recording:\n"
        "    x = torch.ones(2, requires_grad=True)\n    (x * 2).sum().backward()\n"
    )
    exec(compile(text, "<string>", "exec"), namespace)
    recording = namespace["recording"]
    assert isinstance(recording, Recording)

    assert recording.fault is None
    assert [(source.path, source.text) for source in recording.trace.sources] == [(None, "")]
    assert [op.span and op.span.line for op in recording.trace.operations] == [4, 5, 5]
    assert first_fault(recording.trace) is None


# ------------------------------------------------------------------ several files


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "layers.py").write_text("def double(x):\n    twice = x * 2\n    return twice\n")
    (tmp_path / "project_main.py").write_text(
        "import torch\nfrom parts.layers import double\nfrom tutor.kernel import record\n\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "with record() as recording:\n    y = double(x)\n    y.sum().backward()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("project_main")
    for name in ("project_main", "parts", "parts.layers"):
        sys.modules.pop(name, None)


def test_the_projects_other_files_are_sources_too(project: ModuleType, tmp_path: Path) -> None:
    trace = project.recording.trace

    assert [source.path for source in trace.sources] == [
        str(tmp_path / "project_main.py"),
        str(tmp_path / "parts" / "layers.py"),
    ]
    assert code(trace) == ["x * 2", "y.sum()"]
    assert trace.operations[0].span.source == 1
    assert last_names(trace) >= {"x", "y"}
    trace.save(tmp_path / "run.json")
    assert read_trace(tmp_path / "run.json") == trace


def test_an_error_in_another_file_is_told_with_its_place(tmp_path: Path, project: ModuleType) -> None:
    with pytest.raises(TypeError):
        exec(
            compile(
                "with record() as recording:\n    y = double(x)\n    double(None)\n", project.__file__, "exec"
            ),
            vars(project),
        )
    error = project.recording.trace.error

    assert [(Path(frame.path).name, frame.line) for frame in error.frames][-1] == ("layers.py", 2)
    assert error.span.source == 1


def test_in_a_notebook_the_other_cells_are_sources_too() -> None:
    shell = InteractiveShell.instance()
    try:
        shell.run_cell("import torch\nfrom tutor.kernel import record\ndef double(x):\n    return x * 2")
        shell.run_cell("a = torch.ones(2, requires_grad=True)")
        shell.run_cell("with record() as recording:\n    b = double(a)\n    b.sum().backward()")
        trace = shell.user_ns["recording"].trace
    finally:
        InteractiveShell.clear_instance()

    assert [source.text.splitlines()[0] for source in trace.sources] == [
        "with record() as recording:",
        "import torch",
    ]
    assert code(trace) == ["x * 2", "b.sum()"]
    assert last_names(trace) >= {"a", "b"}
    assert first_fault(trace) is None


# ------------------------------------------------------------------ how a block ends


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_the_trace_stays_when_the_block_raises(kind: type[BaseException]) -> None:
    with pytest.raises(kind) as caught, record() as recording:
        x = torch.ones(2, requires_grad=True)
        (x * 2).sum().backward()
        raise kind("enough")

    assert caught.tb.tb_next is None, "no frame of the recorder's in the traceback"
    error = recording.trace.error
    assert error is not None and (error.type, error.message) == (kind.__name__, "enough")
    assert recording.trace.steps[-1].kind == "error"
    assert len(recording.trace.backwards[0].accumulations) == 1


def test_leaving_by_exit_is_no_error() -> None:
    with pytest.raises(SystemExit), record() as recording:
        torch.ones(2)
        sys.exit(3)

    assert recording.trace.error is None
    assert len(recording.trace.operations) == 1


class Interrupted(list[TraceEvent]):
    """Where Ctrl+C strikes while a node is told."""

    def extend(self, events: Iterable[TraceEvent]) -> None:
        for event in events:
            if isinstance(event, Node):
                raise KeyboardInterrupt
            self.append(event)


def test_an_interrupt_inside_the_recorder_leaves_a_sound_trace() -> None:
    with pytest.raises(KeyboardInterrupt), record() as recording:
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        recording._events = Interrupted(recording._events)
        y.sum()

    assert recording.trace.error is not None
    assert first_fault(recording.trace) is None
    assert len(recording.trace.operations) == 2
    assert [step.kind for step in recording.trace.steps] == ["operation", "operation", "error"]


def test_the_trace_can_be_read_while_the_block_runs() -> None:
    with record() as recording:
        x = torch.ones(2, requires_grad=True)
        before = len(recording.trace.operations)
        y = x * 2
        assert len(recording.trace.operations) == before + 1
        assert recording.trace.operations[-1].function == "torch.Tensor.mul"
        assert recording.trace.error is None
        y.sum().backward()
        assert len(recording.trace.backwards[0].steps) == 3


def test_one_after_the_other_each_has_its_own() -> None:
    recordings = [in_a_function(), in_a_function()]

    assert [recording.fault for recording in recordings] == [None, None]
    assert len({len(recording.trace.steps) for recording in recordings}) == 1
    assert recordings[1].trace.tensors[0].id == 0


def test_a_recording_is_of_one_block() -> None:
    recording = record()
    with recording:
        torch.ones(1)
        with pytest.raises(RuntimeError, match="call record"):
            recording.__enter__()
    with pytest.raises(RuntimeError, match="call record"):
        recording.__enter__()

    assert len(recording.trace.operations) == 1
    assert torch._C._len_torch_function_stack() == 0


# ------------------------------------------------------------------ what is kept


def test_limits_say_what_is_kept() -> None:
    with record(limits=Limits(elements=4)) as recording:
        torch.ones(4)
        torch.ones(5)

    assert [value.value is not None for value in recording.trace.values] == [True, False]


def test_it_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    recording = in_a_function()
    recording.save(tmp_path / "run.json")
    recording.trace.save(str(tmp_path / "same.json"))

    assert (tmp_path / "run.json").read_bytes() == (tmp_path / "same.json").read_bytes()
    assert read_trace(tmp_path / "run.json") == recording.trace
    with pytest.raises(FileNotFoundError):
        recording.save(tmp_path / "nowhere" / "run.json")


def test_the_seed_and_the_device_are_told() -> None:
    torch.manual_seed(123)
    with record() as recording:
        torch.ones(1)

    environment = recording.trace.environment
    assert environment is not None
    assert (environment.seed, environment.device) == (123, "cpu")
    assert environment.torch == torch.__version__
