"""One undo for the whole window: a stack of states (document, cell, run settings), in which typing and dragging merge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from tutor.protocol import RunSettings
from tutor.source.document import CellId, Document

LIMIT = 500
_PAUSE_S = 2.0
"""What comes after a pause of this length is a change of its own."""


@dataclass(frozen=True, slots=True)
class State:
    """What undo brings back."""

    document: Document
    current_cell: CellId | None
    settings: RunSettings


@dataclass(frozen=True, slots=True)
class Typed:
    """One change of a cell's text: at `start`, `removed` was replaced by `inserted`."""

    cell: CellId
    start: int
    removed: str
    inserted: str

    def continues(self, earlier: Typed) -> bool:
        """Whether this keystroke belongs to the same word, or to the same stretch of deleting, as the earlier one."""
        if self.cell != earlier.cell:
            return False
        if len(self.inserted) == 1 and not self.removed:
            same_place = self.start == earlier.start + len(earlier.inserted)
            return same_place and not earlier.removed and not _begins_word(earlier.inserted, self.inserted)
        if len(self.removed) == 1 and not self.inserted and not earlier.inserted:
            return self.start in (earlier.start, earlier.start - 1)
        return False


@dataclass(slots=True)
class _Entry:
    before: State
    after: State
    reruns: bool
    merge: Typed | str | None
    time: float


class History:
    """The changes made so far, and those that were undone."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._done: list[_Entry] = []
        self._undone: list[_Entry] = []

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def clear(self) -> None:
        self._done.clear()
        self._undone.clear()

    def push(
        self, before: State, after: State, *, reruns: bool = False, merge: Typed | str | None = None
    ) -> None:
        """Takes in a change. It joins the one before when `merge` says so: a keystroke that goes on, or the same key."""
        entry = _Entry(before, after, reruns, merge, self._clock())
        self._undone.clear()
        if self._done and _joins(entry, self._done[-1]):
            entry.before = self._done.pop().before
        self._done.append(entry)
        del self._done[:-LIMIT]

    def undo(self) -> tuple[State, bool] | None:
        """The state before the last change, and whether that change made the program run."""
        if not self._done:
            return None
        entry = self._done.pop()
        self._undone.append(entry)
        return entry.before, entry.reruns

    def redo(self) -> tuple[State, bool] | None:
        if not self._undone:
            return None
        entry = self._undone.pop()
        entry.merge = None
        self._done.append(entry)
        return entry.after, entry.reruns


def typed(cell: CellId, old: str, new: str) -> Typed:
    """The one stretch in which two texts differ."""
    shorter = min(len(old), len(new))
    start = next((place for place in range(shorter) if old[place] != new[place]), shorter)
    room = shorter - start
    tail = next((n for n in range(room) if old[-1 - n] != new[-1 - n]), room)
    return Typed(cell, start, old[start : len(old) - tail], new[start : len(new) - tail])


def _joins(entry: _Entry, last: _Entry) -> bool:
    if entry.time - last.time > _PAUSE_S or entry.before != last.after:
        return False
    match entry.merge, last.merge:
        case Typed() as this, Typed() as earlier:
            return this.continues(earlier)
        case str() as this, str() as earlier:
            return this == earlier
        case _:
            return False


def _begins_word(before: str, inserted: str) -> bool:
    return "\n" in inserted or "\n" in before[-1:] or (before[-1:].isspace() and not inserted.isspace())
