"""What a live window shows at each step, a window shows that opens the file: for programs that nobody wrote."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.random_programs import programs
from tests.kernel.test_same_trace import MORE
from tutor.kernel.budget import Limits
from tutor.kernel.record import Recorder
from tutor.protocol import Batch, Gap, RunId, Tensor, TensorNamed, TraceEvent, decode_batch, encode_batch
from tutor.session.pictures import Pictures
from tutor.trace.file import decode_trace, encode_trace
from tutor.trace.index import index_of
from tutor.trace.iterations import iterations
from tutor.trace.structure import structure
from tutor.trace.timeline import timeline
from tutor.trace.trace import Trace

NOTHING: frozenset[str] = frozenset()


def told(text: str, limits: Limits) -> list[TraceEvent]:
    """The events of a run, as they come out of the wire."""
    events: list[TraceEvent] = []
    recorder = Recorder(events.extend, limits=limits)
    recorder.add_source(text, path=None, cell=None, filename="program")
    namespace: dict[str, object] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            with recorder:
                exec(compile(text, "program", "exec"), namespace)
        except Exception as error:
            recorder.failure(error)
    recorder.cell_ended(namespace)
    assert recorder.fault is None
    return [
        event
        for event in decode_batch(encode_batch(Batch(RunId(0), list(events)))).events
        if isinstance(event, TraceEvent)
    ]


def live(events: list[TraceEvent], batch: int) -> Trace:
    """The trace of a window that looked at it after each batch."""
    trace = Trace()
    pictures = Pictures(trace)
    for start in range(0, len(events), batch):
        trace.extend(events[start : start + batch])
        index_of(trace)
        pictures.forget()
        pictures.at(len(trace.steps) - 1, NOTHING, unrolled=False)
    return trace


def assert_shown_alike(events: list[TraceEvent], batch: int) -> None:
    seen = live(events, batch)
    read = decode_trace(encode_trace(seen), Path("run.json"))

    assert repr(read) == repr(seen), "not even an int in place of a float"
    assert timeline(read) == timeline(seen)
    ours, theirs = Pictures(read), Pictures(seen)
    for step in range(len(seen.steps)):
        assert ours.at(step, NOTHING, unrolled=False) == theirs.at(step, NOTHING, unrolled=False)
    last = len(seen.steps) - 1
    assert ours.at(last, NOTHING, unrolled=True) == theirs.at(last, NOTHING, unrolled=True)


def assert_each_look_as_if_it_were_the_first(events: list[TraceEvent], batch: int) -> None:
    """What was kept from earlier looks gives what is computed from the events so far alone."""
    growing = Trace()
    for start in range(0, len(events), batch):
        growing.extend(events[start : start + batch])
        fresh = Trace()
        fresh.extend(events[: start + batch])
        assert drawn(growing) == drawn(fresh)


def drawn(trace: Trace) -> tuple[object, ...]:
    """All that is drawn of a run as far as it has come, in still pictures."""
    found = iterations(trace)
    graphs = [structure(trace, iteration.index) for iteration in found]
    return found, timeline(trace), graphs, structure(trace, None)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs(), st.integers(1, 60))
def test_random_programs_are_shown_from_the_file_as_they_were_live(text: str, batch: int) -> None:
    assert_shown_alike(told(text, Limits()), batch)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs(), st.integers(1, 60))
def test_earlier_looks_at_random_programs_change_no_later_one(text: str, batch: int) -> None:
    assert_each_look_as_if_it_were_the_first(told(text, Limits()), batch)


@pytest.mark.parametrize("name", MORE)
def test_programs_of_many_kinds_are_shown_from_the_file_as_they_were_live(name: str) -> None:
    assert_shown_alike(told(MORE[name], Limits()), 40)


def test_a_run_with_gaps_is_shown_from_the_file_as_it_was_live() -> None:
    text = (
        "import torch\nw = torch.ones(2, requires_grad=True)\nfor turn in range(40):\n"
        "    loss = (w * turn).sum()\n    loss.backward()\n"
    )
    events = told(text, Limits(events=300))

    assert any(isinstance(event, Gap) for event in events)
    assert_shown_alike(events, 25)


UNUSED = """
import torch
a = torch.ones(2, requires_grad=True)
c = torch.ones(2, requires_grad=True)
(g,) = torch.autograd.grad(c.sum(), a, allow_unused=True)
d = a * a
first, second = a.unbind()
"""


def test_a_backward_without_a_step_begins_no_iteration_twice() -> None:
    assert_shown_alike(told(UNUSED, Limits()), 1)


GRADIENTS_GRAPH = """
import torch
a = torch.ones(2, requires_grad=True)
(g,) = torch.autograd.grad((a**3).sum(), a, create_graph=True)
d = g * a
"""


MANY_GRADIENTS = """
import torch
a = torch.ones(2, requires_grad=True)
kept = []
for turn in range(30):
    (g,) = torch.autograd.grad((a**3).sum() * turn, a, create_graph=True)
    kept.append(g)
