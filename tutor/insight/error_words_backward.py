"""Explanations of errors in calling backward() and autograd.grad: title, cause, what to change."""

from __future__ import annotations

from collections.abc import Callable

from tutor.i18n import _

Words = Callable[[], tuple[str, str, str]]

BACKWARD_WORDS: dict[str, Words] = {
    "no-grad-path": lambda: (
        _("This tensor has no way back"),
        _(
            "backward() follows the return lanes, and none begins here: no leaf asked for gradients "
            "(requires_grad=True), or the path was cut on the way by no_grad, detach(), .data, .item() or torch.tensor(…)."
        ),
        _(
            "Look in the picture for the first place without a return lane, and mend it there. Setting requires_grad on "
            "the result itself only silences the error: nothing behind it would be trained."
        ),
    ),
    "non-scalar": lambda: (
        _("More than one output: how much does each count?"),
        _(
            "backward() computes vᵀJ. For a tensor with one element v = 1 is understood; this one has several, "
            "and only you can say how much each of them counts."
        ),
        _(
            "Reduce it to one number first, with .sum() or .mean(), or pass gradient=v, of the output's own shape."
        ),
    ),
    "non-real-scalar": lambda: (
        _("A loss must be a real number"),
        _("The output is complex ({dtype}), and there is no 'smaller' among complex numbers to descend to."),
        _("Take .abs() or .real, or the squared magnitude, before backward()."),
    ),
    "backward-twice": lambda: (
        _("This graph has already been used"),
        _(
            "A backward lets go of the tensors that the nodes had saved. This one came to a node whose saved tensors are "
            "gone: the same result twice, two losses over one shared part, or a value carried over from an earlier turn."
        ),
        _(
            "Compute the forward pass again, add the losses and call backward() once, or detach() what is carried over. "
            "retain_graph=True keeps the saved tensors, for every call but the last."
        ),
    ),
    "unused-input": lambda: (
        _("The output does not depend on this input"),
        _(
            "autograd.grad was asked for a tensor that no path leads to: it was detached, copied, or made anew."
        ),
        _("Pass the very tensor that went into the computation, or allow_unused=True to get None for it."),
    ),
    "input-noreq": lambda: (
        _("This input is not tracked"),
        _("autograd.grad was asked for a tensor with requires_grad=False: nothing was recorded for it."),
        _("Call requires_grad_() on it before the forward pass."),
    ),
    "grad-output-shape": lambda: (
        _("v must have the output's shape"),
        _(
            "The gradient given has shape {given}, the output {wanted}. In vᵀJ there is one v for each output element."
        ),
        _("Pass a v of shape {wanted}; torch.ones_like(output) lets every element count the same."),
    ),
    "float-backward": lambda: (
        _("This is a plain Python number"),
        _("It is a {given}: .item(), float() or NumPy took the number out, and its graph stayed behind."),
        _("Keep the tensor for backward(), and take .item() only for printing."),
    ),
    "fn-count": lambda: (
        _("One gradient for each input"),
        _(
            "The backward of {op} must return {wanted} gradients, one for each input of its forward; it returned {given}."
        ),
        _("Return None for the inputs that need no gradient."),
    ),
    "fn-shape": lambda: (
        _("A gradient has its input's shape"),
        _("The backward of {op} returned a gradient of shape {given} for an input of shape {wanted}."),
        _("Sum over the dimensions that were stretched, or reshape, until the shapes are the same."),
    ),
    "fn-no-backward": lambda: (
        _("The operation has no backward"),
        _("A custom autograd.Function was used where gradients are needed, but it says nothing about them."),
        _("Add a static backward(ctx, *gradients) that returns one gradient for each input."),
    ),
    "fn-save-nontensor": lambda: (
        _("Only tensors can be saved for backward"),
        _("ctx.save_for_backward keeps tensors, with their versions; plain values are no tensors."),
        _("Store plain values as attributes: ctx.n = 3."),
    ),
    "fn-legacy": lambda: (
        _("A custom operation is called through apply"),
        _("The autograd.Function is written in the old way, with methods of an object."),
        _(
            "Make forward and backward static methods with ctx as their first argument, and call MyFunction.apply(x)."
        ),
    ),
    "fn-once": lambda: (
        _("This operation can be differentiated only once"),
        _("Its backward is marked @once_differentiable, and a second derivative was asked for."),
        _("Write its backward with operations that can be differentiated, or leave out create_graph."),
    ),
    "deriv-missing": lambda: (
        _("No derivative is known for {op}"),
        _("torch has no formula for the gradient of this argument."),
        _(
            "Write it with other operations, detach() this argument, or give an autograd.Function of your own."
        ),
    ),
    "nan-anomaly": lambda: (
        _("A gradient is not a number"),
        _(
            "{op} produced NaN on the way back: an infinite slope times zero (√ at 0), the logarithm of 0, 0/0, "
            "or an overflowing exponential."
        ),
        _(
            "Keep the value away from that point before the operation: clamp(min=…) or + 1e-8. With torch.where make the "
            "branch that is not chosen safe as well."
        ),
    ),
    "create-graph-cycle": lambda: (
        _("This .grad keeps its own graph"),
        _(
            "With create_graph=True the gradient has a history that leads back to its tensor: neither is let go."
        ),
        _("Use torch.autograd.grad(…, create_graph=True), or set .grad = None afterwards."),
    ),
    "hook-noreq": lambda: (
        _("No gradient will ever come here"),
        _("A hook was registered on a tensor that is not tracked."),
        _("Call requires_grad_() on it first."),
    ),
    "hook-size": lambda: (
        _("A hook must keep the shape"),
        _("What the hook returned takes the place of the gradient, and it has another shape."),
        _("Return a tensor of the gradient's own shape, or None to leave the gradient as it is."),
    ),
    "hook-type": lambda: (
        _("A hook returns a tensor or nothing"),
        _("The hook returned a value of type {given}; a lambda returns whatever its expression comes to."),
        _("Return a tensor that takes the gradient's place, or None."),
    ),
    "inputs-empty": lambda: (
        _("backward for nobody"),
        _("backward(inputs=[…]) fills only the tensors in the list, and the list is empty."),
        _("Leave inputs away to reach every leaf, or name the leaves."),
    ),
    "post-acc-nonleaf": lambda: (
        _("Only leaves accumulate"),
        _("A post-accumulate hook runs after .grad was added to, and only leaves have that."),
        _("Use register_hook on a tensor that is not a leaf."),
    ),
}
