"""One run of the engine while it works: what is hooked, what was seen; and small questions about graphs and errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from msgspec import structs
from torch.autograd.graph import GradientEdge
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.budget import size
from tutor.kernel.copies import Copies, complete, elements
from tutor.kernel.identity import Known
from tutor.kernel.nodes import Mark, is_accumulate, leaf_of, root_node, sequence
from tutor.protocol import (
    Accumulation,
    BackwardId,
    Data,
    GradientAccumulated,
    HookRan,
    NodeId,
    NodeRan,
    Span,
    TensorId,
)

Fingerprint = tuple[int, str, str]
EngineRun = Callable[..., Any]

NO_TASK = -1
"""What torch calls the graph task where the engine does not run."""

Read = Callable[[torch.Tensor | None], Data]
Put = Callable[..., None]

current_task: Callable[[], int] = torch._C._current_graph_task_id


class OwnKey:
    """The key of our hooks in torch's dicts, where the learner's have numbers: each is like no other."""

    __slots__ = ()


@dataclass(slots=True)
class Leaf:
    """A tensor whose AccumulateGrad is hooked, and what was seen of its `.grad` while its node runs."""

    tensor: torch.Tensor
    known: Known
    node: NodeId
    before: Data = None
    incoming: Data = None
    after: Data = None
    landed: bool = False


@dataclass(slots=True)
class Retained:
    """A tensor that is no leaf and whose `.grad` is filled, just before its node runs."""

    known: Known
    slot: int
    before: Data


@dataclass(slots=True)
class Run:
    """One entry into the engine while it works. Of the graph it holds the roots alone: the engine frees what it has run."""

    id: BackwardId
    create_graph: bool
    span: Span | None
    accumulates: bool
    roots: list[AutogradNode]
    inputs: list[torch.Tensor]
    """The tensors asked for that are no leaves."""

    asked: list[Any]
    """The tensors and edges that were asked for: without any, the engine runs all that it reaches."""

    retaining: list[bool]
    task: int | None = None
    """torch's own number for this run of the engine, known from the first hook on."""

    thread: int = field(default_factory=threading.get_ident)
    retained: dict[NodeId, list[Retained]] = field(default_factory=dict)
    hooked: list[dict[Any, Any]] = field(default_factory=list)
    handles: list[Any] = field(default_factory=list)
    done: dict[NodeId, None] = field(default_factory=dict)
    """The nodes that have run, in the engine's order."""

    landed_at: int = 0
    """The step of the last AccumulateGrad: what its post hooks do belongs to it."""

    hooks_ran: list[HookRan] = field(default_factory=list)
    """What the learner's hooks did for the node whose step is still to come."""

    copies: Copies | None = None
    """Where its gradients lie on a device that works by itself."""

    late: list[NodeRan | GradientAccumulated] = field(default_factory=list)
    """What waits for those copies."""

    unread: set[TensorId] = field(default_factory=set)
    """The tensors whose `.grad` waits for them."""

    key: OwnKey = field(default_factory=OwnKey)
    """Of this run alone: several recordings may hook the same nodes at once."""

    def is_current(self) -> bool:
        """Whether it is this run that works: a nested one may run the same nodes, a foreign thread's too."""
        task = current_task()
        if self.task is None and task != NO_TASK and self._may_work_here():
            self.task = task
        return self.task == task

    def _may_work_here(self) -> bool:
        """The engine works in the thread that called it, and in threads of its own, of which Python knows nothing."""
        here = threading.get_ident()
        return here == self.thread or not isinstance(_python_thread(here), threading.Thread)

    def reader(self, read: Read) -> Read:
        """How its gradients are read: at once, or when the engine has returned."""
        return read if self.copies is None else self.copies.take

    def teller(self, put: Put) -> Put:
        return put if self.copies is None else self._delay

    def _delay(self, event: NodeRan | GradientAccumulated, *, elements: int = 0) -> None:
        self.late.append(event)

    def arrive(self, put: Put) -> list[Accumulation]:
        """The engine has returned: tells what waited for its values; gives what landed in `.grad`, in order."""
        if self.copies is not None:
            self.copies.arrive()
        told = [complete(event) for event in self.late]
        self.late.clear()
        for event in told:
            put(event, elements=elements(event))
        return [event.accumulation for event in told if isinstance(event, GradientAccumulated)]

    def tell(self, put: Callable[..., None], step: int) -> None:
        """What the learner's hooks did up to here belongs to this step."""
        for row in self.hooks_ran:
            put(structs.replace(row, step=step), elements=size(row.before) + size(row.after))
        self.hooks_ran.clear()


