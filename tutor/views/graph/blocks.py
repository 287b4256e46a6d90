"""How large a closed group's block is, and the tab of an open group: measured before the layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QRectF

from tutor.trace.picture import Group, ItemId, Structure
from tutor.views.graph.fonts import text_width
from tutor.views.group_words import facts, frame_title, group_title, group_type, times

PAD = 14.0
HEAD = 28.0
TYPE = 17.0
FACTS = 24.0
NORM = 22.0
BARS = 18.0
SHEET = 6.0
"""Each of the sheets behind a block that stands for several lies so far up and right."""
SHEETS = 2
TAB = 26.0
"""The height of an open group's tab."""
SIGN = 20.0
"""The + that opens it, the − that closes it."""
_NARROWEST = 150.0
_WIDEST_NAME = 230.0
"""A longer name is cut."""
_NORM_ROOM = 74.0
_PORTS = 30.0


@dataclass(frozen=True, slots=True)
class BlockAnatomy:
    """Where the parts of a block are: (0, 0) is the middle of its body, where its lanes meet it."""

    body: QRectF
    sheets: int = 0
    """How many are seen behind it."""
    down: bool = False

    @property
    def footprint(self) -> QRectF:
        behind = self.sheets * SHEET
        return self.body.adjusted(-2, -2 - behind, 2 + behind, 2)

    @property
    def tray(self) -> None:
        """A block has none, nor a funnel: what meets in it is seen when it is open."""
        return None

    @property
    def funnel(self) -> None:
        return None


def block_anatomies(
    structure: Structure, ports: Mapping[ItemId, int], *, down: bool
) -> dict[ItemId, BlockAnatomy]:
    """`ports` are the most lanes on one side of each item."""
    return {
        block.id: block_anatomy(block, ports=ports.get(block.id, 1), down=down) for block in structure.blocks
    }


def block_anatomy(group: Group, *, ports: int, down: bool = False) -> BlockAnatomy:
    width = max(_NARROWEST, *_widths(group), ports * _PORTS if down else 0.0)
    height = HEAD + FACTS + BARS
    height += TYPE if group_type(group) else 0.0
    height += NORM if group.leaves else 0.0
    height = max(height, 0.0 if down else ports * _PORTS)
    sheets = SHEETS if group.count > 1 else 0
    return BlockAnatomy(QRectF(-width / 2, -height / 2, width, height), sheets, down)


def _widths(group: Group) -> list[float]:
    name = min(text_width("title", group_title(group)), _WIDEST_NAME)
    badge = text_width("title", times(group)) + 12 if group.count > 1 else 0.0
    rows = [
        name + badge + SIGN + 8,
        min(text_width("small", group_type(group)), _WIDEST_NAME),
        text_width("small", facts(group)),
        text_width("code", "‖.grad‖") + _NORM_ROOM if group.leaves else 0.0,
    ]
    return [row + 2 * PAD for row in rows]


def tab_widths(structure: Structure) -> dict[ItemId, float]:
    """How wide each open group is at least: as its tab."""
    return {frame.id: tab_width(frame) for frame in structure.frames}


def tab_width(group: Group) -> float:
    return text_width("strong", frame_title(group)) + SIGN + 2 * PAD
