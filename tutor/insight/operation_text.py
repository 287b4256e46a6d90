"""What is to be said of an operation beside its expression: in which module, at which precision, under which transform."""

from __future__ import annotations

from tutor.i18n import _
from tutor.protocol import Operation
from tutor.trace.trace import ModuleCall, Trace


def operation_lines(trace: Trace, operation: Operation) -> list[str]:
    """All of it, for the tooltip: the module first."""
    call = module_call(trace, operation)
    module = [] if call is None else [module_text(call)]
    return module + telling_lines(trace, operation)


def telling_lines(trace: Trace, operation: Operation) -> list[str]:
    """Only what makes it differ from a plain operation: a mode that matters, autocast, a transform."""
    call = module_call(trace, operation)
    lines = [mode_text(call) if call is not None else "", *_precision(trace, operation)]
    if operation.transform is not None:
        names = operation.transform.rstrip(")").split("(")
        lines += dict.fromkeys(map(transform_text, names))
    return [line for line in lines if line]


def module_call(trace: Trace, operation: Operation) -> ModuleCall | None:
    calls = trace.module_calls
    return calls[operation.call] if operation.call is not None and operation.call < len(calls) else None


def module_text(call: ModuleCall) -> str:
    """`net.0 (Linear, training)`."""
    mode = _("training") if call.training else _("evaluation")
    return f"{call.path} ({call.kind}, {mode})"


def mode_text(call: ModuleCall) -> str:
    """What the training flag changes, where it does."""
    if "Dropout" in call.kind:
        return (
            _("training: some values are set to 0 at random, the others enlarged")
            if call.training
            else _("evaluation: everything passes unchanged")
        )
    if "BatchNorm" in call.kind:
        return (
            _("training: mean and variance of this batch")
            if call.training
            else _("evaluation: the running mean and variance")
        )
    return ""


def _precision(trace: Trace, operation: Operation) -> list[str]:
    """Where autocast is on: only what comes out in its dtype was cast."""
    wanted = (operation.autocast or "").removeprefix("torch.")
    made = [trace.tensors[t].dtype.removeprefix("torch.") for t in operation.outputs if t >= 0]
    if not wanted or wanted not in made or not operation.inputs:
        return []
    return [_("in {dtype} (autocast)").format(dtype=wanted)]


def transform_text(transform: str) -> str:
    """What torch did, and what autograd did not see."""
    match transform:
        case "vmap":
            return _("vmap: one call for the whole batch; autograd does not see its single elements")
        case "grad":
            return _("torch.func (grad, vjp, jacrev): a graph of its own, let go when the function returns")
        case "jvp":
            return _("forward mode: the tangent is computed with the value; no graph is needed")
        case "compile":
            return _("torch.compile: runs as one compiled call; autograd does not see inside")
        case "script":
            return _("TorchScript: runs as one call; autograd's graph has no steps of it")
        case "other":
            return _("torch.func: autograd did not see inside")
        case _:
            return _("{name}: autograd did not see inside").format(name=transform)
