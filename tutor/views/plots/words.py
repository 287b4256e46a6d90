"""The words of the plots' pane: why there is nothing to plot, what the plots show, what lies under the pointer."""

from __future__ import annotations

from collections.abc import Sequence

from tutor.i18n import _, ngettext
from tutor.insight.numbers_text import count_text
from tutor.trace.curves import Curves
from tutor.views.plots.lines import Line, value_text


def empty_text(found: Curves, *, running: bool) -> str:
    """What stands in place of the plots; "" where they are worth drawing."""
    if found.losses or found.norms:
        return ""
    if running:
        return _("Running; no backward has ended yet.")
    return _(
        "Each backward adds a point here: the loss it started from, and the norm of each parameter's gradient. "
        "This run has none to show."
    )


def place_text(place: float, lines: Sequence[Line]) -> str:
    """The backward nearest to a place of the axis, and what every line is there."""
    number = max(round(place), 1)
    told = [(line.curve.name, value_text(line, number)) for line in lines]
    heading = _("backward {number}").format(number=number)
    return "\n".join([heading, *(f"{name}  {text}" for name, text in told if text)])


def sampled_text(found: Curves) -> str:
    """Said under the norms where some are estimates."""
    if not any(curve.sampled for curve in found.norms):
        return ""
    return _("≈ norms of large gradients are estimated from a sample of their elements.")


def more_text(hidden: int, *, every: bool) -> str:
    """On the button that shows the rest, or hides it again."""
    if every:
        return _("The largest only")
    return ngettext("{count} more", "{count} more", hidden).format(count=count_text(hidden))


def first_note(found: Curves) -> str:
    """Said under the losses: that there are none, and why lines are broken."""
    notes = []
    if found.norms and not found.losses:
        notes.append(_("No backward started from a single number: there is no loss to plot."))
    if found.gaps:
        left_out = found.count - len(found.ends)
        notes.append(
            ngettext(
                "Lines are broken where {count} backward was left out of the recording.",
                "Lines are broken where {count} backwards were left out of the recording.",
                left_out,
            ).format(count=count_text(left_out))
        )
    return " ".join(notes)


def summary(found: Curves, losses: Sequence[Line], norms: Sequence[Line], number: float) -> str:
    """All of it in words, for those who do not see it."""
    counted = ngettext("{count} backward", "{count} backwards", found.count)
    told = [f"{line.curve.name} {value_text(line, number)}".strip() for line in losses]
    sizes = [f"‖{line.curve.name}.grad‖ {value_text(line, number)}".strip() for line in norms]
    return "; ".join(
        part
        for part in (counted.format(count=count_text(found.count)), ", ".join(told), ", ".join(sizes))
        if part
    )