def _python_thread(ident: int) -> threading.Thread | None:
    active: dict[int, threading.Thread] = threading._active  # type: ignore[attr-defined]
    thread = active.get(ident)
    return None if isinstance(thread, threading._DummyThread) else thread


def root(output: Any) -> AutogradNode | None:
    if isinstance(output, GradientEdge):
        return output.node
    return root_node(output) if isinstance(output, torch.Tensor) else None


def reach(
    roots: Sequence[AutogradNode], token: object
) -> tuple[list[AutogradNode], list[Mark], list[AutogradNode]]:
    """Every node that a backward from `roots` may run, with its mark, in one walk; and those that have no mark."""
    stack = list(dict.fromkeys(roots))
    seen = set(stack)
    found: list[AutogradNode] = []
    marks: list[Mark] = []
    unknown: list[AutogradNode] = []
    while stack:
        node = stack.pop()
        mark: Mark | None = node.metadata.get(token)  # type: ignore[attr-defined]
        if mark is None or mark.epoch.token is not token:
            unknown.append(node)
        else:
            found.append(node)
            marks.append(mark)
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                stack.append(following)
    return found, marks, unknown


def ends_of(asked: Sequence[Any], nodes: Sequence[AutogradNode]) -> list[AutogradNode]:
    """The nodes of the tensors that were asked for. A leaf's is looked for: to ask the leaf would make a node."""
    leaves = {id(tensor) for tensor in asked if isinstance(tensor, torch.Tensor) and tensor.grad_fn is None}
    found = [node for node in nodes if is_accumulate(node) and id(leaf_of(node)) in leaves]
    for wanted in asked:
        node = wanted.node if isinstance(wanted, GradientEdge) else wanted.grad_fn
        if node is not None:
            found.append(node)
    return found


def leading_to(ends: Sequence[AutogradNode], nodes: Sequence[AutogradNode]) -> set[AutogradNode]:
    """The nodes among `nodes` from which an edge leads towards one of `ends`."""
    before: dict[AutogradNode, list[AutogradNode]] = {}
    for node in nodes:
        for following, _ in node.next_functions:
            if following is not None:
                before.setdefault(following, []).append(node)
    leading: set[AutogradNode] = set()
    stack = list(ends)
    while stack:
        for node in before.get(stack.pop(), ()):
            if node not in leading:
                leading.add(node)
                stack.append(node)
    return leading


def first_ready(waiting: Sequence[AutogradNode]) -> AutogradNode | None:
    """The one of the nodes that have not run which the engine takes up next: its gradients are there, it is the newest."""
    awaited: set[AutogradNode] = set()
    for node in waiting:
        awaited.update(following for following, _ in node.next_functions if following is not None)
    ready = [node for node in waiting if node not in awaited]
    return max(ready, key=sequence, default=None)


def put_first(hooks: dict[Any, Any], key: object) -> None:
    """torch walks the dict as it was filled: an OrderedDict's own order does not count."""
    ours = hooks.pop(key)
    others = list(hooks.items())
    hooks.clear()
    hooks[key] = ours
    hooks.update(others)


def fingerprint(error: BaseException) -> Fingerprint:
    """Tells an exception without holding it: its traceback would keep the learner's tensors alive."""
    return id(error), type(error).__name__, str(error)
