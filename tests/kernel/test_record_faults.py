"""A fault in any piece of the recorder: the learner's run stays bit for bit what it is, and the fault is told."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

import tutor.kernel
from tests.kernel.both_ways import Outcome, assert_same, run
from tests.kernel.functions import TWICE
from tutor.kernel.record import Recorder
from tutor.trace.trace import Trace

PROGRAM = f"""\
import warnings
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

{TWICE}
def loss_of(model, x):
    h = model(x)
    return (h * h).mean()

model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
x = torch.randn(5, 3)
for turn in range(2):
    optimizer.zero_grad()
    loss = loss_of(model, x)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(turn, loss.item())
a = torch.tensor([1.0, 2.0], requires_grad=True)
b = a * 1
b[0] = 5
b.add_(1)
b.retain_grad()
b.register_hook(lambda g: order.append("tensor") or g * 2)
c = Twice.apply(b)
c.grad_fn.register_prehook(lambda g: order.append("pre"))
c.grad_fn.register_hook(lambda i, o: order.append("post"))
a.register_post_accumulate_grad_hook(lambda t: order.append("landed"))
c.sum().backward(retain_graph=True)
(g,) = torch.autograd.grad((a**3).sum(), a, create_graph=True)
(gg,) = torch.autograd.grad(g.sum(), a)
checkpoint(torch.sin, a, use_reentrant=False).sum().backward()
with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
    (a * a).sum().backward()
with torch.no_grad():
    a -= 0.1
    a.grad = None
d = torch.ones(2)
d.requires_grad_()
d.data = torch.zeros(2)
e = torch.func.grad(lambda t: (t * t).sum())(d.detach())
f = torch.vmap(lambda t: t * 2)(d)
with torch.autograd.forward_ad.dual_level():
    dual = torch.autograd.forward_ad.make_dual(torch.ones(2), torch.ones(2))
    tangent = torch.autograd.forward_ad.unpack_dual(dual * dual).tangent
with torch.autocast("cpu", dtype=torch.bfloat16):
    h = torch.ones(2, 2) @ torch.ones(2, 2)
k = torch.sparse_coo_tensor([[0, 1]], [1.0, 2.0], (3,))
nn.functional.softmax(torch.ones(2))
large = torch.rand(3000, requires_grad=True)
(large * 2).sum().backward()
del large
try:
    (a * 2).backward()
except RuntimeError as error:
    print(error)
