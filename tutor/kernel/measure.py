"""How much a record takes in memory, estimated."""

from __future__ import annotations

from tutor.protocol import Data

EVENT_BYTES = 300
"""A record without values, as it lies in memory; measured on a mixed trace."""
NUMBER_BYTES = 32
"""A number in a list."""

_HOLDING = frozenset({list, dict})


def size(data: Data) -> int:
    """How many numbers lie in plain data (the first row stands for all)."""
    count = 1
    while type(data) is list and data:
        count *= len(data)
        data = data[0]
    if type(data) is not dict:
        return count
    return count * sum([size(part) if type(part) in _HOLDING else 1 for part in data.values()])
