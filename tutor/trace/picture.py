"""The picture as plain frozen data: what the canvas draws, a pure function of (trace, step, covered).

`Structure` is the graph of one iteration and never changes while it plays; `Picture` is its state after one step.
Codes and numbers only: words are made where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NewType

from tutor.protocol import BackwardId, Data, NodeId, OperationId, Span, Stats, TensorId
from tutor.trace.pin import Pin, PinPhase

ItemId = NewType("ItemId", str)
"""Stable name of a drawn thing: "t3" the box of tensor 3, "o5" the circle of operation 5. Equal structures of two
iterations share one layout through `Structure.keys`, which names items by their place instead."""

LaneId = NewType("LaneId", str)

ZoneKind = Literal["no_grad", "inference", "create_graph"]

# ------------------------------------------------------------------ structure: one iteration, still


@dataclass(frozen=True, slots=True)
class Box:
    """A named tensor or a leaf."""

    id: ItemId
    tensor: TensorId
    name: str
    shape: tuple[int, ...]
    dtype: str
    is_leaf: bool
    tracked: bool
    """requires_grad when the iteration ends: untracked boxes have no tray and no return lanes."""
    zone: Literal["none", "no_grad", "inference"] = "none"
    shares_memory_with: ItemId | None = None
    """The box whose memory this detached tensor shares."""
    ghost_of: ItemId | None = None
    """The leaf that stands here again, beside a far use; its gradient meets at the leaf itself."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A grad_fn node under its operation's circle. `saves` names what it keeps: ("a", "b"), or ("result",)."""

    node: NodeId
    name: str
    saves: tuple[str, ...]
    pins: tuple[Pin, ...] = ()
    """The same as pins that hold a version each."""
    of: str = ""
    """The expression, where a node of another operation has the same name."""


@dataclass(frozen=True, slots=True)
class Circle:
    """An operation. Without tabs it was not recorded by autograd."""

    id: ItemId
    operation: OperationId
    symbol: str
    function: str
    expression: str
    tabs: tuple[Tab, ...]
    span: Span | None
    zone: Literal["none", "no_grad", "inference"] = "none"
    cut: Literal["none", "detach", "python"] = "none"
    """`python`: it is drawn as a tag, since its value goes on as a plain Python number or index."""
    tells: TensorId | None = None
    """The tensor whose numbers are on the tag."""
    binds: str = ""
    """The Python name that gets them."""
    made_in: BackwardId | None = None
    """The backward that carried it out, where it belongs to a gradient's own graph (create_graph)."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One dependence: values go source → target; if `returns`, a gradient lane lies beside it, target → source.

    `source` and `target` are boxes or circles. `edges` are the indices in trace.edges whose gradients travel on it:
    empty on the lane from a circle to the box of its output, whose gradient is what the circle's first node receives.
    """

    id: LaneId
    source: ItemId
    target: ItemId
    tensor: TensorId
    slot: int
    """Which argument of the target (or which output of the source, into a box) this is, from 0."""
    returns: bool
    edges: tuple[int, ...] = ()
    named: bool = True
    """False where the tensor has no box: its value is shown as a chip on the lane."""
    cut: Literal["none", "detach", "zone"] = "none"
    count: int = 1
    """How many lanes of the unfolded structure it stands for."""
    mixed: bool = False
    """Whether these carry several tensors, of which `tensor` is only the first."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A grey band behind what ran under no_grad (or inference_mode), a warm one behind a gradient's own graph."""

    kind: ZoneKind
    items: tuple[ItemId, ...]
    lines: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What can be folded to one box: a module's call, a turn of a loop, an iteration, or several of these in a row."""

    id: ItemId
    """Of the kind and of the place of its first circle ("m4", "l40", "i3", "r0"): equal in equal structures."""
    kind: Literal["module", "turn", "iteration", "repeat"]
    name: str
    """A module's path ("layer1.0"); the number of a turn or iteration ("3"), or those of a part of a row ("11–20");
    a row's loop ("for t in range(n)"), function or common path; ""."""
    type_name: str
    """The class of the module, or of the modules in a row; ""."""
    count: int
    """How many blocks of one kind lie in a row, or in a module that consists of a row; 1 for any other."""
    operations: int
    """How many circles lie in it."""
    parameters: int
    """How many numbers the trainable leaves have that belong to it."""
    items: tuple[ItemId, ...]
    """The boxes and circles that lie in it, at any depth and in the order of the circles."""
    parent: ItemId | None
    depth: int
    """How many groups lie around it."""
    of: Literal["", "module", "turn", "iteration"] = ""
    """Of what such a row consists."""
    leaves: tuple[ItemId, ...] = ()
    """The trainable leaves that belong to it: those within, and for a module those that it owns."""