y = (a * a).sum()
y.backward()
y.backward()
"""

EDGES = {
    # They carry out the learner's own call, or decide in a word whether to look at it; what they do for the recorder is
    # other pieces' work, behind a guard that stands in their own body.
    "backward.Engine": ("run", "miss", "_begin", "_iterate", "_let_go", "_end", "_fail"),
    "engine_run.Run": ("is_current", "_may_work_here"),
    "forward.Forward": ("listens", "hears_engine", "wakes", "wake", "before", "after", "failed", "apply"),
    "forward.RecordingMode": ("__torch_function__", "__exit__"),
    "guard.Guard": ("__init__", "__enter__", "__exit__", "keep", "sound"),
    "learner_hooks.LearnerHooks": ("_forget",),
    "optimizer_state.States": ("_forget",),
    "identity.Tensors": ("_forget", "_disown", "_unshare"),
    "gradients.Gradients": ("_gone",),
    "looked.Looked": ("_gone",),
    # The last seven are called by Python as a tensor dies, which hands an exception to nobody.
    "node_hooks.NodeHooks": ("register", "_register_theirs"),
    "optimizers.Optimizers": ("_begins", "_ended"),
    "optimizers._Step": ("is_entered",),
    "patches.Patches": ("_mine", "_is_followed", "_carried_out", "_enter", "_leave"),
    "record.Recorder": ("__enter__", "__exit__", "cell_ended"),
    "room": ("is_short",),
    "room.Room": ("__init__", "close", "lent"),
    "tracebacks": ("hide", "_first_seen", "_is_detour"),
    # Without these a warning can be told for the recorder's own frame alone.
    "own_frames": ("own_frames_removed",),
    "warned": ("_reissue", "_true_frame", "_frames", "_let_pass_again"),
    "warned.WarningRelay": ("_show", "_pass_on"),
}
MODULES = [
    name
    for _, name, _ in pkgutil.iter_modules(tutor.kernel.__path__, "tutor.kernel.")
    if name.rpartition(".")[2]
    not in {
        *(
            "runner",
            "extension",
            "launch",
            "sender",
            "trace_program",
            "program",
            "output",
            "display",
            "reset",
        ),
        *(
            "surroundings",
            "interrupts",
            "farewells",
            "parent",
            "evaluate",
            "refused",
            "descriptors",
            "devices",
            "limits",
        ),
    }
]


class InjectedError(Exception):
    pass


@dataclass(frozen=True)
class Piece:
    """A function or method of the recorder, with everywhere that it is known."""

    name: str
    owners: tuple[tuple[Any, str], ...]
    value: Any


def pieces() -> list[Piece]:
    modules = [importlib.import_module(name) for name in MODULES]
    edges = {f"tutor.kernel.{owner}.{name}" for owner, names in EDGES.items() for name in names}
    found = [piece for module in modules for piece in _pieces_of(module, modules)]
    assert edges <= {piece.name for piece in found}
    return [piece for piece in found if piece.name not in edges]


def _pieces_of(module: ModuleType, modules: list[ModuleType]) -> Iterator[Piece]:
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            owners = tuple((m, key) for m in modules for key, other in vars(m).items() if other is value)
            yield Piece(f"{module.__name__}.{name}", owners, value)
        elif inspect.isclass(value):
            for method, function in vars(value).items():
                if inspect.isfunction(function) or isinstance(function, (property, staticmethod)):
                    yield Piece(f"{module.__name__}.{name}.{method}", ((value, method),), function)


def broken(piece: Piece, calls: list[int], at: int) -> Any:
    """The piece, raising from its call number `at` on."""

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        def piece_that_breaks(*args: Any, **kwargs: Any) -> Any:
            calls[0] += 1
            if calls[0] >= at:
                raise InjectedError(piece.name)
            return function(*args, **kwargs)

        return piece_that_breaks

    if isinstance(piece.value, property):
        return property(wrapped(piece.value.fget))  # type: ignore[arg-type]
    if isinstance(piece.value, staticmethod):
        return staticmethod(wrapped(piece.value.__func__))
    return wrapped(piece.value)


def outcome_with(piece: Piece, at: int) -> tuple[Outcome, str | None, bool]:
    """What the program leaves while this piece breaks, the fault that is told, and whether it was reached."""
    calls = [0]
    with pytest.MonkeyPatch.context() as patch:
        replacement = broken(piece, calls, at)
        for owner, name in piece.owners:
            patch.setattr(owner, name, replacement)
        try:
            recorder = Recorder(Trace().extend)
            recorder.add_source(PROGRAM, path=None, cell=None, filename="program.py")
        except InjectedError:
            # No recording has begun.
            return run(PROGRAM), piece.name, False
        outcome = run(PROGRAM, recorder)
        recorder.cell_ended(outcome.namespace)
    return outcome, recorder.fault, calls[0] >= at


def what_goes_wrong(piece: Piece, at: int, plain: Outcome) -> str | None:
    try:
        outcome, fault, reached = outcome_with(piece, at)
    except InjectedError:
        return "the program is told"
    if not reached:
        return None
    if fault is None or "InjectedError" not in fault:
        return f"no fault is told: {fault}"
    try:
        assert_same(plain, outcome)
    except AssertionError as error:
        return f"the run is another: {error}"
    return None


def all_that_goes_wrong(chosen: list[Piece], at: tuple[int, ...]) -> dict[str, str]:
    run(PROGRAM)
    plain = run(PROGRAM)
    found = {}
    for piece in chosen:
        for number in at:
            wrong = what_goes_wrong(piece, number, plain)
            if wrong is not None:
                found[f"{piece.name} at call {number}"] = wrong
    return found


def test_a_fault_in_a_piece_of_the_recorder_changes_nothing() -> None:
    assert all_that_goes_wrong(pieces()[::40], (1,)) == {}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(4))
def test_a_fault_in_any_piece_of_the_recorder_changes_nothing(part: int) -> None:
    assert all_that_goes_wrong(pieces()[part::4], (1, 2, 20)) == {}
