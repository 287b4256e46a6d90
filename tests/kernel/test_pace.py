"""Which iterations of a long run are kept."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tutor.kernel.pace import Pace, block_of


def _kept(count: int, size: float, block: int = 2) -> list[int]:
    """Of a run whose first half of the budget is used, and whose iterations take `size` each."""
    pace, used, kept = Pace(first=0, used=0.5, block=block), 0.5, []
    for number in range(count):
        if pace.keeps(number, used=used + size, size=size):
            used += size
            kept.append(number)
    assert used <= 1
    return kept


@pytest.mark.parametrize("size", [0.0001, 0.001, 0.01])
def test_iterations_are_kept_ever_more_rarely_and_to_the_end(size: float) -> None:
    kept = _kept(20_000, size)
    gaps = [b - a for a, b in pairwise(kept) if b - a > 1]

    assert gaps == sorted(gaps)
    assert gaps[0] == 3
    assert size > 0.001 or kept[-1] > 15_000


@pytest.mark.parametrize("block", [2, 3, 5])
def test_whole_turns_stay_side_by_side(block: int) -> None:
    kept = _kept(3_000, 0.001, block)
    assert {number % block for number in kept[-block:]} == set(range(block))
    assert kept[-1] - kept[-block] == block - 1


def test_room_for_the_last_ones_is_never_used_up() -> None:
    kept = _kept(10_000, 0.1)
    assert kept == [0, 1]


@pytest.mark.parametrize(
    ("sizes", "block"),
    [([], 2), ([5] * 24, 2), ([5, 9] * 12, 2), ([5, 9, 7] * 8, 3), ([5, 5, 5, 9] * 6, 4), ([*range(24)], 2)],
)
def test_a_block_is_a_whole_turn_of_losses_that_alternate(sizes: list[int], block: int) -> None:
    assert block_of(sizes) == block
