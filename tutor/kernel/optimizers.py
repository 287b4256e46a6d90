"""What an optimizer's `step()` does: each parameter's change is a step; beside them stand its settings and its state.

torch's own hooks for every optimizer say when a step begins and ends; the learner's hooks and code see nothing of them.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import torch
from torch.optim import optimizer as _optim
from torch.optim.optimizer import Optimizer

from tutor.kernel.budget import size
from tutor.kernel.capture import grad_of
from tutor.kernel.doors import Doors
from tutor.kernel.forward import Forward
from tutor.kernel.gradients import is_unread
from tutor.kernel.identity import Known, is_a, version
from tutor.kernel.optimizer_state import States, plain
from tutor.kernel.tape import Tape
from tutor.protocol import Data, OptimizerState, OptimizerStepped, Span, TensorId

_NO_SETTINGS = ("params", "param_names")


@dataclass(slots=True)
class _Step:
    """A `step()` in progress. `frame` is the id of the frame of torch's wrapper around it, `code` what that frame runs."""

    optimizer: weakref.ref[Optimizer]
    frame: int = 0
    code: CodeType | None = None
    span: Span | None = None
    first_step: int = 0
    told: bool = True
    """False for the `super().step()` inside another step of the same optimizer."""
    rests: bool = False
    parameters: list[tuple[Known, int]] = field(default_factory=list)
    """With the index of the group that each is in."""
    gradients: list[tuple[Known, torch.Tensor, int]] = field(default_factory=list)
    """With the version that each had."""
    fused: dict[TensorId, Data] = field(default_factory=dict)
    """The values of the parameters that a fused kernel will write, without giving them a new version."""
    options: list[dict[str, Data]] = field(default_factory=list)

    def is_entered(self, frame: FrameType | None) -> bool:
        """Whether its wrapper's frame is `frame` or around it. (Another frame may lie where a dead one lay.)"""
        while frame is not None:
            if id(frame) == self.frame and frame.f_code is self.code:
                return True
            frame = frame.f_back
        return False


