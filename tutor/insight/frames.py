"""The frames of an error as they are shown: a call that repeats itself a hundred times is told, not listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tutor.i18n import _, ngettext
from tutor.protocol import Cause, Frame

_SHOWN = 3
"""So many of equal frames stand there, as in Python's own tracebacks."""
_LONGEST_ROUND = 6
"""Functions that call each other in turn, at most."""


def folded(frames: Sequence[Frame]) -> Iterator[Frame | int]:
    """The frames; an int stands for so many that repeat those above it."""
    keys = [(frame.path, frame.function, frame.line) for frame in frames]
    place = 0
    while place < len(frames):
        size, end = _round_from(keys, place)
        shown = max(size, _SHOWN)
        if end - place > shown + size:
            yield from frames[place : place + shown]
            yield end - place - shown
            place = end
        else:
            yield frames[place]
            place += 1


def caused_text(cause: Cause) -> str:
    """The line between an exception and the one that came of it."""
    if cause.direct:
        return _("The exception above is the cause of this one:")
    return _("While the exception above was being handled, this one came:")


def more_text(count: int) -> str:
    """The line that stands for folded frames."""
    return ngettext("… {count} more call like these", "… {count} more calls like these", count).format(
        count=count
    )


def _round_from(keys: Sequence[tuple[str, str, int]], place: int) -> tuple[int, int]:
    """How many frames the round has that begins here and goes on longest, and where its repetition ends."""
    ends = {size: _repeated_until(keys, place, size) for size in range(1, _LONGEST_ROUND + 1)}
    best = max(ends, key=lambda size: (ends[size], -size))
    return best, ends[best]


def _repeated_until(keys: Sequence[tuple[str, str, int]], place: int, size: int) -> int:
    end = place + size
    while end < len(keys) and keys[end] == keys[end - size]:
        end += 1
    return end
