"""What the graph's pane says where there is nothing, or not all, to see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.i18n import _, ngettext
from tutor.insight.numbers_text import count_text
from tutor.trace.index import index_of
from tutor.trace.picture import Picture, Structure, whole_of
from tutor.trace.pins import has_behind
from tutor.trace.trace import Trace
from tutor.views.graph.faces import face_of
from tutor.views.graph.legend import Extra

if TYPE_CHECKING:
    from tutor.session.session import Session


_SHEETS = ("blocks", "thumbnail")
"""How numbers are drawn that are not written out: then only signs tell a negative and a zero."""


def empty_words(session: Session) -> tuple[str, str] | None:
    """Title and hint in place of a picture; None where there is one to draw."""
    picture = session.picture
    if picture is None:
        if session.run.running or session.run.queued:
            return _("Running…"), _("The picture is drawn when torch has computed something.")
        if session.trace.sources:
            return _("Nothing to draw"), _("This program ran, but no torch operation took place in it.")
        return _("No code has run yet"), _("Press ▶ Run: the picture is drawn from what torch really does.")
    structure = picture.structure
    if is_empty(structure):
        return _("Nothing to draw"), _("No tensor was computed in this part of the run.")
    if not any_present(picture):
        return _("Before the first step"), _("Press Space to play, or → for one step.")
    return None


def not_laid_out() -> tuple[str, str]:
    return _("Not laid out"), _("The picture was cancelled or is too large to lay out.")


def is_empty(structure: Structure) -> bool:
    """Whether nothing is to be drawn."""
    return not (structure.boxes or structure.circles or structure.blocks)


def hint(structure: Structure, *, backwards: int, at_end: bool) -> str | None:
    """One line under the picture about what is missing in it."""
    boxes = whole_of(structure).boxes
    if not boxes:
        return None
    if not any(box.tracked for box in boxes):
        return _("No tensor is tracked: nothing here has requires_grad=True, so there are no return lanes.")
    if backwards == 0 and at_end:
        return _("No backward yet: the return lanes are laid, and nothing has travelled on them.")
    return None


def note(session: Session, picture: Picture) -> str | None:
    """What was left out at this step, what is missing in the picture, or that it is not live."""
    trace, player = session.trace, session.player
    left_out = gap_words(trace, player.step)
    if left_out is not None:
        return left_out
    at_end = player.step >= player.count - 1
    missing = hint(picture.structure, backwards=len(trace.backwards), at_end=at_end)
    if missing is None and session.from_recording and not session.stale:
        return recorded_words(session.recording_path)
    return missing


def gap_words(trace: Trace, step: int) -> str | None:
    """At a gap: how much was left out, and why."""
    if not 0 <= step < len(trace.steps) or trace.steps[step].kind != "gap":
        return None
    count = trace.gaps[trace.steps[step].id].iterations
    if not count:
        return _("The rest of this iteration was left out: it is longer than what is kept of one.")
    return ngettext(
        "{count} iteration was left out here: a long run is kept in parts.",
        "{count} iterations were left out here: a long run is kept in parts.",
        count,
    ).format(count=count_text(count))


def recorded_words(path: Path | None) -> str:
    """Above a picture that no run of this window made; `path`: the trace file that was opened."""
    if path is not None:
        return _("A recorded run: {path}").format(path=path.name)
    return _("Recorded earlier: run it to see it live.")


def any_present(picture: Picture) -> bool:
    drawn = (picture.boxes, picture.circles, picture.blocks)
    return any(state.present for states in drawn for state in states.values())


def summary(picture: Picture, names: Sequence[str]) -> str:
    """What a screen reader says of the whole picture."""
    head = _("Graph with {boxes} tensors and {circles} operations.").format(
        boxes=sum(state.present for state in picture.boxes.values()),
        circles=sum(state.present for state in picture.circles.values()),
    )
    closed = sum(state.present for state in picture.blocks.values())
    if closed:
        words = ngettext("{count} group is closed.", "{count} groups are closed.", closed)
        head = f"{head} {words.format(count=closed)}"
    callout = picture.callout
    said = [head, *names] if callout is None else [head, callout.title, *callout.lines]
    return " ".join(said)


def explains(trace: Trace, structure: Structure | None) -> frozenset[Extra]:
    """The rarer signs that the legend has to explain in this run, and in this part of it. Worked out once for both."""
    index = index_of(trace)
    kept = index.derived.get("explained")
    if not isinstance(kept, tuple) or kept[0] != index.stamp or kept[1] is not structure:
        kept = (index.stamp, structure, _explained(trace, structure))
        index.derived["explained"] = kept
    found = kept[2]
    assert isinstance(found, frozenset)
    return found


def _explained(trace: Trace, structure: Structure | None) -> frozenset[Extra]:
    found: set[Extra] = set()
    if any(c.what == "requires_grad" and c.before and not c.after for c in trace.changes):
        found.add("frozen")
    if structure is not None and any(zone.kind == "create_graph" for zone in structure.zones):
        found.add("create_graph")
    if any(hook.node is not None or hook.tensor is not None for hook in trace.hooks):
        found.add("hook")
    if structure is not None and any(face_of(box.shape).kind in _SHEETS for box in structure.boxes):
        found.add("sheet")
    return frozenset(found | _saved(trace, structure) | _drawn(structure))


def _saved(trace: Trace, structure: Structure | None) -> set[Extra]:
    """Of saved tensors: pins, what keeps them, and what was written without a version."""
    found: set[Extra] = set()
    circles = () if structure is None else structure.circles
    if any(tab.pins for circle in circles for tab in circle.tabs):
        found.add("pin")
        if any(backward.retain_graph for backward in trace.backwards):
            found.add("lock")
    if has_behind(trace):
        found.add("behind")
    return found


def _drawn(structure: Structure | None) -> set[Extra]:
    """Of the structure alone: tags at which values leave, and ghosts."""
    found: set[Extra] = set()
    if structure is not None and any(circle.cut == "python" for circle in structure.circles):
        found.add("python")
    if structure is not None and any(box.ghost_of is not None for box in structure.boxes):
        found.add("ghost")
    if structure is not None and structure.blocks:
        found.add("block")
    return found
