"""A long run keeps some of its iterations: what is told of them is what the whole recording tells, and gaps say the rest."""

from __future__ import annotations

import re
from collections import deque
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tests.kernel.long_programs import HEAD, PROGRAMS, TRAINING
from tests.kernel.thinned import Thinned, assert_sound, assert_thinned
from tests.traces.recording import record_text
from tutor.kernel.budget import Limits
from tutor.kernel.record import Recorder, record
from tutor.protocol import Output, Step, TraceEvent
from tutor.trace.file import decode_trace, encode_trace
from tutor.trace.file.references import first_fault
from tutor.trace.iterations import iterations
from tutor.trace.trace import Trace


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize(
    "events", [pytest.param(300, marks=pytest.mark.slow), 700, pytest.param(1500, marks=pytest.mark.slow)]
)
def test_what_is_kept_is_what_the_whole_recording_tells(name: str, events: int) -> None:
    both = assert_thinned(PROGRAMS[name], Limits(events=events))

    assert both.kept.trace.gaps
    assert len(both.kept.trace.steps) < len(both.whole.trace.steps)
    assert both.kept.trace.output == both.whole.trace.output


@pytest.mark.parametrize("name", ["training", "a graph that is carried on", "all in functions"])
def test_what_is_left_out_is_computed_as_ever(name: str) -> None:
    plain: dict[str, object] = {"__name__": "__main__"}
    recorded: dict[str, object] = {"__name__": "__main__"}
    with redirect_stdout(None):
        exec(compile(PROGRAMS[name], "plain", "exec"), plain)
    random = torch.rand(3)
    record_text(PROGRAMS[name], limits=Limits(events=400), namespace=recorded)

    assert torch.equal(random, torch.rand(3))
    tensors = {key: value for key, value in plain.items() if isinstance(value, torch.Tensor)}
    for key, value in tensors.items():
        other = recorded[key]
        assert isinstance(other, torch.Tensor) and torch.equal(value, other)
        assert value.grad_fn is not None or (value.grad is None) == (other.grad is None)


# ------------------------------------------------------------ which are kept


def test_the_first_iterations_and_the_last_one_stay_and_the_others_become_sparser() -> None:
    trace = record_text(TRAINING, limits=Limits(events=1500))
    numbers = [iteration.number for iteration in iterations(trace)]

    assert numbers[:10] == list(range(1, 11)) and numbers[-1] == 80
    apart = [gap.iterations for gap in trace.gaps]
    assert apart[:-1] == sorted(apart[:-1]) and apart[-1] > 2
    assert len(trace.backwards) + sum(apart) == 80


def test_of_two_losses_that_take_turns_both_are_kept() -> None:
    trace = record_text(PROGRAMS["two losses by turns"], limits=Limits(events=1500))
    later = [iteration.number % 2 for iteration in iterations(trace) if iteration.number > 25]

    assert set(later) == {0, 1}


def test_an_iteration_with_an_error_in_it_is_kept() -> None:
    text = TRAINING.replace(
        "    opt.step()",
        "    if turn == 57:\n        try:\n            loss.backward()\n        except RuntimeError: pass\n    opt.step()",
    )
    trace = record_text(text, limits=Limits(events=1200))

    assert [backward.error.type for backward in trace.backwards if backward.error] == ["RuntimeError"]
    assert 58 in [iteration.number for iteration in iterations(trace)]


@pytest.mark.parametrize("ending", [KeyError, SystemExit, KeyboardInterrupt])
def test_the_last_iteration_is_told_however_the_run_ends(ending: type[BaseException]) -> None:
    w = torch.ones(2, requires_grad=True)
    with pytest.raises(ending), record(limits=Limits(events=700)) as recording:
        for turn in range(71):
            (w * turn).sum().backward()
            with torch.no_grad():
                w -= 0.01 * w.grad  # type: ignore[operator]
            w.grad = None
            if turn == 70:
                raise ending
    trace = recording.trace

    assert trace.gaps and recording.fault is None
    assert iterations(trace)[-1].number == 71
    assert trace.backwards[-1].accumulations[-1].after == [70.0, 70.0]
    assert [v.value for v in trace.values if v.tensor == 0][-1] == w.tolist()


def test_an_evaluation_behind_the_training_does_not_hide_the_last_iteration() -> None:
    trace = record_text(f"{TRAINING}final = (w * 2).sum()\n", limits=Limits(events=700))

    assert [iteration.number for iteration in iterations(trace)][-2:] == [80, 81]
    assert trace.backwards[-1].id == iterations(trace)[-2].backwards[0]


