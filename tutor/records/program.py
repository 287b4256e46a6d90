"""What the program around autograd did: printed, warned, failed, called modules, let an optimizer step."""

from __future__ import annotations

from typing import Literal

import msgspec

from tutor.records.base import BackwardId, Data, ModuleCallId, NodeId, Record, Span, TensorId


class Output(Record, frozen=True, kw_only=True, tag=True):
    """A piece of what the program printed or displayed. `html`/`png` (base64) where a display had one."""

    stream: Literal["stdout", "stderr", "display"]
    text: str
    html: str | None = None
    png: str | None = None
    span: Span | None = None
    cut: int = 0
    """How many characters were left out just before this piece, because the run had printed too much."""
    step: int


class Warned(Record, frozen=True, kw_only=True, tag=True):
    """A warning, attributed to the learner's line."""

    category: str
    message: str
    span: Span | None


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One line of a learner's traceback. `span.source` is -1 for a file that is not part of the run."""

    path: str
    function: str
    line: int
    text: str
    span: Span | None


class Cause(msgspec.Struct, frozen=True, gc=False):
    """An exception behind another one: named by `raise … from` (`direct`), or being handled when that one was raised."""

    type: str
    message: str
    direct: bool
    frames: list[Frame] = []


class Failure(Record, frozen=True, kw_only=True, tag=True):
    """The exception that ended the program (or a backward), with the learner's own frames only, outermost first."""

    type: str
    message: str
    span: Span | None
    explanation: str | None = None
    frames: list[Frame] = []
    backward: BackwardId | None = None
    node: NodeId | None = None
    """The node that raised inside a backward."""
    causes: list[Cause] = []
    """What led to it, the nearest first."""
    step: int


class ModuleEntered(Record, frozen=True, kw_only=True, tag=True):
    """A call of an nn.Module begins: its path from the learner's variable (`net.0`), its class, who called it."""

    id: ModuleCallId
    path: str
    kind: str
    parent: ModuleCallId | None
    training: bool
    step: int


class ModuleLeft(Record, frozen=True, kw_only=True, tag=True):
    """The call is over; `step` is the next step's index."""

    id: ModuleCallId
    step: int


class OptimizerState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an optimizer keeps for one parameter, before and after a step: `momentum_buffer`, `exp_avg`, `step`."""

    tensor: TensorId
    name: str
    before: Data
    after: Data


class OptimizerStepped(Record, frozen=True, kw_only=True, tag=True):
    """An optimizer's `step()` is over. The parameters' changes are the steps from `first_step` up to `step`."""

    name: str | None
    kind: str
    parameters: list[TensorId]
    options: list[dict[str, Data]] = []
    """Each parameter group's settings: `lr`, `momentum`, ..."""
    state: list[OptimizerState] = []
    span: Span | None
    first_step: int
    step: int
    groups: list[int] = []
    """The index in `options` of each parameter's group."""
    skipped: bool = False
    """A GradScaler left the step out, because a gradient was inf or NaN."""