second = sum(kept).sum()
second.backward()
old = kept[2] * a
"""


@pytest.mark.parametrize("text", [GRADIENTS_GRAPH, MANY_GRADIENTS], ids=["one", "many, used late"])
def test_a_gradients_graph_is_shown_from_the_file_as_it_was_live(text: str) -> None:
    assert_shown_alike(told(text, Limits()), 1)


@pytest.mark.parametrize(
    ("text", "batch"), [(GRADIENTS_GRAPH, 1), (UNUSED, 1), (MANY_GRADIENTS, 50), (MORE["training"], 20)]
)
def test_earlier_looks_change_no_later_one(text: str, batch: int) -> None:
    assert_each_look_as_if_it_were_the_first(told(text, Limits()), batch)


NESTED = """
import torch
a = torch.randn(2, 3, requires_grad=True)
n = torch.nested.as_nested_tensor([a, torch.randn(4, 3)])
p = torch.nested.to_padded_tensor(n * 2, 0.0)
p.sum().backward()
"""


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_nested_tensor_whose_sizes_vary_is_shown() -> None:
    events = told(NESTED, Limits())

    assert any(isinstance(event, Tensor) and -1 in event.shape for event in events)
    assert_shown_alike(events, 5)


TURNS = """
import torch
w = torch.ones(2, requires_grad=True)
first = w * 2
loss = first.sum()
loss.backward()
for turn in range(6):
    loss = (w * turn).sum()
    loss.backward()
"""


def test_a_name_that_passes_on_long_after_is_shown_alike() -> None:
    trace = Trace()
    trace.extend(told(TURNS, Limits()))
    first = next(named.tensor for named in trace.names if named.name == "first")
    last = len(trace.steps) - 1
    trace.append(TensorNamed(tensor=first, name="alias", step=2))
    live_names = [box.name for box in structure(trace, 0).boxes]
    trace.append(TensorNamed(tensor=trace.tensors[-1].id, name="alias", step=last))

    assert "alias" in live_names
    assert drawn(trace) == drawn(decode_trace(encode_trace(trace), Path("run.json")))
    assert "first" in [box.name for box in structure(trace, 0).boxes]


MAPPED = """
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.func.vmap(lambda t: t**3)(x)
loss = y.sum()
loss.backward()
"""


def test_what_vmap_computes_is_joined_to_what_it_was_given_and_what_it_returned() -> None:
    events = told(MAPPED, Limits())
    trace = Trace()
    trace.extend(events)
    still = structure(trace, 0)
    names = {box.id: box.name for box in still.boxes} | {circle.id: circle.symbol for circle in still.circles}

    assert [(names[lane.source], names[lane.target], lane.returns) for lane in still.lanes] == [
        ("x", "x³", True),
        ("x³", "y", True),
        ("y", "Σ", True),
        ("Σ", "loss", True),
    ]
    assert_each_look_as_if_it_were_the_first(events, 1)


NUMBERS = """
import torch
whole = torch.tensor([[1, 2], [3, 4]])
flags = whole > 2
odd = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-45, 3.4e38, 0.1])
large = torch.tensor([1e300, 5e-324, 1 / 3], dtype=torch.float64)
z = torch.tensor([1 + 2j, complex("nan")])
half = torch.tensor([1.5, 65504.0], dtype=torch.bfloat16)
empty = torch.zeros(0, 3)
none = torch.tensor(2**62)
sparse = torch.eye(3).to_sparse()
"""


def test_every_kind_of_number_comes_back() -> None:
    assert_shown_alike(told(NUMBERS, Limits()), 7)
