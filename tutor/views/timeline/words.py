"""The words of the timeline: what stretches and breaks are called, how fast it plays, how long it takes."""

from __future__ import annotations

from typing import assert_never

from tutor.i18n import _, ngettext
from tutor.trace.pace import SECONDS_A_STEP, Pace
from tutor.trace.timeline import Segment, Timeline
from tutor.views.timeline.track import Break, Stretch


def before_text(left_out: int) -> str:
    if not left_out:
        return ""
    return ngettext("{n} left out just before it", "{n} left out just before it", left_out).format(n=left_out)


def breaks_text(parts: tuple[Break, ...]) -> str:
    """What a broken line says where several breaks lie on each other."""
    count = sum(part.count for part in parts)
    text = ngettext("{n} iteration left out", "{n} iterations left out", count).format(n=count)
    return _("{text}, in {count} places").format(text=text, count=len(parts))


def stretches(shown: Timeline) -> tuple[Stretch, ...]:
    """In the current language."""
    return tuple(
        Stretch(segment.first, segment.end, segment.kind, *_segment_texts(segment, shown))
        for segment in shown.segments
        if segment.kind != "gap"
    )


def _segment_texts(segment: Segment, shown: Timeline) -> tuple[str, str]:
    """What stands over a stretch, and what stands there where that is too long."""
    match segment.kind:
        case "forward":
            text = _("forward")
        case "backward":
            text = _("backward")
        case "other" | "gap":
            return "", ""
        case _:
            assert_never(segment.kind)
    number = _number(segment, shown)
    return (f"{text} {number}", number) if number else (text, "")


def _number(segment: Segment, shown: Timeline) -> str:
    """Of the iteration; where that has several backwards, of which of them too."""
    parts = [segment.label] if len(shown.iterations) > 1 else []
    if segment.run:
        parts.append(segment.run)
    return ".".join(map(str, parts))


def turn_tip(shown: Timeline) -> str:
    """What the box with a number is for."""
    if len(shown.iterations) > 1:
        return _("Iteration: go to the same place in another one")
    return _("Backward: go to another one")


def pace_tip(pace: Pace, speed: float) -> str:
    """How long the whole takes, and why."""
    minutes, seconds = divmod(round(pace.whole / speed), 60)
    text = _("The whole run plays in about {minutes}:{seconds:02d}.").format(minutes=minutes, seconds=seconds)
    reasons = (
        [text, _("It is long, so its steps pass faster.")] if pace.seconds_a_row < SECONDS_A_STEP else [text]
    )
    if pace.usual > 1:
        reasons.append(_("What happens inside a closed group passes as one step."))
    return " ".join(reasons)


def speed_text(speed: float) -> str:
    return f"{speed:g}×"
