"""The learner's own hooks: which were called, in which order, and what each made of the gradient.

They are observed, not wrapped: while the engine works, observers of ours stand before and behind each hook in the dict
that torch walks. So a hook is called from where torch calls it (same frames, warnings, names in errors), the dict is
the learner's own again when the engine is done, and what an observer sees is what torch hands on.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, NamedTuple

import torch

from tutor.kernel.engine_run import OwnKey, Run
from tutor.kernel.guard import Guard
from tutor.kernel.hook_names import called_names, is_over, waits
from tutor.kernel.identity import Known
from tutor.kernel.tape import Tape
from tutor.protocol import Data, HookRan, NodeId, Span, TensorId

Kind = Literal["tensor", "prehook", "posthook", "post_accumulate"]


class SeenKey(NamedTuple):
    """The key of an observer: behind the hook of that key, or before all of them."""

    seen: str
    key: object
    recording: int
    """Whose it is: recordings may be nested."""


_recordings = count()


@dataclass(slots=True)
class Hooked:
    """A dict of hooks that torch walks: a tensor's, a node's before or behind it, or a leaf's after accumulation."""

    hooks: weakref.ref[dict[Any, Any]]
    kind: Kind | None = None
    """None for a node's: what it is called with tells which."""

    tensor: TensorId | None = None
    spans: dict[object, Span | None] = field(default_factory=dict)


@dataclass(slots=True)
class Firing:
    """The hooks of one dict while torch calls them one after the other."""

    run: Run
    kind: Kind
    hooked: Hooked
    hooks: dict[object, Any]
    """Those that torch has taken up: one that is removed meanwhile is called all the same."""

    value: Any
    before: Data
    node: NodeId | None


