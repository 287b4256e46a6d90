"""What a hook is called, and which of the learner's functions torch's own hooks stand for.

`Module.register_full_backward_hook` and `register_multi_grad_hook` put hooks of torch's on nodes and tensors, which
then call the learner's.
"""

from __future__ import annotations

import functools
from types import BuiltinFunctionType, FunctionType, MethodType

import torch
from torch.utils.hooks import BackwardHook

_MULTI_ALL = "register_multi_grad_hook.<locals>.get_inner_hook.<locals>.inner_hook"
_MULTI_ANY = torch.autograd.graph.register_multi_grad_hook.__code__
_MODULE_INPUT = "BackwardHook._set_user_hook.<locals>.hook"
_MODULE_OUTPUT = "BackwardHook.setup_output_hook.<locals>.fn.<locals>.hook"


def function_name(hook: object) -> str:
    """The name that the function was defined with; a callable object's class."""
    while type(hook) is functools.partial:
        hook = hook.func
    if type(hook) is MethodType:
        hook = hook.__func__
    if type(hook) in (FunctionType, BuiltinFunctionType):
        return str(hook.__name__)  # type: ignore[attr-defined]
    return type(hook).__name__


def called_names(hook: object) -> list[str]:
    """The learner's functions that this hook calls: itself, or those that torch's own hook passes the gradient to."""
    if type(hook) is torch.nn.modules.module._WrappedHook:
        return [function_name(hook.hook)]
    if not _is_torchs(hook):
        return [function_name(hook)]
    assert isinstance(hook, FunctionType)
    cells = _cells(hook)
    owner = cells.get("self")
    if isinstance(owner, BackwardHook):
        hooks = owner.user_hooks if hook.__qualname__ == _MODULE_INPUT else owner.user_pre_hooks
        return [function_name(one) for one in hooks]
    if hook.__qualname__ == _MULTI_ALL:
        return [function_name(cells["fn"])]
    return [function_name(hook)]


def waits(hook: object) -> bool:
    """Whether a hook of several gradients that was just called still waits for others, without calling the learner's."""
    if not _is_torchs(hook) or hook.__qualname__ != _MULTI_ALL:  # type: ignore[attr-defined]
        return False
    counts = _cells(hook).get("count")  # type: ignore[arg-type]
    return isinstance(counts, dict) and torch._C._current_graph_task_id() in counts


def is_over(hook: object) -> bool:
    """Whether a hook of the first of several gradients has had its call in this backward."""
    if type(hook) is not FunctionType or hook.__code__ not in _MULTI_ANY.co_consts:
        return False
    ran = _cells(hook).get("ran_hook")
    return isinstance(ran, dict) and bool(ran.get(torch._C._current_graph_task_id()))


def _is_torchs(hook: object) -> bool:
    return type(hook) is FunctionType and hook.__qualname__ in (_MULTI_ALL, _MODULE_INPUT, _MODULE_OUTPUT)


def _cells(function: FunctionType) -> dict[str, object]:
    """A closure's variables that are filled."""
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found
