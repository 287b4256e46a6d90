"""Names that change hands: `W = W - 0.1 * W.grad` gives the name to another tensor, and the old one keeps its gradient."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tutor.trace.index import Index, Naming
from tutor.trace.item_states import Moment
from tutor.trace.lanes import box_id
from tutor.trace.picture import Rename
from tutor.trace.trace import Trace


@dataclass(slots=True)
class _Namings:
    """Namings by step, of as many rows as were looked through."""

    names: int = 0
    tensors: int = 0
    at: defaultdict[int, list[Naming]] = field(default_factory=lambda: defaultdict(list))


def renames(at: Moment) -> tuple[Rename, ...]:
    """The names that this step takes from one drawn tensor and gives to another."""
    found = []
    for naming in _namings(at.trace, at.index).get(at.step, ()):
        earlier = at.index.previous_owner(naming)
        if earlier is None or at.index.name_at(earlier.tensor, at.step - 1) != naming.name:
            continue
        old, new = box_id(earlier.tensor), box_id(naming.tensor)
        has_it = at.index.name_at(naming.tensor, at.step) == naming.name
        if old in at.stage.boxes and new in at.stage.boxes and has_it:
            found.append(Rename(naming.name, old, new))
    return tuple(found)


def _namings(trace: Trace, index: Index) -> defaultdict[int, list[Naming]]:
    kept = index.derived.setdefault("namings", _Namings())
    assert isinstance(kept, _Namings)
    for row in trace.names[kept.names :]:
        kept.at[row.step].append(Naming(row.step, row.tensor, row.name))
    for tensor in trace.tensors[kept.tensors :]:
        if tensor.name:
            kept.at[tensor.step].append(Naming(tensor.step, tensor.id, tensor.name))
    kept.names, kept.tensors = len(trace.names), len(trace.tensors)
    return kept.at
