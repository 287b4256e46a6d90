"""Explanations of errors in writing into tensors in place: title, cause, what to change."""

from __future__ import annotations

from tutor.i18n import _
from tutor.insight.error_words_backward import Words

WRITING_WORDS: dict[str, Words] = {
    "inplace-saved": lambda: (
        _("A saved tensor was changed"),
        _(
            "A node had saved a tensor of shape {shape} at version {expected}; it is at version {version} now. Its old "
            "values are needed for the gradient, and they are gone. What changed it: an operation as add_, += or "
            "x[…] = …, or optimizer.step() before backward()."
        ),
        _(
            "Write x = x + 1 instead of x += 1, or change a clone(); call every backward() before optimizer.step()."
        ),
    ),
    "leaf-inplace": lambda: (
        _("A tracked leaf cannot be written into"),
        _(
            "The value that backward needs to know would be lost, and the leaf would no longer be where the graph begins."
        ),
        _("Update it inside 'with torch.no_grad():', or make a new tensor: x = x + 1 (which is no leaf)."),
    ),
    "leaf-view-inplace": lambda: (
        _("This writes into a tracked leaf, through a view"),
        _("w[0] = 5 changes w itself: an index or a slice is a view of the same memory."),
        _(
            "For setting first values use 'with torch.no_grad():'; otherwise change a clone() or build it with torch.cat."
        ),
    ),
    "multi-view-inplace": lambda: (
        _("One of several views cannot be written into"),
        _(
            "{op} returned several views of one tensor at once, and autograd cannot follow a change in one of them."
        ),
        _("Compute a new tensor instead, or clone() the piece first."),
    ),
    "hook-view-inplace": lambda: (
        _("This output cannot be changed in place"),
        _(
            "{op} handed its input on as a view (a module's backward hook does that), and it is being written into."
        ),
        _("Set inplace=False, or clone() before changing it."),
    ),
    "nograd-view-inplace": lambda: (
        _("A view from inside no_grad, written outside"),
        _("Whether this change should be tracked is unclear, so it is forbidden."),
        _("Make the view and write into it on the same side of no_grad."),
    ),
    "expand-inplace": lambda: (
        _("These elements are one and the same memory"),
        _("expand() repeats without copying: writing into one element would change them all."),
        _("clone() it first, or use repeat()."),
    ),
    "detach-inplace-view": lambda: (
        _("A view cannot be cut off in place"),
        _("detach_() was called on a view, which shares its memory and its history with another tensor."),
        _("Use detach(), which returns a new tensor."),
    ),
    "detach-inplace-saved": lambda: (
        _("A saved tensor lost its history"),
        _("detach_() was called on a tensor that a node had saved."),
        _("Use detach(), which leaves the original as it is."),
    ),
    "inference-saved": lambda: (
        _("A tensor from inference_mode cannot be saved"),
        _(
            "What is made under inference_mode can never take part in a backward, and a tracked operation wants to save it."
        ),
        _("Use torch.no_grad() there, or clone() the tensor outside."),
    ),
    "inference-reqgrad": lambda: (
        _("A tensor from inference_mode cannot be tracked"),
        _("It was made without anything that autograd needs."),
        _("clone() it outside inference_mode, then requires_grad_()."),
    ),
    "inference-inplace": lambda: (
        _("A tensor from inference_mode cannot be changed here"),
        _("It has no version counter, so a change could not be noticed."),
        _("clone() it first."),
    ),
    "out-arg": lambda: (
        _("out= cannot be tracked"),
        _("{op} was told to write its result into a given tensor, and one of its inputs requires gradients."),
        _("Leave out=… away, or do it under torch.no_grad()."),
    ),
}
