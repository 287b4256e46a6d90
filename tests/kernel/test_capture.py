"""What is read of a tensor, against plain torch: every dtype, shape and stride, non-finite numbers, odd kinds."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from tutor.kernel.budget import Limits
from tutor.kernel.capture import capture, gradient
from tutor.kernel.looked import Looked
from tutor.protocol import Data, Stats

SMALL = Limits(elements=6, sample=64)
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
COMPLEX = (torch.complex64, torch.complex128)
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
FAR = (0.0, -0.0, 1.0, -1.5, 1e-30, -3e-20, 1e-3, 250.0, 6e4, -1e19, 3e38, math.inf, -math.inf, math.nan)


def read(tensor: torch.Tensor, limits: Limits = SMALL) -> tuple[Data, Stats | None]:
    with torch._C.DisableTorchFunction():
        return capture(tensor, limits)


def stats_of(tensor: torch.Tensor, limits: Limits = SMALL) -> Stats:
    value, stats = read(tensor, limits)
    assert value is None
    assert stats is not None
    return stats


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """Any strided tensor of up to some hundred elements: sliced, transposed, expanded, conjugated."""
    shape = draw(st.lists(st.integers(0, 7), max_size=3))
    dtype = draw(st.sampled_from((*FLOATS, *COMPLEX, *INTEGERS, torch.bool)))
    count = math.prod(shape)
    seed = draw(st.integers(0, 1_000))
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 9
    if (dtype.is_floating_point or dtype.is_complex) and count:
        for number in draw(st.lists(st.sampled_from(FAR), max_size=4)):
            tensor.view(-1)[draw(st.integers(0, count - 1))] = number
        if draw(st.booleans()):
            tensor = tensor * draw(st.sampled_from((1e-25, 1e-9, 1e12)))
    made = tensor.to(dtype)
    if dtype.is_complex:
        made = torch.complex(tensor, tensor.flip(0) if shape else tensor).to(dtype)
    return draw(st.sampled_from((lambda t: t, _transposed, _sliced, _expanded, _conjugated, _window)))(made)


def _transposed(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.transpose(0, -1) if tensor.dim() else tensor


def _sliced(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[..., 1::2] if tensor.dim() else tensor


def _expanded(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.unsqueeze(-1).expand(*tensor.shape, 5)


def _conjugated(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.conj().imag if tensor.is_complex() else tensor


def _window(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.unfold(0, 3, 1) if tensor.dim() and tensor.shape[0] >= 3 else tensor


def spelled(tensor: torch.Tensor) -> Data:
    """The values one by one, as the trace file writes them."""
    if tensor.dim():
        return [spelled(part) for part in tensor]
    value = tensor.item()
    return [word(value.real), word(value.imag)] if isinstance(value, complex) else word(value)


def word(value: float) -> Data:
    return value if isinstance(value, int) or math.isfinite(value) else str(value)


def numbers(tensor: torch.Tensor) -> torch.Tensor:
    """All finite elements as doubles, complex ones by their absolute value."""
    flat = tensor.detach().resolve_conj().resolve_neg().reshape(-1)
    finite = flat[flat.isfinite()]
    return finite.to(torch.complex128).abs() if finite.is_complex() else finite.double()


def norm(finite: torch.Tensor) -> float:
    top = finite.abs().max().item()
    return top and top * math.sqrt((finite / top).square().sum().item())


@given(tensors())
def test_small_tensors_are_kept_whole(tensor: torch.Tensor) -> None:
    value, stats = read(tensor, Limits(elements=10_000))

    assert stats is None
    assert value == spelled(tensor)
    json.dumps(value, allow_nan=False)


@given(tensors())
def test_statistics_are_those_of_the_finite_elements(tensor: torch.Tensor) -> None:
    if tensor.numel() <= SMALL.elements:
        return
    stats, finite = stats_of(tensor, Limits(elements=6)), numbers(tensor)

    assert stats.count == tensor.numel()
    assert stats.nonfinite == tensor.numel() - finite.numel()
    assert not stats.sampled
    if not finite.numel():
        assert (stats.min, stats.max, stats.mean, stats.norm) == (None, None, None, None)
        return
    assert stats.min == pytest.approx(finite.min().item(), rel=1e-6)
    assert stats.max == pytest.approx(finite.max().item(), rel=1e-6)
    assert stats.norm == pytest.approx(norm(finite), rel=1e-4)
    assert stats.mean == pytest.approx(finite.mean().item(), abs=1e-5 * finite.abs().max().item())


@given(tensors())
def test_a_sample_shows_elements_that_are_there_and_counts_all_nonfinite_ones(tensor: torch.Tensor) -> None:
    if tensor.numel() <= SMALL.elements:
        return
    with mock.patch("tutor.kernel.stats.SAMPLE", 4):
        stats = stats_of(tensor, Limits(elements=6, sample=5))
    finite = numbers(tensor)

    assert stats.count == tensor.numel()
    assert stats.nonfinite == tensor.numel() - finite.numel()
    if finite.numel():
        assert any(stats.min == pytest.approx(number, rel=1e-6) for number in finite.tolist())
        assert any(stats.max == pytest.approx(number, rel=1e-6) for number in finite.tolist())
        assert stats.min <= stats.max
        assert stats.mean == pytest.approx(finite.mean().item(), abs=1e-5 * finite.abs().max().item())


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, *INTEGERS])
def test_a_very_large_tensor_is_sampled_and_says_so(dtype: torch.dtype) -> None:
    tensor = (torch.randn(300_000, dtype=torch.float64) * 20).to(dtype)
    stats, finite = stats_of(tensor, Limits()), numbers(tensor)

    assert stats.sampled
    assert stats.mean == pytest.approx(finite.mean().item(), abs=1e-3)
    assert stats.norm == pytest.approx(norm(finite), rel=0.1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX])
def test_one_nonfinite_element_is_found_wherever_it_lies(bad: float, dtype: torch.dtype) -> None:
    tensor = torch.randn(70_003).to(dtype)
    for place in (1, 70_002):
        spoilt = tensor.clone()
        spoilt[place] = bad
        assert stats_of(spoilt, Limits()).nonfinite == 1


def test_opposite_infinities_are_counted() -> None:
    tensor = torch.ones(70_000)
    tensor[1], tensor[2] = math.inf, -math.inf

    assert stats_of(tensor, Limits()).nonfinite == 2


def test_a_sum_that_overflows_is_no_nonfinite_element() -> None:
    stats = stats_of(torch.full((100_000,), 3e38), Limits())

    assert (stats.nonfinite, stats.sampled) == (0, True)
    assert stats.mean == pytest.approx(3e38, rel=1e-6)
    assert stats.norm == pytest.approx(3e38 * math.sqrt(100_000), rel=1e-6)


def test_the_norm_of_tiny_gradients_is_not_lost() -> None:
    assert stats_of(torch.full((2_000,), 1e-30), Limits()).norm == pytest.approx(
        1e-30 * math.sqrt(2_000), rel=1e-6
    )


def test_the_largest_doubles_leave_finite_statistics() -> None:
    stats = stats_of(torch.full((2_000,), sys.float_info.max, dtype=torch.float64), Limits())

    assert stats.nonfinite == 0
    assert stats.norm == sys.float_info.max
    assert stats.mean == pytest.approx(sys.float_info.max)


def test_a_complex_number_whose_absolute_value_overflows_is_finite() -> None:
    huge = torch.full((2_000,), complex(1.7e308, 1.7e308), dtype=torch.complex128)

    assert stats_of(huge, Limits()).nonfinite == 0


def test_finite_elements_that_a_sample_misses_are_looked_for() -> None:
    tensor = torch.full((100_000,), math.nan)
    tensor[1] = 2.0

    assert stats_of(tensor, Limits()) == Stats(
        count=100_000, min=2.0, max=2.0, mean=2.0, norm=2.0, nonfinite=99_999, sampled=False
    )


def test_an_expanded_tensor_is_looked_at_once_however_large() -> None:
    expanded = torch.tensor([3.0, 4.0]).expand(10**12, 2)

    assert stats_of(expanded, Limits()) == Stats(
        count=2 * 10**12, min=3.0, max=4.0, mean=3.5, norm=5.0 * 10**6, nonfinite=0, sampled=False
    )
    assert stats_of(torch.tensor(math.nan).expand(10**12), Limits()).nonfinite == 10**12


def test_memory_order_does_not_matter() -> None:
    tensor = torch.randn(8, 16, 40, 40)
    in_other_order = tensor.to(memory_format=torch.channels_last)
    one, other = stats_of(tensor, Limits()), stats_of(in_other_order, Limits())

    assert (one.count, one.nonfinite, one.sampled) == (other.count, other.nonfinite, other.sampled)
    assert one.mean == pytest.approx(other.mean, abs=1e-6)
    assert one.norm == pytest.approx(other.norm, rel=0.1)


@pytest.mark.filterwarnings("ignore:Sparse CSR", "ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(3, device="meta"),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        lambda: torch.eye(300).to_sparse(),
        lambda: torch.eye(300).to_sparse_csr(),
        lambda: torch.ones(3).to_mkldnn(),
    ],
    ids=["meta", "nested", "large sparse", "large sparse csr", "mkldnn"],
)
def test_what_has_no_plain_values_is_left_unread(make: Callable[[], torch.Tensor]) -> None:
    assert read(make(), Limits(elements=100)) == (None, None)


def test_a_sparse_tensor_is_its_indices_and_values() -> None:
    sparse = torch.tensor([[0.0, 2.0], [math.inf, 0.0]]).to_sparse()

    assert read(sparse) == (
        {"indices": [[0, 1], [1, 0]], "values": [2.0, "inf"], "shape": [2, 2]},
        None,
    )


@pytest.mark.parametrize("elements", [2, 2_000])
def test_a_mapped_tensor_shows_all_that_are_mapped(elements: int) -> None:
    seen: list[tuple[Data, Stats | None]] = []

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.append(read(x, Limits()))
        return x * 2

    batch = torch.arange(3.0 * elements).reshape(3, elements)
    torch.vmap(torch.func.grad(lambda x: look(x).sum()))(batch)

    value, stats = seen[0]
    assert value == batch.tolist() if elements == 2 else stats is not None and stats.count == 6_000


def test_reading_leaves_no_mark_on_the_run() -> None:
    """No node is made, no sequence number is used up, no mode of the learner's is asked."""
    asked: list[object] = []

    class Listening(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            asked.append(func)
            return func(*args, **(kwargs or {}))

    large = torch.randn(70_000, requires_grad=True)
    tensors = [large, large[:700], large[:4], large[::2], large.double(), large[None].expand(4, -1)]
    before = (large * 1).grad_fn
    for tensor in tensors:
        read(tensor, Limits())
    after = (large * 1).grad_fn
    with Listening():
        for tensor in tensors:
            read(tensor, Limits())

    assert asked == []
    assert large._version == 0
    assert after._sequence_nr() - before._sequence_nr() == 1  # type: ignore[union-attr]


def test_a_subclass_of_the_learners_is_read_without_asking_it() -> None:
    class Shy(torch.Tensor):
        def tolist(self) -> Any:
            raise AssertionError("asked")

        def numel(self) -> int:
            raise AssertionError("asked")

        @property
        def layout(self) -> Any:
            raise AssertionError("asked")

    assert read(torch.ones(2).as_subclass(Shy)) == ([1.0, 1.0], None)
    assert stats_of(torch.ones(9).as_subclass(Shy)).mean == 1.0


def test_a_gradient_is_its_values_or_its_shape_and_statistics() -> None:
    with torch._C.DisableTorchFunction():
        assert gradient(None, SMALL) is None
        assert gradient(torch.ones(2), SMALL) == [1.0, 1.0]
        assert gradient(torch.ones(2, 4), SMALL) == {
            "shape": [2, 4],
            "stats": {
                "count": 8,
                "min": 1.0,
                "max": 1.0,
                "mean": 1.0,
                "norm": pytest.approx(math.sqrt(8)),
                "nonfinite": 0,
                "sampled": False,
            },
        }


def test_a_view_of_the_same_elements_is_not_looked_through_again() -> None:
    looked = Looked()
    base = torch.randn(20, 300)
    first = capture(base, Limits(), looked)[1]
    with mock.patch("tutor.kernel.stats._statistics", side_effect=AssertionError("looked again")):
        for view in (base.view(-1), base.t(), base.view(5, 4, 300).transpose(0, 2), base[None]):
            assert capture(view, Limits(), looked)[1] == first


@given(st.data())
def test_a_remembered_look_is_what_a_new_one_would_see(data: st.DataObject) -> None:
    """Any views of one tensor, read in turn with writes between, through any alias with a version."""
    looked = Looked()
    kind = data.draw(st.sampled_from([torch.float32, torch.complex64]))
    base = torch.randn(4, 6, generator=torch.Generator().manual_seed(1), dtype=kind)
    views = [base]
    for _ in range(data.draw(st.integers(1, 8))):
        view = data.draw(st.sampled_from(VIEWS))(data.draw(st.sampled_from(views)))
        views.append(view)
        if data.draw(st.booleans()):
            data.draw(st.sampled_from([v for v in views if 0 not in v.stride()])).mul_(1.5)
        for seen in views:
            if seen.numel() > 6:
                assert capture(seen, SMALL, looked) == capture(seen, SMALL)


VIEWS: list[Callable[[torch.Tensor], torch.Tensor]] = [
    lambda t: t.view(t.shape),
    lambda t: t.transpose(0, 1),
    lambda t: t[1:],
    lambda t: t[:, ::2],
    lambda t: t[:2, :1].expand(2, 12),
    lambda t: t.conj(),
    lambda t: t.conj().imag if t.is_complex() else t.detach(),
    lambda t: t.real if t.is_complex() else t,
]


def test_memory_that_another_tensor_has_got_is_looked_through() -> None:
    looked = Looked()
    for number in range(20):
        tensor = torch.full((2_000,), float(number))
        for read_one in (tensor, tensor.view(40, 50)):
            stats = capture(read_one, Limits(), looked)[1]
            assert stats is not None
            assert stats.mean == number


@pytest.mark.parametrize("make", [lambda t: t.split(64, dim=1)[1], lambda t: t[:, ::2], lambda t: t[1:]])
def test_a_part_of_a_very_large_tensor_is_sampled_where_it_lies(
    make: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    part = make(torch.randn(2_000, 192))
    stats, copy = stats_of(part, Limits()), stats_of(part.clone(), Limits())

    assert stats.sampled
    assert (stats.min, stats.max) == (copy.min, copy.max)
    assert stats.norm == pytest.approx(copy.norm)