@dataclass(frozen=True, slots=True)
class Structure:
    """The still graph of one iteration, in a deterministic order."""

    iteration: int
    boxes: tuple[Box, ...]
    circles: tuple[Circle, ...]
    lanes: tuple[Lane, ...]
    zones: tuple[Zone, ...] = ()
    first_step: int = 0
    last_step: int = 0
    keys: Mapping[ItemId, str] = field(default_factory=dict)
    """Item → its place's name, equal in iterations of equal structure ("box:W", "circle:3")."""
    signature: str = ""
    """Equal for structures that may share one layout."""
    groups: tuple[Group, ...] = ()
    """All groups of the unfolded structure, a group before those within it."""
    blocks: tuple[Group, ...] = ()
    """In a folded structure: the closed groups, each drawn as one item where lanes may end."""
    frames: tuple[Group, ...] = ()
    """In a folded structure: the open groups; their `items` are boxes, circles and blocks as they now stand."""
    whole: Structure | None = field(default=None, compare=False, repr=False)
    """In a folded structure: the unfolded one."""
    block_of: Mapping[ItemId, ItemId] = field(default_factory=dict, compare=False, repr=False)
    """In a folded structure: of each box and circle that lies in a block, which one."""
    parts: Mapping[LaneId, tuple[Lane, ...]] = field(default_factory=dict, compare=False, repr=False)
    """In a folded structure: of each lane that ends at a block, the lanes for which it stands."""


def whole_of(structure: Structure) -> Structure:
    """The unfolded structure."""
    return structure if structure.whole is None else structure.whole


# ------------------------------------------------------------------ state: after one step


@dataclass(frozen=True, slots=True)
class Shown:
    """Values to show. `covered` hides them behind "?" everywhere; `stats` where the values were not kept."""

    data: Data
    shape: tuple[int, ...]
    stats: Stats | None = None
    covered: bool = False
    unread: bool = False
    """A gradient that was made while nothing was recorded, and was not looked at."""


Phase = Literal["laid", "idle", "waiting", "running", "done", "used", "failed"]
GradReason = Literal[
    "no_backward_yet",
    "no_requires_grad",
    "not_leaf",
    "passes",
    "not_reached",
    "cleared",
    "moved_on",
    "returned",
]


@dataclass(frozen=True, slots=True)
class GradRow:
    """The `.grad` row: a value, or None with its reason (and the line that cleared it)."""

    value: Shown | None
    reason: GradReason | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Tray:
    """before + incoming = after, of one backward; None is the word None; `landed` False while still awaited."""

    backward: BackwardId
    before: Shown | None
    incoming: Shown | None
    after: Shown | None
    landed: bool


@dataclass(frozen=True, slots=True)
class Funnel:
    """What a node or leaf that awaits several gradients in this backward has got; slots in the engine's order."""

    lanes: tuple[LaneId, ...]
    arrived: tuple[tuple[LaneId, Shown], ...]
    total: Shown | None
    """The sum, once all have arrived."""
    awaited: int


@dataclass(frozen=True, slots=True)
class BoxState:
    """A box after the step. Not `present`: the tensor does not exist yet (nothing is drawn but its place)."""

    present: bool
    name: str
    value: Shown | None
    grad: GradRow
    requires_grad: bool
    retains_grad: bool = False
    version: int = 0
    """The version to which writes in place have raised it; 0 while there were none."""
    tray: Tray | None = None
    funnel: Funnel | None = None
    was: str = ""
    """The name that was rebound to another tensor, when this one has no name left."""
    was_line: int | None = None
    """The line that rebound it."""
    frozen: bool = False
    """A leaf whose requires_grad was switched off: no gradient comes back to it, while others pass."""
    frozen_line: int | None = None
    hooked: bool = False
    """Whether a hook of the learner's has run at this leaf."""
    behind: bool = False
    """Whether its value was last written behind autograd's back, as by `.data`: its version did not rise."""
    grad_fn: NodeId | None = None
    """The node that made it, or that last wrote into it."""
    awaits: bool = True
    """Whether an empty tray stands under the leaf: not where the shown backward brings nothing to it."""


