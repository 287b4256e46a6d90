"""Marks on an axis of whole numbers stand at round distances."""

from __future__ import annotations

import pytest

from tutor.views.ticks import round_distance


@pytest.mark.parametrize(
    ("least", "distance"),
    [(0.0, 1), (1.0, 1), (1.2, 2), (2.1, 5), (7.0, 10), (10.0, 10), (11.0, 20), (999.0, 1_000)],
)
def test_a_distance_is_the_next_round_number(least: float, distance: int) -> None:
    assert round_distance(least) == distance