# ------------------------------------------------------------ what is told of what is left out


def test_what_is_printed_is_told_at_once_and_has_its_place_where_its_iteration_is_kept() -> None:
    events: list[TraceEvent] = []
    recorder = Recorder(events.extend, limits=Limits(events=700))
    w = torch.ones(2, requires_grad=True)
    with recorder:
        for turn in range(60):
            (w * turn).sum().backward()
            recorder.output("stdout", f"{turn}\n")
            assert isinstance(events[-1], Output | Step)
            assert any(isinstance(event, Output) for event in events[-2:])
    recorder.cell_ended({})
    trace = Trace()
    trace.extend(events)

    last = trace.outputs[-1]
    assert (trace.steps[last.step].kind, trace.steps[last.step].id) == ("output", 59)
    assert trace.outputs[-2].step == trace.gaps[-1].step
    assert trace.output == "".join(f"{turn}\n" for turn in range(60))


def test_a_gap_counts_what_was_left_out() -> None:
    both = Thinned.of(TRAINING, Limits(events=700))
    kept, whole = both.kept.trace, both.whole.trace

    for rows in ("operations", "backwards"):
        left_out = sum(getattr(gap, rows) for gap in kept.gaps)
        assert len(getattr(kept, rows)) + left_out == len(getattr(whole, rows))


def test_a_process_that_is_killed_leaves_a_sound_trace() -> None:
    told: list[TraceEvent] = []
    recorder = Recorder(told.extend, limits=Limits(events=700))
    w = torch.ones(2, requires_grad=True)
    with recorder:
        for turn in range(60):
            (w * turn).sum().backward()
            recorder.output("stdout", f"{turn}\n")
        killed = list(told)
    trace = Trace()
    trace.extend(killed)

    assert first_fault(trace) is None
    assert len(trace.outputs) == 60


def test_a_thinned_trace_is_written_and_read_again() -> None:
    trace = record_text(TRAINING, limits=Limits(events=700))

    assert decode_trace(encode_trace(trace), Path()) == trace


# ------------------------------------------------------------ iterations that do not fit


def test_a_loop_without_a_backward_stops_and_says_so() -> None:
    text = f"{HEAD}x = torch.ones(1)\nfor _ in range(500):\n    x = x + 1\nprint(x)\n"
    trace = record_text(text, limits=Limits(events=300))

    assert trace.truncated is not None and trace.truncated.limit == "events" and not trace.gaps
    assert trace.steps[-1].kind == "output"


def test_a_training_behind_a_long_preparation_is_recorded() -> None:
    text = f"{HEAD}data = torch.zeros(1)\nfor _ in range(500):\n    data = data + 1\n{TRAINING}"
    trace = record_text(text, limits=Limits(events=2000))

    assert trace.truncated is None
    assert trace.gaps[0].backwards == trace.gaps[0].iterations + 1, "part of the first one was told"
    assert iterations(trace)[-1].number == 80
    assert_sound(trace)


def test_a_training_behind_a_long_preparation_has_its_weights_right() -> None:
    preparation = "data = torch.zeros(1)\nfor _ in range(300):\n    data = data + 1\n"
    text = f"{HEAD}w = torch.ones(2, requires_grad=True)\n(w * 3).sum()\n{preparation}"
    text += "for turn in range(20):\n    (w * turn).sum().backward()\n"
    trace = record_text(text, limits=Limits(events=800))

    assert trace.gaps[0].iterations == 0
    assert [a.after[0] - a.before[0] for b in trace.backwards for a in b.accumulations if a.before][
        -1
    ] == 19.0
    assert trace.backwards[-1].accumulations[-1].after == [190.0, 190.0]


def test_an_iteration_that_does_not_fit_is_left_out_as_a_whole() -> None:
    text = TRAINING.replace(
        "    loss.backward()",
        "    if turn == 60:\n        for _ in range(300): loss = loss + w.sum()\n    loss.backward()",
    )
    both = assert_thinned(text, Limits(events=1200))

    assert 61 not in [iteration.number for iteration in iterations(both.kept.trace)]
    assert iterations(both.kept.trace)[-1].number == 80


def test_many_backwards_of_one_graph_are_iterations() -> None:
    text = f"{HEAD}w = torch.ones(2, requires_grad=True)\ny = (w * w).sum()\n"
    text += "for turn in range(300):\n    y.backward(retain_graph=True)\n"
    trace = record_text(text, limits=Limits(events=1000))

    assert trace.gaps and trace.backwards[-1].accumulations[-1].after == [600.0, 600.0]
    assert_sound(trace)


