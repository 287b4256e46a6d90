"""The pins on a tab: what the node has saved, each with its version; they fall out when backward has used them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from tutor.i18n import _
from tutor.protocol import TensorId
from tutor.trace.picture import Tab, TabState
from tutor.trace.pin import Pin, PinPhase
from tutor.views.graph.fonts import text_width
from tutor.views.graph.paint import CENTRE, Inks, lock, pen, write

MOST = 3
"""So many pins of a tab are drawn; the hover tells of the others."""
_HEAD = 13.0
_GAP = 9.0
_FALL = 30.0
_TURN = 34.0
_HELD: tuple[PinPhase, ...] = ("held",)
_RED: frozenset[PinPhase] = frozenset(("missing", "changed", "behind"))


@dataclass(frozen=True, slots=True)
class _Place:
    """One pin's room in the row."""

    rect: QRectF
    pin: Pin
    phase: PinPhase


def row_width(tab: Tab, versions: Mapping[TensorId, int]) -> float:
    """The second line of a tab, as wide as it gets: `versions` are the highest of the whole run."""
    if not tab.pins:
        return text_width("small", _("saves nothing"))
    drawn = [Pin(pin.name, pin.tensor, _highest(pin, versions)) for pin in tab.pins[:MOST]]
    used = len(drawn) * _HEAD + text_width("small", _("used"))
    return max(used, _line_width(drawn, len(tab.pins) - len(drawn)))


def saves_text(saves: tuple[str, ...]) -> str:
    """The second line of a tab."""
    return _("saves {names}").format(names=", ".join(saves)) if saves else _("saves nothing")


def top_versions(rows: Sequence[tuple[TensorId, int]]) -> dict[TensorId, int]:
    """Of each tensor the highest version."""
    found: dict[TensorId, int] = {}
    for tensor, version in rows:
        if version > found.get(tensor, 0):
            found[tensor] = version
    return found


def is_hollow(state: TabState) -> bool:
    """Whether nothing is saved here any more."""
    return bool(state.pins) and all(phase in ("dropped", "missing") for phase in state.pins)


def is_locked(state: TabState) -> bool:
    return "locked" in state.pins


def draw_pins(painter: QPainter, row: QRectF, tab: Tab, state: TabState, inks: Inks, *, near: bool) -> None:
    """The tab's second line; from further away (not `near`) only the heads of its pins."""
    if not tab.pins:
        write(painter, row, _("saves nothing"), role="small", colour=inks.muted, align=CENTRE)
        return
    phases: tuple[PinPhase, ...] = (*state.pins, *_HELD * len(tab.pins))[: len(tab.pins)]
    if "dropped" in phases:
        _draw_dropped(painter, row, tab, state.fallen, inks, near=near)
        return
    for place in _places(row, tab, phases, near=near):
        _draw_pin(painter, place, inks, near=near)
    if near:
        _draw_more(painter, row, tab, phases, inks)


def lock_badge(painter: QPainter, centre: QPointF, inks: Inks) -> None:
    """On the edge of a tab whose pins a backward was told to leave."""
    painter.setPen(pen(inks.gradient, 1.3))
    painter.setBrush(inks.panel)
    painter.drawEllipse(centre, 8.5, 8.5)
    painter.save()
    painter.translate(centre + QPointF(0, 1.0))
    painter.scale(0.72, 0.72)
    lock(painter, QPointF(0, 0), inks.gradient_text)
    painter.restore()


def version_text(version: int | None) -> str:
    return "" if version is None else f"v{version}"


def _highest(pin: Pin, versions: Mapping[TensorId, int]) -> int | None:
    if pin.version is None or pin.tensor is None:
        return pin.version
    return max(pin.version, versions.get(pin.tensor, 0))


def _pin_width(pin: Pin) -> float:
    version = version_text(pin.version)
    behind = text_width("small", version) + 4 if version else 0.0
    return _HEAD + text_width("small", pin.name) + behind


def _line_width(pins: Sequence[Pin], more: int) -> float:
    width = sum(map(_pin_width, pins)) + _GAP * (len(pins) - 1)
    return width + _GAP + text_width("small", f"+{more}") if more else width


def _places(row: QRectF, tab: Tab, phases: Sequence[PinPhase], *, near: bool) -> list[_Place]:
    """Side by side in the middle of the row."""
    shown = tab.pins[:MOST]
    widths = [_pin_width(pin) if near else _HEAD for pin in shown]
    gap = _GAP if near else 2.0
    whole = _line_width(shown, len(tab.pins) - len(shown)) if near else sum(widths) + gap * (len(widths) - 1)
    x = row.center().x() - whole / 2
    places = []
    for pin, phase, width in zip(shown, phases, widths, strict=False):
        places.append(_Place(QRectF(x, row.top(), width, row.height()), pin, phase))
        x += width + gap
    return places


