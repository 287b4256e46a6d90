"""An optimizer's step: the parameters' changes, its settings, its state before and after; and what surrounds a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read
from tests.traces.recording import record_text
from tutor.protocol import OptimizerStepped, TensorId
from tutor.trace.file import decode_trace, encode_trace
from tutor.trace.trace import Trace

W = "import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\n"
TURN = "for _ in range(3):\n    o.zero_grad()\n    (w * w).sum().backward()\n    o.step()\nprint(w)\n"

ALL = [
    "SGD([w], lr=0.1)",
    "SGD([w], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)",
    "SGD([w], lr=0.1, momentum=0.9, foreach=True)",
    "SGD([w], lr=0.1, momentum=0.9, fused=True)",
    "Adam([w])",
    "Adam([w], amsgrad=True, foreach=True)",
    "Adam([w], fused=True)",
    "Adam([w], lr=torch.tensor(0.1), capturable=False)",
    "AdamW([w], fused=True)",
    "AdamW([w], foreach=False)",
    "RMSprop([w], momentum=0.5, centered=True)",
    "Adagrad([w])",
    "Adadelta([w])",
    "Adamax([w])",
    "ASGD([w])",
    "NAdam([w])",
    "RAdam([w])",
    "Rprop([w])",
    "Adafactor([w])",
]


def changed(read: Read, what: str = "value_changed") -> list[str]:
    return [step for step in read.steps() if step.startswith(what)]


def kept(step: OptimizerStepped) -> dict[str, tuple[Any, Any]]:
    return {part.name: (part.before, part.after) for part in step.state}


def torch_state(text: str) -> dict[str, Any]:
    """What the optimizer `o` of a program really keeps of `w` in the end."""
    namespace: dict[str, Any] = {"__name__": "__main__", "print": lambda *a: None}
    exec(text, namespace)
    state = namespace["o"].state[namespace["w"]]
    return {
        name: value.tolist() if isinstance(value, torch.Tensor) else value for name, value in state.items()
    }


# ------------------------------------------------------------------ every optimizer


@pytest.mark.parametrize("made", ALL)
def test_every_optimizer_tells_its_steps(made: str) -> None:
    text = f"{W}o = torch.optim.{made}\n{TURN}"
    read = Read(text)
    steps = read.trace.optimizer_steps

    assert [step.name for step in steps] == ["o"] * 3
    assert {step.kind for step in steps} == {made.partition("(")[0]}
    assert changed(read) == ["value_changed w"] * 3
    assert [(step.first_step, step.step) for step in steps] == [
        (index, index + 1) for index, step in enumerate(read.steps()) if step == "value_changed w"
    ]
    assert {name: after for name, (_, after) in kept(steps[-1]).items()} == torch_state(text)
    assert [after for _, after in kept(steps[0]).values()] == [
        before for before, _ in kept(steps[1]).values()
    ]


@pytest.mark.parametrize("made", ALL)
def test_no_optimizer_notices(made: str) -> None:
    trace = assert_faithful(f"{W}o = torch.optim.{made}\n{TURN}state = list(o.state[w].values())\n")

    assert decode_trace(encode_trace(trace), Path("trace.json")).optimizer_steps == trace.optimizer_steps


def test_momentum_is_told_before_and_after() -> None:
    read = Read(f"{W}o = torch.optim.SGD([w], lr=0.5, momentum=0.5)\n{TURN}")
    first, second, _ = read.trace.optimizer_steps

    assert kept(first) == {"momentum_buffer": (None, [2.0, 4.0])}
    assert kept(second) == {"momentum_buffer": ([2.0, 4.0], [1.0, 2.0])}
    assert first.options[0]["lr"] == 0.5
    assert first.options[0]["momentum"] == 0.5


def test_a_large_state_is_told_by_its_statistics() -> None:
    read = Read(
        "import torch\nw = torch.ones(50, 50, requires_grad=True)\n"
        "o = torch.optim.SGD([w], lr=0.1, momentum=0.9)\n(w * 3).sum().backward()\no.step()\n"
    )
    (part,) = read.trace.optimizer_steps[0].state

    assert part.after["shape"] == [50, 50]
    assert part.after["stats"]["mean"] == 3.0


def test_groups_have_their_own_settings() -> None:
    read = Read(
        W + "b = torch.ones(1, requires_grad=True)\n"
        "o = torch.optim.SGD([{'params': [w]}, {'params': [b], 'lr': 0.25}], lr=0.5)\n"
        "((w * w).sum() * b).backward()\no.step()\n"
    )
    (step,) = read.trace.optimizer_steps

    assert [read.name(TensorId(id)) for id in step.parameters] == ["w", "b"]
    assert [step.options[group]["lr"] for group in step.groups] == [0.5, 0.25]
    assert changed(read) == ["value_changed w", "value_changed b"]


def test_settings_are_plain_values() -> None:
    read = Read(W + "o = torch.optim.Adam([w], betas=(0.5, 0.75))\nw.sum().backward()\no.step()\n")
    (options,) = read.trace.optimizer_steps[0].options

    assert options["betas"] == [0.5, 0.75]
    assert options["fused"] is None
    assert "params" not in options


def test_a_scheduler_changes_the_rate() -> None:
    read = Read(
        W + "o = torch.optim.SGD([w], lr=1.0)\ns = torch.optim.lr_scheduler.StepLR(o, 1, gamma=0.5)\n"
        "for _ in range(3):\n    o.zero_grad()\n    w.sum().backward()\n    o.step()\n    s.step()\n"
    )

    assert [step.options[0]["lr"] for step in read.trace.optimizer_steps] == [1.0, 0.5, 0.25]
    assert {read.code(step.span) for step in read.trace.optimizer_steps} == {"o.step()"}


def test_a_parameter_without_gradient_stays() -> None:
    read = Read(
        W + "b = torch.ones(1, requires_grad=True)\nc = b * 2\no = torch.optim.SGD([w, b], lr=0.5)\n"
        "w.sum().backward()\no.step()\n"
    )

    assert changed(read) == ["value_changed w"]
    assert [read.name(id) for id in read.trace.optimizer_steps[0].parameters] == ["w", "b"]


# ------------------------------------------------------------------ closures


def closure(read: Read) -> OptimizerStepped:
    (step,) = read.trace.optimizer_steps
    return step


LBFGS = (
    W + "o = torch.optim.LBFGS([w], lr=0.5, max_iter=2{})\ndef closure():\n    o.zero_grad()\n"
    "    loss = (w * w).sum()\n    loss.backward()\n    return loss\nresult = o.step(closure)\nprint(w)\n"
)


@pytest.mark.parametrize("search", ["", ", line_search_fn='strong_wolfe'"])
def test_a_closure_runs_inside_the_step(search: str) -> None:
    read = Read(LBFGS.format(search))
    step = closure(read)

    assert step.first_step == 1
    assert read.step(1) == "w * w"
    assert step.step == len(read.trace.steps) - 1
    assert len(read.trace.backwards) >= 2
    assert kept(step)["d"][1] is not None
    assert changed(read)
    assert_faithful(LBFGS.format(search))


def test_a_closure_that_raises_leaves_no_step() -> None:
    read = Read(
        W + "o = torch.optim.SGD([w], lr=0.5)\ndef closure():\n    raise ValueError('no')\n"
        "try:\n    o.step(closure)\nexcept ValueError:\n    pass\nw.sum().backward()\no.step()\n"
    )

    assert closure(read).first_step == 4
    assert changed(read) == ["value_changed w"]


def test_a_step_that_raises_in_torch_leaves_the_recorder_listening() -> None:
    text = (
        W
        + "o = torch.optim.SparseAdam([w])\nw.sum().backward()\ntry:\n    o.step()\nexcept RuntimeError as e:\n"
        "    print(e)\ny = w * 2\nnet = torch.nn.Identity()\nz = net(y)\ny.sum().backward()\n"
        "p = torch.optim.SGD([w], lr=0.1)\np.step()\n"
    )
    read = Read(text)

    assert "w * 2" in read.steps()
    assert [step.name for step in read.trace.optimizer_steps] == ["p"]
    assert len(read.trace.module_calls) == 1
    assert_faithful(text)


# ------------------------------------------------------------------ the learner's own


OWN = W + (
    "class Mine(torch.optim.Optimizer):\n"
    "    def __init__(self, params, lr):\n        super().__init__(params, {'lr': lr})\n"
    "    @torch.no_grad()\n    def step(self):\n        for g in self.param_groups:\n            for p in g['params']:\n"
    "                v = self.state[p].setdefault('velocity', torch.zeros_like(p))\n"
    "                v.mul_(0.5).add_(p.grad)\n                p -= g['lr'] * v\n"
    "o = Mine([w], 0.5)\n(w * w).sum().backward()\no.step()\ndel o, Mine\n"
)


def test_an_optimizer_of_the_learners_own_shows_its_operations() -> None:
    read = Read(OWN)
    step = closure(read)

    assert (step.name, step.kind, step.options) == ("o", "Mine", [{"lr": 0.5}])
    assert kept(step) == {"velocity": (None, [2.0, 4.0])}
    assert read.steps()[step.first_step : step.step] == [
        "torch.zeros_like(p)",
        "value_changed v",
        "value_changed v",
        "g['lr'] * v",
        "value_changed w",
    ]
    assert_faithful(OWN)


def test_a_step_that_calls_its_super_is_one_step() -> None:
    read = Read(
        W + "class Loud(torch.optim.SGD):\n    def step(self, closure=None):\n        print('step')\n"
        "        return super().step(closure)\n"
        "o = Loud([w], lr=0.5)\nw.sum().backward()\no.step()\n"
    )

    assert closure(read).kind == "Loud"
    assert changed(read) == ["value_changed w"]


def test_one_optimizer_may_hold_another() -> None:
    read = Read(
        W + "class Around(torch.optim.Optimizer):\n    def __init__(self, inner):\n"
        "        super().__init__(inner.param_groups, {})\n        self.inner = inner\n"
        "    def step(self):\n        self.inner.step()\n"
        "inner = torch.optim.SGD([w], lr=0.5)\no = Around(inner)\nw.sum().backward()\no.step()\n"
    )

    assert [(step.name, step.kind) for step in read.trace.optimizer_steps] == [
        ("inner", "SGD"),
        ("o", "Around"),
    ]
    assert changed(read) == ["value_changed w"]


def test_an_update_by_hand_needs_no_optimizer() -> None:
    read = Read(W + "w.sum().backward()\nwith torch.no_grad():\n    w -= 0.5 * w.grad\n")

    assert read.trace.optimizer_steps == []
    assert changed(read) == ["value_changed w"]


HOOKED = W + (
    "seen = []\no = torch.optim.SGD([w], lr=0.5)\n"
    "o.register_step_pre_hook(lambda opt, a, k: seen.append(('pre', (w * 1).tolist())))\n"
    "o.register_step_post_hook(lambda opt, a, k: seen.append(('post', (w * 2).tolist())))\n"
    "from torch.optim.optimizer import register_optimizer_step_post_hook\n"
    "h = register_optimizer_step_post_hook(lambda opt, a, k: seen.append('global'))\n"
    "w.sum().backward()\no.step()\nh.remove()\nprint(seen)\n"
)


def test_the_learners_step_hooks_keep_their_order_and_are_seen() -> None:
    read = Read(HOOKED)
    assert_faithful(HOOKED)

    assert {"w * 1", "w * 2"} <= set(read.steps())
    assert changed(read) == ["value_changed w"]


def test_an_optimizer_in_an_object_goes_by_its_path() -> None:
    read = Read(
        W + "class Trainer:\n    def __init__(self):\n        self.opt = torch.optim.SGD([w], lr=0.5)\n"
        "    def fit(self):\n        w.sum().backward()\n        self.opt.step()\n"
        "t = Trainer()\nt.fit()\n"
        "def local():\n    mine = torch.optim.SGD([w], lr=0.5)\n    mine.step()\nlocal()\n"
    )

    assert [step.name for step in read.trace.optimizer_steps] == ["t.opt", "mine"]


def test_a_step_that_is_differentiated_through_is_part_of_the_graph() -> None:
    text = (
        "import torch\nlr = torch.tensor(0.5, requires_grad=True)\nw0 = torch.tensor([1.0, 2.0], requires_grad=True)\n"
        "w = w0.clone()\no = torch.optim.SGD([w], lr=0.5, differentiable=True)\n"
        "w.grad = (w0 * w0).detach() * lr\no.step()\nw.sum().backward()\nprint(w0.grad, lr.grad)\n"
    )
    read = Read(text)

    made = {node.operation for node in read.trace.nodes if node.tensor is None}
    assert None not in made
    assert_faithful(text)


IN_BACKWARD = W + (
    "o = torch.optim.SGD([w], lr=0.5)\ndef at_once(p):\n    o.step()\n    o.zero_grad()\n"
    "w.register_post_accumulate_grad_hook(at_once)\nfor _ in range(2):\n    (w * w).sum().backward()\nprint(w.grad)\n"
)


def test_a_step_inside_a_backward_belongs_to_it() -> None:
    read = Read(IN_BACKWARD)
    assert_faithful(IN_BACKWARD)

    assert [step.name for step in read.trace.optimizer_steps] == ["o", "o"]
    updates = [step for step in read.trace.steps if step.kind == "value_changed"]
    assert [step.backward for step in updates] == [0, 1]


def test_the_names_of_parameters_are_no_settings() -> None:
    read = Read(
        "import torch\nnet = torch.nn.Linear(1, 1)\no = torch.optim.SGD(net.named_parameters(), lr=0.5)\n"
        "net(torch.ones(1)).backward()\no.step()\n"
    )

    assert "param_names" not in closure(read).options[0]


def test_an_averaged_model_is_told_by_what_it_changes() -> None:
    text = (
        "import torch\nfrom torch.optim.swa_utils import AveragedModel\nnet = torch.nn.Linear(1, 1)\n"
        "average = AveragedModel(net)\nx = torch.ones(1)\ny = average(x)\naverage.update_parameters(net)\n"
        "average.update_parameters(net)\ny = average(x)\n"
    )
    read = Read(text)
    assert_faithful(text)

    assert read.steps()[1] == read.steps()[-1] == "average(x)"
    assert set(read.steps()[2:-1]) == {f"value_changed average.module.{name}" for name in ("weight", "bias")}
    assert [row.path for row in read.trace.module_calls] == ["average", "average.module"] * 2


# ------------------------------------------------------------------ bounds


def test_an_optimizer_that_is_gone_is_forgotten() -> None:
    read = Read(
        W + "import gc, weakref\nw.sum().backward()\nrefs = []\nfor _ in range(3):\n"
        "    o = torch.optim.Adam([w])\n    o.step()\n    refs.append(weakref.ref(o))\n"
        "del o\ngc.collect()\nprint([r() is None for r in refs])\n"
    )

    assert read.trace.output == "[True, True, True]\n"


def test_recorders_in_each_other_both_hear_of_the_step() -> None:
    inner: list[Trace] = []
    text = (
        W + "from tutor.kernel.record import record\no = torch.optim.SGD([w], lr=0.5)\n"
        "w.sum().backward()\nwith record() as recording:\n    o.step()\n"
        "inner.append(recording.trace)\n"
    )
    outer = record_text(text, namespace={"__name__": "__main__", "inner": inner})

    assert len(outer.optimizer_steps) == 1
    assert len(inner[0].optimizer_steps) == 1


@pytest.mark.parametrize("hook", ["", "o.register_step_pre_hook(lambda *a: None)\n"])
def test_parameters_in_memory_that_others_hold_change_once(hook: str) -> None:
    read = Read(
        "import torch, numpy\n"
        "w = torch.from_numpy(numpy.ones(2)).requires_grad_()\n"
        "b = torch.from_numpy(numpy.zeros(2)).requires_grad_()\n"
        "o = torch.optim.SGD([w, b], lr=0.5)\n" + hook + "(3 * w + b).sum().backward()\no.step()\n"
    )
    assert changed(read) == ["value_changed w", "value_changed b"]
