"""Which iterations of a long run are kept: whole turns side by side, ever farther apart the less room there is."""

from __future__ import annotations

ROOM_FOR = 3
"""An iteration is kept while as much again as this many of its size is free: the last ones wait until they are known."""

_QUARTER = 1 / 4


class Pace:
    """Decides for each iteration, as it ends. Shares of the whole budget are numbers from 0 to 1.

    `block` iterations in a row are kept of each `block * stride`: losses that take turns stay together. The stride
    doubles each time that a quarter of what was free is used: each stretch of one stride is longer than the one before
    (with a half all would be equally long, and a run of any length would soon have used all room).
    """

    def __init__(self, *, first: int, used: float, block: int) -> None:
        self._first = first
        self._block = block
        self.stride = 2
        self._doubles_at = used + _QUARTER * (1 - used)

    def keeps(self, iteration: int, *, used: float, size: float) -> bool:
        """`used` counts it already; `size` is its own share."""
        while used > self._doubles_at:
            self.stride *= 2
            self._doubles_at += _QUARTER * (1 - self._doubles_at)
        in_turn = (iteration - self._first) // self._block % self.stride == 0
        return in_turn and used + ROOM_FOR * size <= 1


def block_of(sizes: list[int]) -> int:
    """After how many iterations their sizes come again (a GAN's two losses: 2); at least 2, the usual, at most 8."""
    for period in range(2, 9):
        if len(sizes) >= 3 * period and sizes[period:] == sizes[:-period]:
            return period
    return 2
