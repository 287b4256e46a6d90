"""What the running node says: in words, symbols and this run's numbers."""

from __future__ import annotations

import re

import pytest

from tests.traces import golden, names
from tutor.insight.scene import scene
from tutor.trace.iterations import iteration_at
from tutor.trace.picture import Callout
from tutor.trace.structure import structure
from tutor.trace.trace import Trace


def _said(trace: Trace, step: int, covered: frozenset[str] = frozenset()) -> Callout | None:
    return scene(trace, structure(trace, iteration_at(trace, step).index), step, covered).callout


def _all(name: str) -> list[Callout]:
    trace = golden(name)
    return [said for step in range(len(trace.steps)) if (said := _said(trace, step))]


def test_a_product_passes_the_other_factor_times_what_it_receives() -> None:
    said = _said(golden("two_paths"), 5)
    assert said is not None
    assert said.title == "receives 1"
    assert said.lines == ("∂(a·b)/∂a = b = 3 → 1 × 3 = 3 to a", "∂(a·b)/∂b = a = 2 → 1 × 2 = 2 to b")
    assert set(said.glows) == {"t0", "t1"}


def test_vectors_are_multiplied_element_by_element() -> None:
    said = [c.lines for c in _all("q")]
    assert ("∂(a³)/∂a = 3·a² = [12, 27] → [3, 3] × [12, 27] = [36, 81] to a",) in said
    assert ("∂(b²)/∂b = 2·b = [12, 8] → [−1, −1] × [12, 8] = [−12, −8] to b",) in said


def test_the_leaf_adds_what_came_to_what_was_there() -> None:
    trace = golden("q")
    first, second = (_said(trace, step) for step in (12, len(trace.steps) - 1))
    assert first is not None and second is not None
    assert (first.title, first.lines) == ("adds to a.grad", ("None + [36, 81] = [36, 81]",))
    assert second.lines == ("[36, 81] + [36, 81] = [72, 162]",)


def test_a_stretched_bias_gets_the_sum_over_the_rows() -> None:
    lines = [line for c in _all("matmul") for line in c.lines]
    assert "∂(X @ W + b)/∂b = 1 → Σ over dim 0 (4 rows) of [4×2] × 1 = [4, 4] to b" in lines


def test_a_product_of_matrices_shows_the_shapes() -> None:
    lines = [line for c in _all("matmul") for line in c.lines]
    assert any(line.startswith("∂(X@W)/∂W: Xᵀ[3×4] · G[4×2] → [3×2]") for line in lines)


def test_a_long_expression_gets_a_letter_that_is_explained() -> None:
    lines = [c.lines for c in _all("loop")]
    assert any(
        found[-1] == "u = (prediction − target)²" and "∂mean(u)/∂u = 1/4" in found[0] for found in lines
    )


def test_forward_steps_say_nothing() -> None:
    assert _said(golden("q"), 3) is None and _said(golden("q"), -1) is None


def test_what_is_covered_is_a_question_mark() -> None:
    covered = frozenset({"a.grad"})
    product, landing = (_said(golden("two_paths"), step, covered) for step in (5, 6))
    assert product is not None and landing is not None
    assert product.lines == ("∂(a·b)/∂a = b = 3 → 1 × 3 = ? to a", "∂(a·b)/∂b = a = 2 → 1 × 2 = 2 to b")
    assert landing.lines == ("None + ? = ?",)


def test_a_covered_value_is_hidden_where_it_multiplies() -> None:
    said = _said(golden("two_paths"), 5, frozenset({"b"}))
    assert said is not None
    assert said.lines[0] == "∂(a·b)/∂a = b = ? → 1 × ? = 3 to a"


@pytest.mark.parametrize("name", names())
def test_every_node_that_runs_says_something_that_fits(name: str) -> None:
    for said in _all(name):
        assert said.title
        assert all(0 < len(line) <= 120 for line in said.lines), said.lines
        assert not any(re.search(r"\bnan\b|\{|\}", line) for line in said.lines)


def test_the_answer_is_hidden_wherever_the_same_number_stands() -> None:
    said = _said(golden("slope"), 2, frozenset({"x.grad"}))
    assert said is not None
    assert said.title == "receives 1"
    assert said.lines == ("∂(x²)/∂x = 2·x = ? → 1 × ? = ? to x",)
