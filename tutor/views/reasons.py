"""Why a `.grad` is None, in words: the one place from which the canvas and the tensor panel take them."""

from __future__ import annotations

from typing import assert_never

from tutor.i18n import _
from tutor.trace.picture import GradReason, GradRow


def reason_text(reason: GradReason, line: int | None = None) -> str:
    """The few words behind "None ·", short enough for a box of the canvas."""
    match reason:
        case "no_backward_yet":
            return _("no backward yet")
        case "no_requires_grad":
            return _("requires_grad=False")
        case "not_leaf":
            return _("not a leaf, not kept")
        case "passes":
            return _("passes, not kept")
        case "not_reached":
            return _("not reached")
        case "cleared":
            return _("cleared") if line is None else _("cleared, line {line}").format(line=line)
        case "moved_on":
            return _("stayed on the earlier")
        case "returned":
            return _("returned, not stored")
        case _:
            assert_never(reason)


def reason_sentence(reason: GradReason, line: int | None = None) -> str:
    """The same as a whole sentence, for tooltips and the detail of the tensor panel."""
    match reason:
        case "no_backward_yet":
            return _("backward() has not run yet, so nothing has been accumulated.")
        case "no_requires_grad":
            return _("This tensor does not require gradients: autograd does not track it.")
        case "not_leaf":
            return _(
                "Not a leaf: gradients pass through it and are not kept, unless retain_grad() asks for it."
            )
        case "passes":
            return _("A gradient passed through here. It is not kept, because this tensor is not a leaf.")
        case "not_reached":
            return _("No path of the graph led the last backward to this tensor.")
        case "cleared":
            return (
                _("It was cleared. None is not zero: there is no gradient now.")
                if line is None
                else _("It was cleared in line {line}. None is not zero: there is no gradient now.").format(
                    line=line
                )
            )
        case "moved_on":
            return _("This is a new tensor: the gradient stayed with the earlier one of this name.")
        case "returned":
            return _("torch.autograd.grad returned the gradient to the program and left .grad as it was.")
        case _:
            assert_never(reason)


def none_text(row: GradRow) -> str:
    """ "None · no backward yet": the word None, never a zero, with its reason."""
    return "None" if row.reason is None else f"None · {reason_text(row.reason, row.line)}"
