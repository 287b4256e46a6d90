"""Telling nodes of one name apart: "PowBackward0 of a³" and "PowBackward0 of b²"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from tutor.trace.names import written
from tutor.trace.picture import Circle, Tab

MANY = 6
"""Of more nodes of one name the expression is only told when one is pointed at."""
SHORT = 12
"""So many characters have room beside the name."""


def told_apart(circles: Sequence[Circle]) -> tuple[Circle, ...]:
    """The circles, with the expression on those tabs whose name stands on another circle too, with another expression."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for circle in circles:
        for name in {tab.name for tab in circle.tabs}:
            texts[name].append(circle.expression)
    again = {
        name for name, found in texts.items() if 1 < len(found) <= MANY and len(set(found)) == len(found)
    }
    return tuple(_told(circle, again) for circle in circles)


def _told(circle: Circle, again: set[str]) -> Circle:
    text = written(circle.expression)
    if not text or len(text) > SHORT or again.isdisjoint(tab.name for tab in circle.tabs):
        return circle
    return replace(circle, tabs=tuple(_tab(tab, text, again) for tab in circle.tabs))


def _tab(tab: Tab, text: str, again: set[str]) -> Tab:
    return replace(tab, of=text) if tab.name in again else tab