@dataclass(frozen=True, slots=True)
class TabState:
    """`waiting` before its turn, `running` in this step, `done` after it in this backward, `used` once it was freed."""

    phase: Phase
    runs: int = 0
    hooked: bool = False
    """Whether a hook of the learner's has run at this node."""
    pins: tuple[PinPhase, ...] = ()
    """How each of the tab's pins stands."""
    fallen: float = 1.0
    """How far the dropped pins have fallen, within the step that drops them."""


@dataclass(frozen=True, slots=True)
class CircleState:
    present: bool
    tabs: tuple[TabState, ...] = ()
    funnel: Funnel | None = None
    result: Shown | None = None
    """The value it computed, while no lane and no box shows it yet."""
    told: Shown | None = None
    """What a tag says."""


@dataclass(frozen=True, slots=True)
class BlockState:
    """A closed group after the step. Not `present`: none of its operations has been made yet."""

    present: bool
    made: int
    """How many of its operations are done."""
    ran: int
    """How many of its nodes have run in the shown backward, of `nodes` that can run in it."""
    nodes: int
    phase: Phase
    norm: float | None
    """Norm of all its parameters' gradients together; None where not one of them has a gradient."""
    covered: bool = False
    """Whether a question hides that norm."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """`value` is the chip of an anonymous intermediate. `gradient` is what has travelled back in this backward."""

    present: bool
    laid: bool
    value: Shown | None = None
    gradient: Shown | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Numbers that a callout draws in their own shape, under what they are called."""

    text: str
    shown: Shown
    about: Literal["value", "gradient"] = "value"


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a callout draws: a small sheet that stretches to a large one (`dims` of the large one), a large one that folds
    back to a small one, or the two factors of a matrix product and their product.
    """

    kind: Literal["stretch", "fold", "product"]
    sheets: tuple[Sheet, ...]
    dims: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Callout:
    """What the running node does, in numbers: "receives 1", then a line for each gradient it passes on; or another step."""

    item: ItemId
    title: str
    lines: tuple[str, ...]
    glows: tuple[ItemId, ...] = ()
    """Boxes whose value was saved and is used now."""
    about: Literal["gradient", "value", "error"] = "gradient"
    """Its colour says of what it speaks."""
    drawings: tuple[Drawing, ...] = ()


@dataclass(frozen=True, slots=True)
class Rename:
    """A Python name that goes from one box to another."""

    name: str
    old: ItemId
    new: ItemId


@dataclass(frozen=True, slots=True)
class Motion:
    """What moves in this step: pulses along lanes (forward or back), the item that works, the boxes that change."""

    kind: Literal["none", "forward", "backward", "accumulate", "change", "error"]
    item: ItemId | None = None
    receives: tuple[LaneId, ...] = ()
    passes: tuple[LaneId, ...] = ()
    boxes: tuple[ItemId, ...] = ()
    makes: tuple[ItemId, ...] = ()
    """What a backward with create_graph makes in this step: circles and boxes of the gradient's own graph."""
    lays: tuple[LaneId, ...] = ()
    """The lanes to and from what it makes."""
    renames: tuple[Rename, ...] = ()
    breaks: tuple[ItemId, ...] = ()
    """Circles that saved what this step writes: their pins turn red."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the canvas needs to draw the state after `step` (-1: before the first)."""

    structure: Structure
    step: int
    boxes: Mapping[ItemId, BoxState]
    circles: Mapping[ItemId, CircleState]
    lanes: Mapping[LaneId, LaneState]
    motion: Motion
    callout: Callout | None
    seeds: tuple[tuple[ItemId, Shown], ...] = ()
    """v, the gradients that the backward in progress began with, each at its root."""
    backward: BackwardId | None = None
    blocks: Mapping[ItemId, BlockState] = field(default_factory=dict)
