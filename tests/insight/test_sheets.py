"""Shapes in words and drawings: copies forward, sums backward, products of matrices; always torch's own numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.traces.recording import record_text
from tutor.insight.scene import scene
from tutor.insight.sheets import folded_dims, spread_dims, stretches, sum_words
from tutor.trace.iterations import iteration_at
from tutor.trace.picture import Callout, Drawing
from tutor.trace.structure import structure

BIAS = """
import torch
X = torch.tensor([[1., 2., 3., 4.], [0., -1., 2., 0.5], [1., 0., -2., 3.]])
W = torch.ones(4, 2, requires_grad=True)
b = torch.tensor([0.1, -0.2], requires_grad=True)
Y = X @ W + b
(Y ** 2).sum().backward()
"""
OUTER = """
import torch
a = torch.tensor([[1.], [2.], [3.]], requires_grad=True)
b = torch.tensor([10., 20.], requires_grad=True)
c = a * b
c.sum(dim=0).mean().backward()
"""
PLACES = """
import torch
a = torch.arange(6.).reshape(2, 3).requires_grad_()
b = a.t().reshape(6)
b.sum().backward()
"""


def said(text: str, covered: frozenset[str] = frozenset()) -> list[Callout]:
    trace = record_text(text)
    drawn = structure(trace, iteration_at(trace, 0).index)
    found = (scene(trace, drawn, step, covered).callout for step in range(len(trace.steps)))
    return [callout for callout in found if callout is not None]


def lines(text: str, covered: frozenset[str] = frozenset()) -> list[str]:
    return [line for callout in said(text, covered) for line in callout.lines]


def drawings(text: str, covered: frozenset[str] = frozenset()) -> list[Drawing]:
    return [drawing for callout in said(text, covered) for drawing in callout.drawings]


@pytest.mark.parametrize(
    ("small", "large", "dims"),
    [
        ((2,), (4, 2), (0,)),
        ((4, 1), (4, 2), (1,)),
        ((), (4, 2), (0, 1)),
        ((1, 1), (4, 2), (0, 1)),
        ((3, 1, 5), (2, 3, 4, 5), (0, 2)),
    ],
)
def test_the_stretched_dimensions_are_those_that_numpy_too_sums_over(
    small: tuple[int, ...], large: tuple[int, ...], dims: tuple[int, ...]
) -> None:
    assert folded_dims(large, small) == dims
    assert stretches(small, large) and np.broadcast_shapes(small, large) == large


def test_shapes_that_do_not_fit_are_not_stretched() -> None:
    assert not stretches((3,), (4, 2)) and not stretches((4, 2), (4, 2)) and not stretches((4, 2), (2,))


def test_the_dimensions_that_a_sum_took_away_are_found_in_the_shapes() -> None:
    assert spread_dims((2,), (4, 2)) == (0,) and spread_dims((4,), (4, 2)) == (1,)
    assert spread_dims((), (4, 2)) == (0, 1) and spread_dims((1, 2), (4, 2)) == (0,)


def test_a_sum_says_its_dimension_and_how_many_stand_there() -> None:
    assert sum_words((4, 2), (0,)) == "Σ over dim 0 (4 rows)"
    assert sum_words((4, 1), (1,)) == "Σ over dim 1 (1 column)"
    assert sum_words((4, 2), (0, 1)) == "Σ over all 8 elements"
    assert sum_words((2, 3, 4), (0, 2)) == "Σ over dim 0 (2), dim 2 (4)"


def test_forward_a_bias_is_stretched_and_backward_its_gradient_folds_back() -> None:
    found = lines(BIAS)
    assert "X[3×4] · W[4×2] → [3×2]" in found
    assert "b[2] is stretched to [3×2]: 3 copies" in found
    assert any("Σ over dim 0 (3 rows) of [3×2] × 1 = " in line for line in found)
    stretch = next(d for d in drawings(BIAS) if d.kind == "stretch")
    assert stretch.dims == (0,) and [s.shown.shape for s in stretch.sheets] == [(2,), (3, 2)]
    assert np.allclose(stretch.sheets[1].shown.data, [[0.1, -0.2]] * 3)


def test_a_fold_ends_with_what_torch_sent_and_begins_with_what_it_received() -> None:
    fold = next(d for d in drawings(BIAS) if d.kind == "fold" and d.sheets[1].text == "b")
    large, small = (np.asarray(sheet.shown.data) for sheet in fold.sheets)
    assert fold.dims == (0,) and large.shape == (3, 2) and small.shape == (2,)
    assert np.allclose(large.sum(axis=0), small)


def test_a_product_shows_both_factors_and_what_they_make() -> None:
    backward = [d for d in drawings(BIAS) if d.kind == "product"][-1]
    left, right, made = (np.asarray(sheet.shown.data) for sheet in backward.sheets)
    assert [sheet.text for sheet in backward.sheets] == ["Xᵀ", "G", "W"]
    assert np.allclose(left @ right, made)


def test_an_outer_product_by_broadcasting_folds_over_either_dimension() -> None:
    folds = [d for d in drawings(OUTER) if d.kind == "fold" and d.sheets[0].about == "gradient"]
    assert [(d.dims, d.sheets[0].text) for d in folds] == [((1,), "G × b"), ((0,), "G × a")]
    for fold in folds:
        large, small = (np.asarray(sheet.shown.data) for sheet in fold.sheets)
        assert np.allclose(large.sum(axis=fold.dims).reshape(small.shape), small)
    found = lines(OUTER)
    assert "a[3×1] is stretched to [3×2]: 2 copies" in found
    assert "Σ over dim 0 (3 rows): [3×2] → [2]" in found


def test_the_gradient_of_a_sum_is_spread_to_what_was_summed() -> None:
    spread = [d for d in drawings(OUTER) if d.kind == "stretch" and d.sheets[0].text == "G"]
    assert [tuple(s.shown.shape for s in d.sheets) for d in spread] == [((), (2,)), ((2,), (3, 2))]


def test_other_places_are_said_in_shapes_forward_and_backward() -> None:
    found = lines(PLACES)
    assert "a[2×3] → [3×2]" in found
    assert any("G[6] → [3×2]" in line for line in found)
    assert any("G[3×2] → [2×3]" in line for line in found)


def test_what_a_question_covers_is_covered_in_every_sheet() -> None:
    answer = [
        float(n) for n in np.asarray([d for d in drawings(BIAS) if d.kind == "fold"][-1].sheets[1].shown.data)
    ]
    for drawing in drawings(BIAS, frozenset({"b.grad"})):
        for sheet in drawing.sheets:
            if sheet.text == "b" and sheet.about == "gradient":
                assert sheet.shown.covered
            if sheet.shown.data is not None and not sheet.shown.covered:
                assert not np.array_equal(np.asarray(sheet.shown.data).reshape(-1), answer)
    fold = next(
        d for d in drawings(BIAS, frozenset({"b.grad"})) if d.kind == "fold" and d.sheets[1].text == "b"
    )
    assert all(sheet.shown.covered for sheet in fold.sheets), "the sum of what arrives is the answer"
    hidden = [d for d in drawings(BIAS, frozenset({"X"})) if d.kind == "product"]
    assert all(d.sheets[0].shown.covered for d in hidden)


def test_large_tensors_have_drawings_without_numbers() -> None:
    text = BIAS.replace("torch.ones(4, 2", "torch.ones(4, 600").replace("[0.1, -0.2]", "[0.5] * 600")
    for drawing in drawings(text):
        assert all(sheet.shown.data is None or np.size(sheet.shown.data) <= 4_096 for sheet in drawing.sheets)


LARGE = """
import torch
x = torch.rand(32, 784)
W = (torch.randn(784, 64) * 0.03).requires_grad_()
b = torch.zeros(64, requires_grad=True)
h = torch.relu(x @ W + b)
h.mean().backward()
"""


def test_where_numbers_were_not_kept_the_shapes_are_said() -> None:
    found = lines(LARGE)
    assert "x[32×784] · W[784×64] → [32×64]" in found
    assert "b[64] is stretched to [32×64]: 32 copies" in found
    assert "∂(x@W)/∂W: xᵀ[784×32] · G[32×64] → [784×64] to W" in found
    assert "∂(x @ W + b)/∂b = 1 → Σ over dim 0 (32 rows) of [32×64] × 1 = [64] to b" in found
    shapes = [tuple(sheet.shown.shape for sheet in d.sheets) for d in drawings(LARGE)]
    assert ((784, 32), (32, 64), (784, 64)) in shapes and ((32, 64), (64,)) in shapes


def test_a_rule_with_options_is_not_claimed_of_numbers_that_were_not_kept() -> None:
    text = "import torch\nx = torch.ones(2000, requires_grad=True)\n"
    text += "torch.div(x, 2, rounding_mode='floor').sum().backward()\n"
    assert not any("1/2" in line for line in lines(text))
