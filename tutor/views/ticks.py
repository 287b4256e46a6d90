"""How far apart marks on an axis of whole numbers stand."""

from __future__ import annotations

import math


def round_distance(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20 … that is not below `least`."""
    rough = max(least, 1.0)
    unit = 10 ** math.floor(math.log10(rough))
    return int(next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough))
