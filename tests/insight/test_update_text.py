"""An optimizer's step in numbers: the formula only where it gives what torch wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.traces.recording import record_text
from tutor.insight.scene import scene
from tutor.insight.step_text import step_text
from tutor.insight.tensor_text import tensor_lines
from tutor.insight.update_text import update_lines, update_title
from tutor.protocol import Data, OptimizerState, OptimizerStepped, TensorId
from tutor.trace.index import index_of
from tutor.trace.picture import Callout
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

W = TensorId(0)


def _trace(
    options: dict[str, Data], state: dict[str, tuple[Data, Data]], update: str, kind: str = "SGD"
) -> Trace:
    """w = 2 with the gradient 3, changed as `update` says; told as an optimizer's step."""
    trace = record_text(
        "import torch\nw = torch.tensor(2.0, requires_grad=True)\n(w * 3).backward()\n"
        f"with torch.no_grad():\n    {update}\n"
    )
    trace.optimizer_steps.clear()
    step = next(
        n for n, row in enumerate(trace.steps) if row.kind in ("value_changed", "operation") and n > 3
    )
    trace.append(
        OptimizerStepped(
            name="opt",
            kind=kind,
            parameters=[W],
            options=[options],
            state=[OptimizerState(tensor=W, name=n, before=b, after=a) for n, (b, a) in state.items()],
            span=None,
            first_step=step,
            step=step + 1,
        )
    )
    trace.steps[step] = type(trace.steps[step])(kind="value_changed", id=W)
    return trace


def _said(trace: Trace, covered: frozenset[str] = frozenset()) -> Callout:
    step = trace.optimizer_steps[0].first_step
    callout = scene(trace, structure(trace, 0), step, covered).callout
    assert callout is not None
    return callout


PLAIN: dict[str, Any] = {"lr": 0.1, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False}


@pytest.mark.parametrize(
    ("options", "buffer", "update", "said"),
    [
        ({}, None, "w.sub_(0.3)", ("w ← w − 0.1·grad", "= 2 − 0.1·3 = 1.7")),
        (
            {"momentum": 0.9},
            (1.0, 3.9),
            "w.sub_(0.39)",
            (
                "w ← w − 0.1·(0.9·momentum_buffer + grad)",
                "= 2 − 0.1·(0.9·1 + 3) = 1.61",
                "momentum_buffer: 1 → 3.9",
            ),
        ),
        (
            {"momentum": 0.9},
            (None, 3.0),
            "w.sub_(0.3)",
            ("w ← w − 0.1·grad", "= 2 − 0.1·3 = 1.7", "momentum_buffer: None → 3"),
        ),
        (
            {"weight_decay": 0.5},
            None,
            "w.sub_(0.4)",
            ("w ← w − 0.1·(grad + 0.5·w)", "= 2 − 0.1·(3 + 0.5·2) = 1.6"),
        ),
        ({"maximize": True}, None, "w.add_(0.3)", ("w ← w − 0.1·(−grad)", "= 2 − 0.1·(−3) = 2.3")),
    ],
)
def test_sgd_is_written_out_with_its_numbers(
    options: dict[str, Data], buffer: tuple[Data, Data] | None, update: str, said: tuple[str, ...]
) -> None:
    state = {} if buffer is None else {"momentum_buffer": buffer}
    callout = _said(_trace({**PLAIN, **options}, state, update))
    assert (callout.title, callout.lines) == ("opt.step() · SGD", said)


def test_a_formula_that_does_not_give_torchs_value_is_not_said() -> None:
    assert _said(_trace(PLAIN, {}, "w.sub_(0.2)")).lines == ("w: 2 → 1.8",)


