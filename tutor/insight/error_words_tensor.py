"""Explanations of errors about a tensor's flags, its `.grad`, its shape, and about optimizers."""

from __future__ import annotations

from tutor.i18n import _
from tutor.insight.error_words_backward import Words

TENSOR_WORDS: dict[str, Words] = {
    "nonleaf-grad": lambda: (
        _("This .grad is None: not a leaf"),
        _(
            "It is a result, and gradients only pass through results. A common trap: .cuda(), .double() or *0.1 after "
            "requires_grad=True makes a result, and the leaf is the nameless tensor before it."
        ),
        _(
            "Make it right at once (device=…, dtype=…, requires_grad=True), or call retain_grad() before backward()."
        ),
    ),
    "retain-grad-noreq": lambda: (
        _("There will be no gradient to keep"),
        _("retain_grad() was called on a tensor that is not tracked."),
        _("Set requires_grad=True on a leaf that it is computed from."),
    ),
    "int-requires-grad": lambda: (
        _("Whole numbers have no slope"),
        _(
            "Only tensors of floating point numbers can require gradients, and torch.tensor([1, 2]) holds integers."
        ),
        _("Write 1. instead of 1, or give dtype=torch.float32."),
    ),
    "flag-nonleaf": lambda: (
        _("A result cannot be frozen or tracked by hand"),
        _("requires_grad of a result follows from what it was computed from; only a leaf's flag can be set."),
        _("Cut with detach(), or set the flag on the leaf."),
    ),
    "deepcopy-nonleaf": lambda: (
        _("Only leaves can be copied deeply"),
        _("A tensor with a history was to be copied, alone or as an attribute of a module."),
        _("Copy detach().clone() of it, and keep no results as attributes of a module."),
    ),
    "numpy-requires-grad": lambda: (
        _("NumPy cannot carry the graph"),
        _("The tensor is tracked; as an array it would lose its way back without anyone noticing."),
        _("Say so: .detach().numpy() (with .cpu() in between for a GPU)."),
    ),
    "assign-grad-size": lambda: (
        _("A gradient has its tensor's shape"),
        _("A gradient of shape {given} was assigned to a tensor of shape {wanted}."),
        _("Assign a tensor of the same shape, or None."),
    ),
    "assign-grad-dtype": lambda: (
        _("A gradient has its tensor's dtype"),
        _("A gradient of dtype {given} was assigned where {wanted} is expected."),
        _("Convert it first: p.grad = g.to(p.dtype)."),
    ),
    "assign-grad-type": lambda: (
        _(".grad is a tensor or None"),
        _("A value of type {given} was assigned to .grad."),
        _("To clear it write p.grad = None."),
    ),
    "item-multi": lambda: (
        _("Which of the {count} numbers?"),
        _(".item() and float() take the one number out of a tensor, and this one has {count}."),
        _("Reduce it (.mean(), .sum()) or pick one by its index first."),
    ),
    "scalar-conv": lambda: (
        _("The number leaves the graph here"),
        _(
            "float(), int() or a function of math took the number out of a tracked tensor: no gradient flows from it."
        ),
        _("Use the functions of torch, or detach() first to say that it is meant."),
    ),
    "grad-none-zero": lambda: (
        _("There is no gradient to clear"),
        _(".grad is None before the first backward(), and again after zero_grad(): None is not zero."),
        _("Ask 'if p.grad is not None', or use optimizer.zero_grad()."),
    ),
    "grad-none-data": lambda: (
        _("A .grad that is still None"),
        _("If this is a .grad: no backward() has filled it, it was cleared, or its tensor is not a leaf."),
        _("Look at the .grad row of the tensor in the picture: it says why."),
    ),
    "grad-none-times": lambda: (
        _("A gradient is None"),
        _(
            "One side of {sign} is None. If it is a .grad, no backward() has filled it: it was cleared, or its tensor is "
            "no leaf, as after W = W - 0.1*W.grad outside the first turn."
        ),
        _(
            "Look at the .grad row of the tensor in the picture; update leaves in place, under torch.no_grad()."
        ),
    ),
    "tensor-of-tensor": lambda: (
        _("torch.tensor(…) copies and cuts"),
        _("A tensor made from a tensor takes its values only: no gradient flows back through it."),
        _("Use the tensor itself, clone() it, or torch.stack([…]); detach().clone() if the cut is meant."),
    ),
    "opt-nonleaf": lambda: (
        _("An optimizer needs leaves"),
        _(
            "A parameter is the result of an operation, such as a move to a device or another dtype: it keeps no gradient."
        ),
        _("Create it on its device at once, or as nn.Parameter."),
    ),
    "opt-empty": lambda: (
        _("The optimizer has nothing to update"),
        _("The list of parameters is empty: a generator that was used up, or layers kept in a plain list."),
        _("Keep layers in nn.ModuleList, and pass list(model.parameters())."),
    ),
    "opt-tensor": lambda: (
        _("An optimizer takes a list"),
        _("A single tensor was passed where a list of tensors is expected."),
        _("Put it in brackets: SGD([w], lr=…)."),
    ),
    "sched-order": lambda: (
        _("The learning rate changed before the first update"),
        _("scheduler.step() came before optimizer.step(): the first learning rate is never used."),
        _("Call optimizer.step() first, then scheduler.step()."),
    ),
    "param-assign": lambda: (
        _("{name} must stay a parameter"),
        _("A module's parameter was to be replaced by a plain tensor, which the optimizer would not know."),
        _("Change its values in place under torch.no_grad(), or wrap the new tensor in nn.Parameter."),
    ),
    "mse-broadcast": lambda: (
        _("Prediction and target differ in shape"),
        _(
            "{input} against {target}: one is stretched to the other, every prediction is compared with every target, "
            "and the gradients are wrong without an error."
        ),
        _("Give the target the prediction's shape: target.view_as(prediction)."),
    ),
    "matmul-shapes": lambda: (
        _("The inner sizes must be the same"),
        _("{left} @ {right}: the columns of the left one must be as many as the rows of the right one."),
        _("Transpose one of them, or check the layer's sizes."),
    ),
    "size-mismatch": lambda: (
        _("These shapes do not fit together"),
        _(
            "In dimension {dim} one has {left} elements and the other {right}; only a size of 1 can be stretched."
        ),
        _("Reshape one of them, or add a dimension with unsqueeze()."),
    ),
    "dtype-mismatch": lambda: (
        _("Two kinds of numbers"),
        _(
            "The factors of a matrix product must have one dtype; Python's and NumPy's numbers are often float64."
        ),
        _("Convert one of them: x.float()."),
    ),
    "device-mismatch": lambda: (
        _("Two devices"),
        _("The tensors of one operation must be on the same device."),
        _("Move them with .to(device), before the optimizer is made and before requires_grad is set."),
    ),
}
