"""What a drawn thing is called by its place, and when two graphs are of one structure and may share a layout."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from tutor.trace.picture import Box, Circle, ItemId, Lane, Zone


def keys_of(boxes: Sequence[Box], circles: Sequence[Circle]) -> dict[ItemId, str]:
    """ "box:W", "box:W#1" for a second of that name, "circle:3"."""
    keys: dict[ItemId, str] = {}
    seen: Counter[str] = Counter()
    for box in boxes:
        count = seen[box.name]
        seen[box.name] += 1
        keys[box.id] = f"box:{box.name}" + (f"#{count}" if count else "")
    for number, circle in enumerate(circles):
        keys[circle.id] = f"circle:{number}"
    return keys


def signature_of(
    boxes: Sequence[Box],
    circles: Sequence[Circle],
    lanes: Sequence[Lane],
    zones: Sequence[Zone],
    keys: Mapping[ItemId, str],
) -> str:
    """Equal for graphs that look alike: the same boxes of the same shapes, circles, lanes and bands."""
    parts = (
        [(keys[b.id], b.shape, b.is_leaf, b.tracked, b.zone) for b in boxes],
        [(c.symbol, tuple(t.name for t in c.tabs), c.zone, c.cut) for c in circles],
        [(keys[ln.source], keys[ln.target], ln.slot, ln.returns, ln.cut) for ln in lanes],
        [(z.kind, tuple(keys[i] for i in z.items)) for z in zones],
    )
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