def test_a_backward_alone_that_is_larger_than_what_is_left_is_left_out() -> None:
    text = f"{HEAD}w = torch.ones(2, requires_grad=True)\n"
    text += "for turn in range(30):\n    y = (w * 2).sum()\n    y.backward()\n"
    text += "y = w.sum()\nfor _ in range(200):\n    y = y + w.sum()\ny.backward()\n"
    text += "for turn in range(5):\n    y = (w * 3).sum()\n    y.backward()\n"
    trace = record_text(text, limits=Limits(events=900))

    assert trace.error is None
    assert trace.backwards[-1].accumulations[-1].after == [276.0, 276.0]
    assert_sound(trace)


# ------------------------------------------------------------ several cells, and children


def test_what_a_cell_held_back_is_told_at_its_end_and_the_next_one_goes_on() -> None:
    again = TRAINING.replace("import torch\ntorch.manual_seed(0)\n", "").replace(
        'print("end")', 'print("again")'
    )
    text = f"{TRAINING}# %%\nseen = (w * 2).sum()\n# %%\n{again}"
    both = assert_thinned(text, Limits(events=1500))
    kept = both.kept.trace

    assert [iteration.number for iteration in iterations(kept)][-1] == 160
    assert 80 in [iteration.number for iteration in iterations(kept)]
    assert kept.steps[kept.outputs[-1].step].kind == "output"


@pytest.mark.parametrize("turn", [3, 60])
def test_an_error_in_a_cell_is_told_behind_what_was_held_back(turn: int) -> None:
    text = f"{TRAINING}    if turn == {turn}:\n        raise KeyError(turn)\n".replace('print("end")\n', "")
    trace = record_text(text, limits=Limits(events=700))

    assert trace.error is not None and trace.error.step == len(trace.steps) - 1
    assert trace.steps[-1].kind == "error"
    assert iterations(trace)[-1].number == turn + 1


@pytest.mark.parametrize("turns", [1, 6, 40])
def test_a_forgotten_recorder_tells_nothing_more(turns: int) -> None:
    told: list[TraceEvent] = []
    recorder = Recorder(told.extend, limits=Limits(events=300))
    w = torch.ones(2, requires_grad=True)
    with recorder:
        for turn in range(turns):
            (w * turn).sum().backward()
        recorder.forget()
        count = len(told)
        for turn in range(40):
            (w * turn).sum().backward()
        recorder.output("stdout", "child\n")
    recorder.cell_ended({})

    assert len(told) == count


# ------------------------------------------------------------ how much is kept


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("training", "all in functions") else pytest.param(name, marks=pytest.mark.slow)
        for name in PROGRAMS
    ],
)
def test_a_longer_run_does_not_keep_more(name: str) -> None:
    limits = Limits(events=1_000, bytes=400_000)
    short, long = (_run(PROGRAMS[name], turns, limits) for turns in (150, 450))

    assert short.recorder.fault is long.recorder.fault is None
    assert len(long.told) <= 1.05 * limits.events
    assert held_by(long.recorder) <= 1.2 * held_by(short.recorder) + 200


@dataclass
class Ran:
    recorder: Recorder
    told: list[TraceEvent]
    namespace: dict[str, object]


def _run(text: str, turns: int, limits: Limits) -> Ran:
    text = re.sub(r"range\(\d\d\)", f"range({turns})", text)
    told: list[TraceEvent] = []
    ran = Ran(Recorder(told.extend, limits=limits), told, {"__name__": "__main__"})
    ran.recorder.add_source(text, path=None, cell=None, filename="long")
    with ran.recorder, redirect_stdout(None):
        exec(compile(text, "long", "exec"), ran.namespace)
    ran.recorder.cell_ended(ran.namespace)
    return ran


def held_by(recorder: Recorder) -> int:
    """How much lies in the recorder's own tables, all of them taken together."""
    seen: set[int] = set()
    count = 0
    todo: list[object] = [recorder]
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, dict | list | set | deque):
            count += len(thing)
            todo.extend(thing.values() if isinstance(thing, dict) else thing)
        elif type(thing).__module__.startswith("tutor.kernel"):
            names = (*getattr(thing, "__dict__", ()), *getattr(type(thing), "__slots__", ()))
            todo.extend(getattr(thing, name, None) for name in names)
    return count