class LearnerHooks:
    """Observes the hooks that were registered while it recorded, and those that lie on leaves."""

    def __init__(self, tape: Tape, guard: Guard, runs: list[Run]) -> None:
        self._tape = tape
        self._guard = guard
        self._runs = runs
        self._known: dict[int, Hooked] = {}
        self._firing: list[Firing] = []
        self._recording = next(_recordings)
        self._before = SeenKey("before", None, self._recording)

    # ------------------------------------------------------------ which hooks there are

    def on_tensor(self, tensor: Known, handle: Any, span: Span | None) -> None:
        """`Tensor.register_hook` has returned this handle."""
        hooks = handle.hooks_dict_ref()
        if hooks is not None:
            self._registered(hooks, handle.id, span, "tensor", tensor.id)

    def on_node(self, hooks: dict[Any, Any], handle: Any, span: Span | None) -> None:
        """`register_hook` or `register_prehook` of a node has filled this dict."""
        self._registered(hooks, handle.id, span, None, None)

    def hear_here(self) -> bool:
        """Whether this thread is the recording's own, or one in which the engine works for it."""
        return threading.get_ident() == self._tape.thread or any(run.is_current() for run in self._runs)

    def _registered(
        self,
        hooks: dict[Any, Any],
        key: object,
        span: Span | None,
        kind: Kind | None,
        tensor: TensorId | None,
    ) -> None:
        hooked = self._hooked(hooks, kind, tensor)
        hooked.spans[key] = span
        if self._runs:
            self._observe(hooked)

    def _hooked(self, hooks: dict[Any, Any], kind: Kind | None, tensor: TensorId | None) -> Hooked:
        key = id(hooks)
        hooked = self._known.get(key)
        if hooked is None or hooked.hooks() is not hooks:
            reference = weakref.ref(hooks, lambda gone: self._forget(key, gone))
            hooked = self._known[key] = Hooked(reference, kind, tensor)
        return hooked

    def _forget(self, key: int, gone: weakref.ref[dict[Any, Any]]) -> None:
        hooked = self._known.get(key)
        if hooked is not None and hooked.hooks is gone:
            del self._known[key]

    # ------------------------------------------------------------ while the engine works

    def arm(self) -> None:
        """The engine is about to be entered: observers stand beside all hooks that are known."""
        for hooked in list(self._known.values()):
            self._observe(hooked)

    def arm_leaf(self, tensor: torch.Tensor, known: Known) -> None:
        """A leaf's hooks are found with it, whenever they were registered."""
        on_leaf: tuple[tuple[Kind, str], ...] = (
            ("tensor", "_backward_hooks"),
            ("post_accumulate", "_post_accumulate_grad_hooks"),
        )
        for kind, name in on_leaf:
            hooks = getattr(tensor, name, None)
            if hooks:
                self._observe(self._hooked(hooks, kind, known.id))

    def disarm(self) -> None:
        """The outermost run of the engine is over."""
        for hooked in list(self._known.values()):
            hooks = hooked.hooks()
            if hooks is not None and self._before in hooks:
                for key in [key for key in hooks if self._is_own(key)]:
                    del hooks[key]
        self._firing.clear()

    def _observe(self, hooked: Hooked) -> None:
        """Fills the dict anew: an observer before all, one behind each hook; ours last (first after accumulation)."""
        hooks = hooked.hooks()
        if hooks is not None:
            # All of it is made first: a fault must not lose a hook.
            filled = self._observed(hooked, hooks)
            hooks.clear()
            hooks.update(filled)

    def _observed(self, hooked: Hooked, hooks: dict[Any, Any]) -> dict[Any, Any]:
        ours = {key: hook for key, hook in hooks.items() if type(key) is OwnKey}
        rest = {key: hook for key, hook in hooks.items() if type(key) is not OwnKey and not self._is_own(key)}
        theirs = [key for key in rest if type(key) is not SeenKey]
        filled: dict[Any, Any] = dict(ours) if hooked.kind == "post_accumulate" else {}
        if theirs:
            filled[self._before] = self._before_all(hooked)
        for key, hook in rest.items():
            filled[key] = hook
            if key in theirs:
                filled[SeenKey("behind", key, self._recording)] = self._behind(hooked, key)
        return filled | ours

    def _is_own(self, key: object) -> bool:
        return type(key) is SeenKey and key.recording == self._recording

    # ------------------------------------------------------------ what the observers see

    def _before_all(self, hooked: Hooked) -> Callable[..., None]:
        def observe(value: Any, *received: Any) -> None:
            with self._guard, torch._C.DisableTorchFunction():
                self._begin(hooked, value, is_behind_node=bool(received))

        return observe

    def _begin(self, hooked: Hooked, value: Any, *, is_behind_node: bool) -> None:
        run = next((run for run in reversed(self._runs) if run.is_current()), None)
        hooks = hooked.hooks()
        if run is None or hooks is None:
            return
        kind = hooked.kind or ("posthook" if is_behind_node else "prehook")
        theirs = {key: hook for key, hook in hooks.items() if type(key) not in (OwnKey, SeenKey)}
        taken = {key: hook for key, hook in theirs.items() if not is_over(hook)}
        if taken:
            firing = Firing(
                run, kind, hooked, taken, value, self._data(kind, value), self._tape.graph.running()
            )
            self._firing.append(firing)

    def _behind(self, hooked: Hooked, key: object) -> Callable[..., None]:
        def observe(value: Any, *received: Any) -> None:
            with self._guard, torch._C.DisableTorchFunction():
                firing = next((one for one in reversed(self._firing) if one.hooked is hooked), None)
                if firing is not None and key in firing.hooks:
                    self._called(firing, key, value)

        return observe

    def _called(self, firing: Firing, key: object, value: Any) -> None:
        hook = firing.hooks.pop(key)
        after = None if value is firing.value else self._data(firing.kind, value)
        if not waits(hook):
            self._tell(firing, key, hook, after)
        if value is not firing.value:
            firing.value, firing.before = value, after
        if not firing.hooks:
            self._firing.remove(firing)

    def raised(self, run: Run) -> NodeId | None:
        """The run ended by an exception. The node whose hook raised it: called, it did not come back."""
        firing = next((one for one in self._firing if one.run is run), None)
        if firing is None:
            return None
        key = next(iter(firing.hooks))
        self._tell(firing, key, firing.hooks[key], None)
        self._firing.remove(firing)
        return firing.node

    def _tell(self, firing: Firing, key: object, hook: object, after: Data) -> None:
        run, hooked = firing.run, firing.hooked
        for name in called_names(hook):
            row = HookRan(
                kind=firing.kind,
                function=name,
                tensor=hooked.tensor,
                node=firing.node,
                backward=run.id,
                before=firing.before,
                after=after,
                span=hooked.spans.get(key),
                step=0,
            )
            run.hooks_ran.append(row)
        if firing.kind == "post_accumulate":
            run.tell(self._tape.put, run.landed_at)

    def _data(self, kind: Kind, value: Any) -> Data:
        match kind:
            case "tensor":
                return self._tape.read_gradient(value)
            case "post_accumulate":
                return None
            case _:
                return [self._tape.read_gradient(gradient) for gradient in value]
