"""Recordings nested, overlapping, in several threads, left late or elsewhere: each has its own, and torch is put back."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from tests.kernel.soundness import assert_sound
from tutor.kernel.record import Recording, record


def torch_as_it_is() -> dict[str, Any]:
    module: Any = warnings
    return {
        "engine": torch.autograd.graph._engine_run_backward,
        "engine for backward": torch.autograd._engine_run_backward,
        "apply": vars(torch.autograd.Function)["apply"],
        "call": torch.nn.Module.__call__,
        "compile": torch.compile,
        "has_torch_function": torch.overrides.has_torch_function,
        "register_hook": vars(torch.autograd.function._HookMixin)["_register_hook"],
        "scaler": torch.amp.GradScaler.step,
        "showwarnmsg": module._showwarnmsg,
        "filters": list(warnings.filters),
        "modes": torch._C._len_torch_function_stack(),
    }


@pytest.fixture(autouse=True)
def torch_is_put_back() -> Iterator[None]:
    before = torch_as_it_is()
    yield
    after = torch_as_it_is()
    assert {name for name in before if before[name] != after[name]} == set()


def square(factor: float = 1.0) -> torch.Tensor:
    """Two operations, three nodes, one backward; returns the gradient."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * x * factor).sum().backward()
    assert x.grad is not None
    return x.grad


def operations(recording: Recording) -> list[str]:
    assert recording.fault is None, recording.fault
    assert_sound(recording.trace)
    return [operation.function.rpartition(".")[2] for operation in recording.trace.operations]


def ran(recording: Recording) -> list[int]:
    """How many nodes ran in each backward."""
    return [len(backward.steps) for backward in recording.trace.backwards]


WHOLE = ["tensor", "mul", "mul", "sum"]


def plainly(name: str) -> str:
    return name.strip("_")


def test_the_outer_recording_sees_what_the_inner_one_sees() -> None:
    with record() as outer:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        with record() as inner:
            y = (x * x).sum()
            y.backward()
        (x + 1).sum().backward()

    assert [*map(plainly, operations(outer))] == ["tensor", "mul", "sum", "add", "sum"]
    assert [*map(plainly, operations(inner))] == ["mul", "sum"]
    assert (ran(outer), ran(inner)) == ([3, 3], [3])
    assert len(inner.trace.nodes) == 3 and len(outer.trace.nodes) == 5


def test_recordings_that_overlap_end_each_where_it_is_left() -> None:
    first, second = record(), record()
    one = first.__enter__()
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    two = second.__enter__()
    y = x * x
    first.__exit__(None, None, None)
    y.sum().backward()
    second.__exit__(None, None, None)
    (x + 1).sum().backward()

    assert [*map(plainly, operations(one))] == ["tensor", "mul"] and ran(one) == []
    assert [*map(plainly, operations(two))] == ["mul", "sum"] and ran(two) == [3]


def test_recordings_one_after_the_other_meet_the_same_graph() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with record() as first:
        y = (x * x).sum()
    with record() as second:
        y.backward(retain_graph=True)
    with record() as third:
        y.backward()

    assert (operations(second), operations(third)) == ([], [])
    assert len(first.trace.nodes) == len(second.trace.nodes) == len(third.trace.nodes) == 3
    assert (ran(second), ran(third)) == ([3], [3])


def test_a_generator_leaves_its_recording_late_among_others_modes() -> None:
    class Counting(TorchFunctionMode):
        calls = 0

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            Counting.calls += 1
            return func(*args, **(kwargs or {}))

    def generator() -> Iterator[Recording]:
        with record() as recording:
            yield recording

    steps = generator()
    recording = next(steps)
    with Counting():
        torch.ones(2)
        steps.close()
        before = Counting.calls
        torch.ones(2)
        assert Counting.calls == before + 1

    assert operations(recording) == ["ones"]


def test_a_generator_that_is_collected_leaves_its_recording() -> None:
    def generator() -> Iterator[Recording]:
        with record() as recording:
            yield recording

    steps = generator()
    recording = next(steps)
    square()
    del steps
    square()

    assert [*map(plainly, operations(recording))] == WHOLE


def test_a_recording_sees_its_own_thread_alone() -> None:
    inside: list[Recording] = []

    def work() -> None:
        with record() as recording:
            square()
        inside.append(recording)

    with record() as outside:
        square()
        _in_a_thread(work)

    assert [*map(plainly, operations(outside))] == [*map(plainly, operations(inside[0]))] == WHOLE
    assert ran(outside) == ran(inside[0]) == [4]


