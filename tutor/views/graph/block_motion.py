"""The blocks within a step: what has run in them counts when its results leave, not before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tutor.trace.beats import PASSING
from tutor.trace.picture import BlockState, ItemId, Picture


def blocks_at(before: Picture, after: Picture, progress: float) -> Mapping[ItemId, BlockState]:
    """The states at this progress of the step that led from `before` to `after`."""
    if progress >= PASSING:
        return after.blocks
    changed = {
        item: _not_yet(before.blocks[item], state)
        for item, state in after.blocks.items()
        if item in before.blocks and state is not before.blocks[item]
    }
    return {**after.blocks, **changed} if changed else after.blocks


def _not_yet(before: BlockState, after: BlockState) -> BlockState:
    """At work already, with the counts and the norm as they were."""
    return replace(after, made=before.made, ran=before.ran, norm=before.norm)
