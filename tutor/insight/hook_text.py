"""What the learner's hooks did, in firing order: "hook clip: 36 → 1"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

from tutor.i18n import _
from tutor.insight.numbers_text import number_text
from tutor.protocol import Data, HookRan, NodeId, TensorId
from tutor.trace.index import Index
from tutor.trace.shown import Covered, grad_covered
from tutor.trace.told import Told
from tutor.trace.values import same_numbers

MOST = 4
"""So many hooks are listed; of more, the last."""


def hook_text(hook: HookRan, *, hidden: bool = False) -> str:
    """One hook's run: what it was given, and what it returned in its place."""
    match hook.kind:
        case "pack":
            change = _change(hook.before, hook.after, hidden=hidden)
            return _("pack hook {function}: {change}").format(function=hook.function, change=change)
        case "unpack":
            change = _change(hook.before, hook.after, hidden=hidden)
            return _("unpack hook {function}: {change}").format(function=hook.function, change=change)
        case "tensor" | "prehook" | "posthook" | "post_accumulate":
            return _gradient_hook(hook, hidden=hidden)
        case _:
            assert_never(hook.kind)


def _gradient_hook(hook: HookRan, *, hidden: bool) -> str:
    """A node's hook is given all its gradients: those that it changed are said."""
    before, after = _gradients(hook, hook.before), _gradients(hook, hook.after)
    seen = [number_text(data, hidden=hidden) for data in before if data is not None]
    if not seen:
        return _("hook {function} ran").format(function=hook.function)
    changed = [
        _change(old, new, hidden=hidden)
        for old, new in zip(before, after, strict=False)
        if old != new and not same_numbers(old, new)
    ]
    if not changed:
        return _("hook {function}: {before}, unchanged").format(
            function=hook.function, before=", ".join(seen)
        )
    return _("hook {function}: {change}").format(function=hook.function, change=", ".join(changed))


def _change(old: Data, new: Data, *, hidden: bool) -> str:
    return f"{number_text(old, hidden=hidden)} → {number_text(new, hidden=hidden)}"


def _gradients(hook: HookRan, data: Data) -> list[Data]:
    if hook.kind in ("prehook", "posthook") and isinstance(data, list):
        return data
    return [] if data is None else [data]


def counted(lines: Iterable[str]) -> tuple[str, ...]:
    """Equal lines once, with their number."""
    return tuple(line if count == 1 else f"{line} (×{count})" for line, count in Counter(lines).items())


def is_early(hook: HookRan) -> bool:
    """Whether it sees the gradient before the node does."""
    return hook.kind in ("tensor", "prehook", "unpack")


def hooks_of_tensor(told: Told, index: Index, tensor: TensorId, step: int, covered: Covered) -> list[str]:
    """What the hooks on a tensor did in the last step in which they ran."""
    found = [hook for hook in told.hooks_of_tensor.get(tensor, ()) if hook.step <= step]
    hidden = grad_covered(tensor, index, covered)
    return _last_of(found, hidden=hidden)


def hooks_of_node(told: Told, node: NodeId, step: int, *, hidden: bool = False) -> list[str]:
    """The same for the hooks on a node."""
    return _last_of([hook for hook in told.hooks_of_node.get(node, ()) if hook.step <= step], hidden=hidden)


def _last_of(found: list[HookRan], *, hidden: bool) -> list[str]:
    latest = [hook for hook in found if hook.step == found[-1].step]
    return [*counted(hook_text(hook, hidden=hidden) for hook in latest[-MOST:])]