def test_recordings_of_two_threads_overlap() -> None:
    begun, over = threading.Event(), threading.Event()
    inside: list[Recording] = []

    def work() -> None:
        with record() as recording:
            inside.append(recording)
            square()
            begun.set()
            over.wait()
            square()

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    with record() as outside:
        square()
        over.set()
        thread.join()
        square()

    assert [*map(plainly, operations(outside))] == [*map(plainly, operations(inside[0]))] == WHOLE * 2
    assert ran(outside) == ran(inside[0]) == [4, 4]


def test_many_threads_record_at_once() -> None:
    """Each has its own, whole, and the right gradients, however the threads take turns."""
    recordings: dict[int, Recording] = {}
    gradients: dict[int, torch.Tensor] = {}

    def work(number: int) -> None:
        with record() as recording:
            for _ in range(20):
                gradients[number] = square(number)
        recordings[number] = recording

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for number, recording in recordings.items():
        assert [*map(plainly, operations(recording))] == WHOLE * 20
        assert ran(recording) == [4] * 20
        assert gradients[number].tolist() == [2.0 * number, 4.0 * number]
    assert len(recordings) == 6


def test_a_recording_that_another_thread_leaves_ends() -> None:
    block = record()
    recording = block.__enter__()
    square()
    _in_a_thread(lambda: block.__exit__(None, None, None))
    square()

    assert [*map(plainly, operations(recording))] == WHOLE
    # The mode of a thread can be taken off by that thread alone.
    torch._C._pop_torch_function_stack()


def test_an_exception_goes_through_both_recordings() -> None:
    with pytest.raises(RuntimeError, match="does not require grad"), record() as outer, record() as inner:
        torch.ones(1).backward()

    for recording in (outer, inner):
        assert recording.fault is None
        assert recording.trace.error is not None and recording.trace.error.type == "RuntimeError"


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_warnings_are_the_same_however_deep(depth: int) -> None:
    plain = _warned(0)

    assert len(plain) == 5
    assert _warned(depth) == plain


def _warned(depth: int) -> list[tuple[str, str, str, int]]:
    with warnings.catch_warnings(record=True) as caught, contextlib.ExitStack() as blocks:
        warnings.resetwarnings()
        warnings.simplefilter("always")
        recordings = [blocks.enter_context(record()) for _ in range(depth)]
        for _ in range(2):
            functional.softmax(torch.ones(2))
            functional.mse_loss(torch.ones(2, 1), torch.ones(2))
        warnings.warn("mine", stacklevel=1)
    assert all(len(recording.trace.warnings) == 5 for recording in recordings)
    return [(w.category.__name__, str(w.message), w.filename, w.lineno) for w in caught]


@pytest.mark.parametrize("depth", [1, 2])
def test_fast_paths_are_taken_however_deep(depth: int) -> None:
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(16, 4, batch_first=True).eval()
    x = torch.randn(2, 5, 16)
    with torch.no_grad():
        plain = layer(x)
        with contextlib.ExitStack() as blocks:
            for _ in range(depth):
                blocks.enter_context(record())
            assert torch.equal(layer(x), plain)


def test_what_a_program_puts_in_torchs_place_stays() -> None:
    """A patch that was made while a recording went on is the program's, and stands when it is over."""
    plain = torch.nn.Module.__call__
    seen = []

    def own(module: Any, *args: Any) -> Any:
        seen.append(type(module).__name__)
        return beneath(module, *args)

    with record():
        beneath: Callable[..., Any] = torch.nn.Module.__call__
        torch.nn.Module.__call__ = own  # type: ignore[method-assign]
    assert torch.nn.Module.__call__ is own
    with record() as recording:
        torch.nn.ReLU()(torch.ones(2))
    assert torch.nn.Module.__call__ is own and seen == ["ReLU"]
    assert operations(recording) == ["ones", "relu"]
    torch.nn.Module.__call__ = plain  # type: ignore[method-assign]


def _in_a_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_hooks_fire_in_their_order_and_both_recordings_tell_them() -> None:
    order: list[str] = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda tensor: order.append("landed"))  # type: ignore[no-untyped-call]
    with record() as outer:
        y = x * x
        y.register_hook(lambda gradient: order.append("first"))  # type: ignore[no-untyped-call]
        with record() as inner:
            y.register_hook(lambda gradient: order.append("second"))  # type: ignore[no-untyped-call]
            y.sum().backward()

    assert order == ["first", "second", "landed"]
    for recording in (outer, inner):
        assert recording.fault is None
        assert [hook.kind for hook in recording.trace.hooks] == ["tensor", "tensor", "post_accumulate"]
    assert len(x._post_accumulate_grad_hooks) == 1  # type: ignore[attr-defined]