def test_another_optimizer_shows_before_and_after_and_what_it_keeps() -> None:
    trace = _trace({"lr": 0.1}, {"step": (0.0, 1.0), "exp_avg": (0.0, 0.3)}, "w.sub_(0.1)", kind="Adam")
    callout = _said(trace)

    assert callout.title == "opt.step() · Adam"
    assert callout.lines == ("w: 2 → 1.9", "step: 0 → 1", "exp_avg: 0 → 0.3")
    end = len(trace.steps) - 1
    assert tensor_lines(trace, W, end, frozenset()) == ["Adam step: 0 → 1", "Adam exp_avg: 0 → 0.3"]
    assert tensor_lines(trace, W, 1, frozenset()) == []


def test_the_timeline_says_which_optimizer_it_was() -> None:
    trace = record_text(
        "import torch\nw = torch.tensor(2.0, requires_grad=True)\nopt = torch.optim.Adam([w], lr=0.1)\n"
        "(w * 3).backward()\nopt.step()\n"
    )
    steps = [step_text(trace, number) for number in range(len(trace.steps))]
    assert steps[-1] == "w updated by Adam"


@pytest.mark.parametrize(
    "momentum", ["", ", momentum=0.9", ", momentum=0.9, nesterov=True", ", momentum=0.9, dampening=0.3"]
)
@pytest.mark.parametrize("settings", ["", ", weight_decay=0.1", ", maximize=True"])
def test_what_torch_records_of_sgd_is_reproduced(momentum: str, settings: str) -> None:
    """In every step of a real run the formula must give the recorded value."""
    trace = record_text(
        "import torch\nw = torch.tensor([2.0, -1.0], requires_grad=True)\n"
        f"opt = torch.optim.SGD([w], lr=0.1{momentum}{settings})\n"
        "for _ in range(3):\n    opt.zero_grad()\n    (w**2).sum().backward()\n    opt.step()\n"
    )
    assert len(trace.optimizer_steps) == 3
    for update in trace.optimizer_steps:
        lines = update_lines(index_of(trace), update, W, update.first_step, frozenset())
        assert lines[0].startswith("w ← w − 0.1·") and lines[1].startswith("= [")


def test_what_is_kept_changes_with_the_parameter() -> None:
    trace = record_text(
        "import torch\nw = torch.tensor(2.0, requires_grad=True)\nb = torch.tensor(1.0, requires_grad=True)\n"
        "opt = torch.optim.SGD([w, b], lr=0.1, momentum=0.9)\nfor _ in range(2):\n    opt.zero_grad()\n"
        "    (w * 3 + b).backward()\n    opt.step()\n"
    )
    first = trace.optimizer_steps[1].first_step
    said = [
        [tensor_lines(trace, TensorId(t), step, frozenset())[0] for t in (0, 1)]
        for step in (first, first + 1)
    ]
    old, new = "SGD momentum_buffer: None → 1", "SGD momentum_buffer: 1 → 1.9"
    assert said[0] == ["SGD momentum_buffer: 3 → 5.7", old]
    assert said[1] == ["SGD momentum_buffer: 3 → 5.7", new]


def test_of_numbers_that_were_not_kept_no_shape_is_repeated() -> None:
    trace = record_text(
        "import torch\nw = torch.ones(50, 60, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1, momentum=0.9)\n"
        "w.sum().backward()\nopt.step()\n"
    )
    callout = _said(trace)
    assert (callout.title, callout.lines) == ("opt.step() · SGD", ())
    assert tensor_lines(trace, W, len(trace.steps) - 1, frozenset()) == []


def test_covered_numbers_are_not_given_away() -> None:
    trace = _trace({**PLAIN, "momentum": 0.9}, {"momentum_buffer": (1.0, 3.9)}, "w.sub_(0.39)")
    said = " ".join(_said(trace, frozenset({"w.grad"})).lines)
    assert "1.61" not in said and "3.9" not in said and "·3" not in said


def test_an_optimizer_without_a_name_is_called_by_its_kind() -> None:
    trace = _trace(PLAIN, {}, "w.sub_(0.3)")
    assert update_title(trace.optimizer_steps[0]) == "opt.step() · SGD"
