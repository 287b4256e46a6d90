"""Statistics that hold for a tensor and all the views of the same elements: memory is looked through once."""

from __future__ import annotations

import weakref

import torch

from tutor.protocol import Stats

Region = tuple[object, ...]


class _Seen(weakref.ref[torch.Tensor]):
    """What was seen of a tensor's memory at one version."""

    __slots__ = ("address", "stats", "version")

    address: int
    version: int
    stats: dict[Region, Stats]


class Looked:
    """Remembers statistics while the tensor that owns the memory lives and is not written.

    What it remembers is good for views alone: a tensor of its own may have been written without a new version.
    """

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}

    def find(self, view: torch.Tensor, region: Region) -> Stats | None:
        """The statistics of these elements, where a tensor in the same memory has shown them."""
        base = None if view.is_inference() else view._base
        seen = None if base is None else self._seen.get(id(base))
        if seen is None or seen() is not base or seen.version != view._version:
            return None
        return seen.stats.get(region)

    def keep(self, tensor: torch.Tensor, region: Region, stats: Stats) -> None:
        if tensor.is_inference():
            # It has no version.
            return
        base = tensor if tensor._base is None else tensor._base
        seen = self._seen.get(id(base))
        if seen is None or seen() is not base or seen.version != tensor._version:
            seen = self._see(base)
        seen.stats[region] = stats

    def forget(self, tensor: torch.Tensor) -> None:
        """Somebody has written to it."""
        base = tensor if tensor._base is None else tensor._base
        self._seen.pop(id(base), None)

    def _see(self, base: torch.Tensor) -> _Seen:
        seen = _Seen(base, self._gone)
        seen.address, seen.version, seen.stats = id(base), base._version, {}
        self._seen[seen.address] = seen
        return seen

    def _gone(self, seen: weakref.ref[torch.Tensor]) -> None:
        assert isinstance(seen, _Seen)
        if self._seen.get(seen.address) is seen:
            del self._seen[seen.address]