def _draw_pin(painter: QPainter, place: _Place, inks: Inks, *, near: bool) -> None:
    rect, phase = place.rect, place.phase
    if phase == "behind":
        painter.fillRect(rect.adjusted(-2, 0, 3, 1), QBrush(inks.error, Qt.BrushStyle.BDiagPattern))
        painter.fillRect(rect.adjusted(_HEAD - 2, 1, 2, 0), inks.faded("panel", 0.8))
    colour = inks.error if phase in _RED else inks.gradient
    _glyph(painter, QPointF(rect.left() + 5, rect.center().y()), colour, phase, inks)
    if not near:
        if phase == "changed":
            _strike(painter, QRectF(rect.left() - 1, rect.top() + 2, 12, rect.height() - 4), inks)
        return
    text = inks.error if phase in _RED else inks.ink
    name = QRectF(rect.left() + _HEAD, rect.top(), text_width("small", place.pin.name) + 2, rect.height())
    write(painter, name, place.pin.name, role="small", colour=text)
    faint = inks.error if phase in _RED else inks.muted
    version = QRectF(name.right() + 2, rect.top(), rect.right() - name.right() + 2, rect.height())
    write(painter, version, version_text(place.pin.version), role="small", colour=faint)
    if phase == "changed":
        _strike(painter, rect.adjusted(_HEAD - 2, 5.5, 1, -5.5), inks)


def _strike(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    """Out of date; to be told without its colour too."""
    painter.setPen(pen(inks.error, 1.4))
    painter.drawLine(rect.bottomLeft(), rect.topRight())


def _glyph(painter: QPainter, at: QPointF, colour: QColor, phase: PinPhase, inks: Inks) -> None:
    """A round head on a needle; hollow and without its needle where it has been pulled out."""
    match phase:
        case "held" | "locked" | "changed" | "behind":
            painter.setPen(pen(colour, 1.4))
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(at.x(), at.y() - 2.4), 2.9, 2.9)
            painter.drawLine(QPointF(at.x(), at.y()), QPointF(at.x(), at.y() + 5.6))
        case "dropped" | "missing":
            painter.setPen(pen(colour if phase == "missing" else inks.muted, 1.3))
            painter.setBrush(inks.ground)
            painter.drawEllipse(QPointF(at.x(), at.y()), 3.1, 3.1)
        case _:
            assert_never(phase)


def _draw_more(painter: QPainter, row: QRectF, tab: Tab, phases: Sequence[PinPhase], inks: Inks) -> None:
    """How many pins are not drawn; red where one of them is."""
    more = len(tab.pins) - MOST
    if more <= 0:
        return
    text = f"+{more}"
    width = text_width("small", text) + 2
    right = row.center().x() + _line_width(tab.pins[:MOST], more) / 2
    place = QRectF(right - width, row.top(), width + 2, row.height())
    colour = inks.error if _RED.intersection(phases[MOST:]) else inks.muted
    write(painter, place, text, role="small", colour=colour)


def _draw_dropped(painter: QPainter, row: QRectF, tab: Tab, fallen: float, inks: Inks, *, near: bool) -> None:
    """What is left when the pins are out; while they still fall they are seen under the tab."""
    painter.save()
    painter.setOpacity(painter.opacity() * fallen)
    _draw_used(painter, row, len(tab.pins), inks, near=near)
    painter.restore()
    if fallen < 1.0:
        _draw_falling(painter, row, tab, fallen, inks, near=near)


def _draw_used(painter: QPainter, row: QRectF, count: int, inks: Inks, *, near: bool) -> None:
    """Empty holes, and the word."""
    holes = min(count, MOST)
    word = _("used")
    words = text_width("small", word) if near else 0.0
    x = row.center().x() - (holes * _HEAD + words) / 2
    for hole in range(holes):
        _glyph(painter, QPointF(x + hole * _HEAD + 5, row.center().y()), inks.muted, "dropped", inks)
    if near:
        place = QRectF(x + holes * _HEAD, row.top(), words + 2, row.height())
        write(painter, place, word, role="small", colour=inks.muted)


def _draw_falling(painter: QPainter, row: QRectF, tab: Tab, fallen: float, inks: Inks, *, near: bool) -> None:
    """Each pin tips over and falls, fainter and fainter."""
    painter.save()
    painter.setOpacity(painter.opacity() * (1.0 - fallen))
    for place in _places(row, tab, _HELD * len(tab.pins), near=near):
        painter.save()
        painter.translate(place.rect.left() + 5, place.rect.center().y() + _FALL * fallen)
        painter.rotate(_TURN * fallen)
        painter.translate(-place.rect.left() - 5, -place.rect.center().y())
        _draw_pin(painter, place, inks, near=near)
        painter.restore()
    painter.restore()
