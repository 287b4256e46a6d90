"""What of a picture is pointed at, on the canvas or in the code; for what lies in a closed group, the group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.trace.picture import ItemId, Structure, whole_of

if TYPE_CHECKING:
    from tutor.session.session import Session


def pointed_items(session: Session, structure: Structure | None) -> list[ItemId]:
    span = session.hovered_span
    found = [] if session.hovered_item is None else [session.hovered_item]
    if span is not None and structure is not None:
        lit = (circle.id for circle in whole_of(structure).circles if circle.span == span)
        found += [structure.block_of.get(item, item) for item in lit]
    return list(dict.fromkeys(found))