class Optimizers:
    """Hears of every optimizer's steps while it is installed."""

    def __init__(self, tape: Tape, forward: Forward, mine: Callable[[], bool]) -> None:
        self._tape = tape
        self._forward = forward
        self._mine = mine
        self._states = States(tape)
        self._steps: list[_Step] = []
        self._handles: list[Any] = []
        self._count = 0
        self._doors = Doors()

    def install(self) -> None:
        self._handles = [
            _optim.register_optimizer_step_pre_hook(self._begins),
            _optim.register_optimizer_step_post_hook(self._ended),
        ]
        self._doors.put(torch.amp.GradScaler, "step", self._scaled(torch.amp.GradScaler.step))

    def uninstall(self) -> None:
        self._doors.take_out()
        for handle in self._handles:
            handle.remove()

    # ------------------------------------------------------------ before a step

    def _begins(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self._mine():
            return
        with self._forward.guard, torch._C.DisableTorchFunction():
            frame = sys._getframe(1)
            self._drop_stale(frame)
            step = _Step(weakref.ref(optimizer), id(frame), frame.f_code)
            if any(other.optimizer() is optimizer for other in self._steps):
                step.told = False
            elif self._tape.outlet.has_room():
                self._begin(step, optimizer, frame)
                if _is_torchs_own(optimizer) and not _takes_closure(args, kwargs):
                    self._rest(step)
            self._steps.append(step)

    def _begin(self, step: _Step, optimizer: Optimizer, frame: FrameType) -> None:
        """Takes down all that the step may change, as it is before."""
        tape = self._tape
        self._forward.changes.flush()
        tape.naming.catch_up()
        place = tape.sources.place(frame)
        for index, group in enumerate(_groups(optimizer)):
            step.options.append(
                {name: plain(value, tape) for name, value in group.items() if name not in _NO_SETTINGS}
            )
            for parameter in _parameters(group):
                gradient = grad_of(parameter)
                if gradient is None and tape.tensors.find(parameter) is None:
                    continue
                known = self._forward.operands.meet(parameter, place)
                step.parameters.append((known, index))
                if gradient is not None:
                    tape.tensors.own_gradient(known, gradient)
                    step.gradients.append((known, gradient, version(gradient)))
                    if group.get("fused"):
                        step.fused[known.id] = tape.reread_gradient(parameter)
                        if is_unread(tape.gradients.get(known.id)):
                            tape.gradients[known.id] = tape.read_gradient(gradient)
        step.span = place.span
        step.first_step = tape.step
        self._states.before(optimizer, self._tensors(step))

    def _rest(self, step: _Step) -> None:
        """torch's own code need not be followed call by call: what it has changed is looked up when it is done."""
        step.rests = True
        self._forward.rest(step.is_entered)

    def _drop_stale(self, frame: FrameType) -> None:
        """A step that raised has no end: it is over when its frame is left."""
        if self._steps:
            self._steps = [step for step in self._steps if step.is_entered(frame.f_back)]

    # ------------------------------------------------------------ after it

    def _ended(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        frame = id(sys._getframe(1))
        if not self._steps or self._steps[-1].frame != frame:
            return
        step = self._steps.pop()
        if step.rests:
            self._forward.wake()
        if step.told and self._mine():
            with self._forward.guard, torch._C.DisableTorchFunction():
                self._tell(step, optimizer)

    def _tell(self, step: _Step, optimizer: Optimizer) -> None:
        self._forward.changes.flush()
        if step.rests:
            self._tell_gradients(step)
        self._tell_parameters(step)
        self._put(step, optimizer, self._states.after(optimizer, self._tensors(step), step.fused))

    def _tell_gradients(self, step: _Step) -> None:
        """A fused optimizer under a GradScaler unscales the gradients itself."""
        tape = self._tape
        for known, gradient, old in step.gradients:
            if version(gradient) == old and known.id not in step.fused:
                continue
            before, after = tape.gradients.get(known.id), tape.reread_gradient(gradient)
            if after != before and tape.tensors.owner(gradient) is not None:
                tape.grad_changed(known, before, after, step.span)

    def _tell_parameters(self, step: _Step) -> None:
        for known, _ in step.parameters:
            tensor = known()
            if tensor is not None and (
                self._tape.tensors.is_written(known, tensor) or self._fused_wrote(step, known.id, tensor)
            ):
                self._forward.changes.written(known, tensor, step.span, None)
                self._tape.end_step("value_changed", known.id, step.span)

    def _fused_wrote(self, step: _Step, id: TensorId, tensor: torch.Tensor) -> bool:
        return id in step.fused and bool(self._tape.reread_gradient(tensor) != step.fused[id])

    def _put(
        self, step: _Step, optimizer: Optimizer, state: list[OptimizerState], *, skipped: bool = False
    ) -> None:
        self._count += 1
        kept = sum(size(part.before) + size(part.after) for part in state)
        self._tape.put(
            OptimizerStepped(
                name=self._states.name(optimizer, sys._getframe(1)),
                kind=type(optimizer).__name__,
                parameters=[known.id for known, _ in step.parameters],
                groups=[index for _, index in step.parameters],
                options=step.options,
                state=state,
                skipped=skipped,
                span=step.span,
                first_step=step.first_step,
                step=self._tape.step,
            ),
            elements=kept,
        )

    @staticmethod
    def _tensors(step: _Step) -> Iterator[tuple[TensorId, torch.Tensor]]:
        for known, _ in step.parameters:
            tensor = known()
            if tensor is not None:
                yield known.id, tensor

    # ------------------------------------------------------------ a step that a GradScaler leaves out

    def _scaled(self, original: Any) -> Any:
        @functools.wraps(original)
        def step(scaler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            before = self._count
            result = original(scaler, optimizer, *args, **kwargs)
            if self._count == before and self._mine() and is_a(optimizer, Optimizer):
                with self._forward.guard, torch._C.DisableTorchFunction():
                    self._tell_skipped(optimizer, sys._getframe(1))
            return result

        return step

    def _tell_skipped(self, optimizer: Optimizer, frame: FrameType) -> None:
        step = _Step(weakref.ref(optimizer))
        self._begin(step, optimizer, frame)
        self._put(step, optimizer, [], skipped=True)


def _is_torchs_own(optimizer: Optimizer) -> bool:
    """Whether nothing of the learner's runs inside its step: no subclass, no hook, no graph to differentiate through."""
    hooks = _own(optimizer)
    return (
        type(optimizer).__module__.startswith("torch.optim.")
        and not hooks.get("_optimizer_step_pre_hooks")
        and not hooks.get("_optimizer_step_post_hooks")
        and len(_optim._global_optimizer_pre_hooks) == len(_optim._global_optimizer_post_hooks) == 1
        and not any(group.get("differentiable") for group in _groups(optimizer))
    )


def _takes_closure(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return any(value is not None for value in (*args[1:], *kwargs.values()))


def _own(optimizer: Optimizer) -> dict[str, Any]:
    found: dict[str, Any] = object.__getattribute__(optimizer, "__dict__")
    return found


def _groups(optimizer: Optimizer) -> list[dict[str, Any]]:
    groups = _own(optimizer).get("param_groups")
    return [group for group in groups if type(group) is dict] if type(groups) is list else []


def _parameters(group: dict[str, Any]) -> list[torch.Tensor]:
    parameters = group.get("params")
    return [one for one in parameters if is_a(one, torch.Tensor)] if type(parameters) is list else []
