"""`record()` in a plain script; faults, threads, nesting, forks and limits."""

from __future__ import annotations

import gc
import importlib
import os
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.traces.recording import record_text
from tutor.kernel.budget import Limits
from tutor.kernel.record import Recorder, record
from tutor.trace.file import read_trace
from tutor.trace.trace import Trace


def test_record_gives_the_trace_of_its_block(tmp_path: Path) -> None:
    with record() as recording:
        x = torch.tensor(3.0, requires_grad=True)
        y = x**2
        y.backward()

    trace = recording.trace
    assert recording.fault is None
    assert [op.function for op in trace.operations] == ["torch.tensor", "torch.Tensor.__pow__"]
    assert {named.name for named in trace.names} == {"x", "y"}
    assert trace.backwards[0].accumulations[0].after == 6.0
    assert trace.sources[0].path == __file__
    recording.save(tmp_path / "run.json")
    assert read_trace(tmp_path / "run.json") == trace


def test_record_is_found_in_the_package() -> None:
    package: Any = importlib.import_module("tutor.kernel")
    with package.record() as recording:
        torch.ones(1) * 2

    assert len(recording.trace.operations) == 2


def test_record_keeps_its_trace_when_the_block_raises() -> None:
    with pytest.raises(RuntimeError, match="scalar"), record() as recording:
        x = torch.ones(2, requires_grad=True)
        (x * 2).backward()

    assert recording.trace.error is not None
    assert recording.trace.error.type == "RuntimeError"
    assert [step.kind for step in recording.trace.steps][-1] == "error"


def test_nothing_of_torch_stays_changed_after_a_recording() -> None:
    before = (
        torch.autograd._engine_run_backward,
        torch.nn.Module.__call__,
        vars(torch.autograd.Function)["apply"],
    )
    with record():
        torch.ones(1)

    after = (
        torch.autograd._engine_run_backward,
        torch.nn.Module.__call__,
        vars(torch.autograd.Function)["apply"],
    )
    assert before == after
    assert torch._C._len_torch_function_stack() == 0


def test_a_fault_of_the_recorder_never_breaks_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace()
    recorder = Recorder(trace.extend)
    with recorder:
        x = torch.tensor(3.0, requires_grad=True)
        monkeypatch.setattr(recorder._tape.graph, "claim", None)
        y = x * x
        y.backward()
        z = x * 2

    assert (x.grad, z) == (torch.tensor(6.0), torch.tensor(6.0))
    assert recorder.fault is not None and "TypeError" in recorder.fault


def test_a_fault_inside_the_engine_never_breaks_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(Trace().extend)
    with recorder:
        x = torch.tensor(3.0, requires_grad=True)
        y = x * x
        monkeypatch.setattr(
            recorder._tape, "read_gradient", lambda tensor: 1 / 0 if tensor is not None else None
        )
        y.backward()

    assert x.grad == 6.0
    assert recorder.fault is not None and "ZeroDivisionError" in recorder.fault


def test_no_tensor_and_no_graph_outlives_the_program() -> None:
    recorder = Recorder(Trace().extend)
    with recorder:
        x = torch.ones(3, requires_grad=True)
        y = (x * x).sum()
        y.backward()
        z = (x * x).sum()
        gone = [weakref.ref(tensor) for tensor in (x, y, z)]
        del x, y, z
    gc.collect()

    assert [reference() for reference in gone] == [None, None, None]


def test_other_threads_work_and_are_not_recorded() -> None:
    trace = Trace()
    results = []

    def work() -> None:
        w = torch.ones(2, requires_grad=True)
        torch.nn.Linear(2, 2)(w).sum().backward()
        results.append(w.grad)

    with Recorder(trace.extend) as recorder:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert recorder.fault is None
    assert results and results[0] is not None
    assert trace.steps == []


def test_a_recording_inside_a_recording_leaves_both_whole() -> None:
    with record() as outer:
        x = torch.tensor(2.0, requires_grad=True)
        with record() as inner:
            y = x * x
            y.backward()

    assert (outer.fault, inner.fault) == (None, None)
    assert x.grad == 4.0
    for recording in (outer, inner):
        assert [a.after for a in recording.trace.backwards[0].accumulations] == [4.0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_write_into_the_parents_trace() -> None:
    text = (
        "import os, torch\nx = torch.ones(2)\nchild = os.fork()\nif child == 0:\n    torch.ones(2) * 2\n    os._exit(0)\n"
        "os.waitpid(child, 0)\ny = x + 1\n"
    )

    assert [op.function for op in record_text(text).operations] == ["torch.ones", "torch.Tensor.add"]


# ------------------------------------------------------------------ limits


def test_large_tensors_are_told_by_statistics() -> None:
    trace = record_text("import torch\nx = torch.arange(2000.0)\ny = torch.full((2000,), float('nan'))\n")
    stats = [value.stats for value in trace.values]

    assert [value.value for value in trace.values] == [None, None]
    assert stats[0] is not None and (stats[0].min, stats[0].max, stats[0].mean) == (0.0, 1999.0, 999.5)
    assert stats[1] is not None and (stats[1].nonfinite, stats[1].min) == (2000, None)


def test_very_large_tensors_are_sampled_but_tested_whole_for_non_finite_numbers() -> None:
    text = "import torch\nx = torch.ones(300, 1000)\nx[7, 77] = float('inf')\ny = x * 1\n"
    stats = record_text(text).values[-1].stats

    assert stats is not None and stats.sampled
    assert (stats.count, stats.nonfinite, stats.min) == (300_000, 1, 1.0)


def test_a_long_run_stops_growing_and_says_so() -> None:
    text = "import torch\nx = torch.ones(1)\nfor _ in range(500):\n    x = x + 1\nprint(x)\n"
    trace = record_text(text, limits=Limits(events=300))

    assert trace.truncated is not None and trace.truncated.limit == "events"
    assert len(trace.operations) < 100
    assert trace.outputs[-1].text == "tensor([501.])\n"
    assert trace.steps[-1].kind == "output"


def test_the_bytes_of_values_count() -> None:
    text = "import torch\nx = torch.ones(1000)\nfor _ in range(500):\n    x = x + 1\n"
    trace = record_text(text, limits=Limits(bytes=1_000_000))

    assert trace.truncated is not None and trace.truncated.limit == "bytes"
    assert len(trace.operations) < 100


def test_the_same_program_gives_the_same_trace_twice() -> None:
    text = "import torch\nnet = torch.nn.Linear(2, 2)\nnet(torch.rand(1, 2)).sum().backward()\nprint(net.weight.grad)\n"

    assert record_text(text) == record_text(text)
