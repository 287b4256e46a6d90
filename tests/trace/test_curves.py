"""Losses and gradient norms of a run are those that torch computed, a point a backward."""

from __future__ import annotations

import math

import pytest

from tests.traces import golden
from tutor.protocol import (
    Accumulation,
    BackwardBegan,
    BackwardEnded,
    BackwardId,
    Data,
    Gap,
    GradientAccumulated,
    NodeId,
    Step,
    Tensor,
    TensorId,
    TraceEvent,
    Value,
)
from tutor.trace.curves import Curve, curves
from tutor.trace.index import index_of
from tutor.trace.trace import Trace


def tensor(number: int, name: str | None, value: Data, step: int, *, leaf: bool) -> list[TraceEvent]:
    key = TensorId(number)
    return [
        Tensor(
            id=key,
            name=name,
            shape=[],
            dtype="float32",
            device="cpu",
            requires_grad=True,
            is_leaf=leaf,
            step=step,
        ),
        Value(tensor=key, step=step - 1, version=0, value=value),
    ]


def turn(number: int, root: int, gradients: dict[int, Data], step: int) -> list[TraceEvent]:
    """A backward of one step."""
    key = BackwardId(number)
    began = BackwardBegan(
        id=key,
        entry="Tensor.backward",
        parent=None,
        roots=[],
        root_tensors=[TensorId(root)],
        gradients=[1.0],
        inputs=[],
        retain_graph=False,
        create_graph=False,
        span=None,
        step=step,
    )
    landed = [
        GradientAccumulated(
            backward=key,
            accumulation=Accumulation(
                tensor=TensorId(leaf), node=NodeId(0), before=None, incoming=data, after=data, step=step
            ),
        )
        for leaf, data in gradients.items()
    ]
    ended = BackwardEnded(id=key, results=[], error=None, step=step + 1)
    return [began, *landed, Step(kind="node", id=0, backward=key), ended]


def made(*parts: list[TraceEvent]) -> Trace:
    trace = Trace()
    trace.extend(event for part in parts for event in part)
    return trace


def values(curve: Curve) -> list[float]:
    return [point.value for point in curve.points]


def test_a_training_loop_has_a_loss_and_a_norm_for_each_parameter() -> None:
    trace = golden("loop")
    found = curves(trace)
    assert [curve.name for curve in found.losses] == ["loss"]
    assert [curve.name for curve in found.norms] == ["model.weight", "model.bias"]
    assert values(found.losses[0]) == sorted(values(found.losses[0]), reverse=True)
    for curve, name in zip(found.norms, ("weight", "bias"), strict=True):
        for point, backward in zip(curve.points, trace.backwards, strict=True):
            after = next(a.after for a in backward.accumulations if a.tensor == curve.tensor)
            number = after[0][0] if name == "weight" else after[0]
            assert point.value == pytest.approx(abs(number))
            assert backward.end_step is not None
            assert point.step == backward.end_step - 1


def test_a_loss_is_the_value_with_which_its_backward_began() -> None:
    trace = golden("loop")
    index = index_of(trace)
    point = curves(trace).losses[0].points[2]
    value = index.value_at(trace.backwards[2].root_tensors[0], trace.backwards[2].first_step)
    assert value is not None
    assert (point.number, point.value) == (3, value.value)


def test_several_losses_without_a_name_are_told_apart_by_what_they_are() -> None:
    found = curves(golden("accumulate"))
    assert [(curve.name, [p.number for p in curve.points]) for curve in found.losses] == [
        ("w²", [1, 3]),
        ("w³", [2]),
    ]
    assert values(found.norms[0]) == [4.0, 16.0, 4.0]


def test_a_v_for_more_than_one_element_has_no_loss_but_gradients() -> None:
    found = curves(golden("q"))
    assert found.losses == ()
    assert [(curve.name, [p.number for p in curve.points]) for curve in found.norms] == [
        ("a", [1, 2]),
        ("b", [1, 2]),
    ]
    assert values(found.norms[0])[0] == pytest.approx(math.hypot(36.0, 81.0))


def test_what_is_covered_has_no_points() -> None:
    trace = golden("q")
    found = curves(trace, frozenset({"a.grad"}))
    assert [(curve.covered, len(curve.points)) for curve in found.norms] == [(True, 0), (False, 2)]
    loop = curves(golden("loop"), frozenset({"loss"}))
    assert (loop.losses[0].covered, loop.losses[0].points) == (True, ())


def test_a_sampled_norm_says_so_and_what_is_no_number_stays_none() -> None:
    stats = {"count": 90_000, "min": -1.0, "max": 1.0, "mean": 0.0, "norm": 12.5, "nonfinite": 0}
    large = {"shape": [90_000], "stats": {**stats, "sampled": True}}
    broken = {"shape": [90_000], "stats": {**stats, "nonfinite": 3}}
    trace = made(
        tensor(0, "w", 1.0, 0, leaf=True),
        tensor(1, "loss", "inf", 0, leaf=False),
        [Step(kind="operation", id=0)],
        turn(0, 1, {0: large}, 1),
        turn(1, 1, {0: broken}, 2),
        turn(2, 1, {0: ["nan", 1.0]}, 3),
    )
    found = curves(trace)
    assert values(found.losses[0]) == [math.inf] * 3
    first, second, third = found.norms[0].points
    assert (first.value, first.sampled) == (12.5, True)
    assert math.isnan(second.value)
    assert math.isnan(third.value)
    assert found.norms[0].peak == 12.5


def test_a_leaf_that_takes_a_name_over_goes_on_with_its_curve_and_twins_have_their_own() -> None:
    trace = made(
        tensor(0, "w", 1.0, 0, leaf=True),
        tensor(1, "loss", 3.0, 0, leaf=False),
        [Step(kind="operation", id=0)],
        turn(0, 1, {0: 3.0}, 1),
        tensor(2, "w", 1.0, 2, leaf=True),
        turn(1, 1, {2: 4.0}, 2),
        tensor(3, "v", 1.0, 3, leaf=True),
        tensor(4, "v", 1.0, 3, leaf=True),
        turn(2, 1, {3: 5.0, 4: 6.0}, 3),
    )
    found = {curve.name: values(curve) for curve in curves(trace).norms}
    assert found == {"w": [3.0, 4.0], "v": [5.0], "v (2)": [6.0]}


def test_it_grows_with_the_run_and_counts_what_was_left_out() -> None:
    trace = made(
        tensor(0, "w", 1.0, 0, leaf=True),
        tensor(1, "loss", 3.0, 0, leaf=False),
        [Step(kind="operation", id=0)],
        turn(0, 1, {0: 3.0}, 1),
    )
    assert [p.number for p in curves(trace).norms[0].points] == [1]
    trace.extend([Gap(iterations=7, operations=70, backwards=7, step=2), Step(kind="gap", id=0)])
    trace.extend(turn(1, 1, {0: 4.0}, 3))
    found = curves(trace)
    assert [p.number for p in found.norms[0].points] == [1, 9]
    assert found.count == 9
    assert found.gaps == (1,)
    assert curves(golden("loop")).gaps == ()


def test_steps_and_places_on_the_axis_lead_to_each_other() -> None:
    trace = golden("loop")
    found = curves(trace)
    for step, number in found.ends:
        assert found.place_of(step) == number
        assert found.step_at(number + 0.3) == step
    places = [found.place_of(step) for step in range(-1, len(trace.steps))]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0.0, float(found.count))
    assert curves(Trace()).step_at(1.0) is None
