"""The nodes of torch's autograd graph become known: found from `grad_fn`, given ids, told with edges and what they saved.

No strong reference to a node is kept: a node that is held keeps its whole graph alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import cast

import msgspec
import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.budget import Outlet
from tutor.kernel.identity import Tensors
from tutor.kernel.nodes import (
    NO_SEQUENCE,
    Epoch,
    Mark,
    is_accumulate,
    leaf_of,
    mark_of,
    node_name,
    put_mark,
    sequence,
)
from tutor.kernel.packed import packed_of
from tutor.kernel.saved import Saved
from tutor.protocol import CreatedBy, Edge, Node, NodeId, OperationId, Span

Following = tuple[int, NodeId, int]
"""Which output of a node leads to which node, as which of its `grad_outputs`."""


class Claimed(msgspec.Struct, gc=False):
    """A node that has just been given its id, and the known nodes that follow it (None: not looked up yet)."""

    node: AutogradNode
    mark: Mark
    following: list[Following] | None


class Graph:
    """Registers the nodes that an operation, or a backward with create_graph, has made."""

    def __init__(self, outlet: Outlet, tensors: Tensors, token: object) -> None:
        self._outlet = outlet
        self._put = outlet.put
        self._tensors = tensors
        self._token = token
        self.epoch = Epoch(token)
        self.ids = cast("Iterator[NodeId]", count())
        self.saved = Saved(tensors, outlet.limits)
        self.packs = False
        """Whether hooks for saved tensors have been on since the recording began."""

        self._first_sequence: int | None = None

    def claim(self, roots: Sequence[AutogradNode], *, span: Span | None = None) -> list[Claimed]:
        """Gives ids to the new nodes reachable from `roots`, in the order in which the forward made them."""
        if not roots:
            return []
        if len(roots) == 1:
            # What nearly every operation leaves behind: one new node, before known ones.
            (node,) = roots
            if mark_of(node, self._token) is not None:
                return []
            following = self.following(node)
            if following is not None:
                return [self._claimed(node, following, span)]
        return [self._claimed(node, None, span) for node in self._fresh(roots)]

    def describe(
        self,
        fresh: list[Claimed],
        *,
        operation: OperationId | None = None,
        operands: Sequence[torch.Tensor],
        created_by: CreatedBy | None = None,
    ) -> list[NodeId]:
        """Emits claimed nodes with their edges; returns their ids."""
        if not fresh:
            return []
        put, step, read = self._put, self._outlet.step, self.saved.of
        if self.packs or not operands:
            # Read as it is kept: made under the learner's hooks for saved tensors, perhaps before the recording.
            read = partial(packed_of, self.saved)
        for claimed in fresh:
            node, mark = claimed.node, claimed.mark
            put(
                Node(
                    id=mark.id,
                    name=node_name(node),
                    operation=operation if mark.leaf is None else None,
                    tensor=mark.leaf,
                    saved=read(node, operands),
                    sequence=self.relative(node),
                    created_by=created_by,
                    step=step,
                ),
                elements=self.saved.kept,
            )
            self.saved.kept = 0
        for claimed in fresh:
            source = claimed.mark.id
            for output, target, slot in claimed.following or self.following(claimed.node) or ():
                put(Edge(from_=source, output=output, to=target, input=slot))
        return [claimed.mark.id for claimed in fresh]

    def id_of(self, node: AutogradNode) -> NodeId:
        """The id of a node that was registered. Raises KeyError for another."""
        mark = mark_of(node, self._token)
        if mark is None:
            raise KeyError(node_name(node))
        return mark.id

    def running(self) -> NodeId | None:
        """The node that the engine runs in this thread."""
        node = torch._C._current_autograd_node()
        mark = None if node is None else self.mark(node)
        return None if mark is None else mark.id

    def mark(self, node: AutogradNode) -> Mark | None:
        return mark_of(node, self._token)

    def next_epoch(self, *, forget: bool) -> None:
        """With `forget` the nodes that were claimed since the last one are strangers again."""
        if forget:
            self.epoch.token = None
        self.epoch = Epoch(self._token)

    def _fresh(self, roots: Iterable[AutogradNode]) -> list[AutogradNode]:
        """New nodes as the forward made them: by sequence number, each accumulation before the node that leads to it."""
        token = self._token
        stack = [node for node in roots if mark_of(node, token) is None]
        if not stack or (len(stack) == 1 and not self._unknown_after(stack[0])):
            return stack
        order: dict[AutogradNode, int] = {}
        while stack:
            node = stack.pop()
            if node in order:
                continue
            order[node] = sequence(node)
            stack.extend(self._unknown_after(node))
        return _as_made(order)

    def _unknown_after(self, node: AutogradNode) -> list[AutogradNode]:
        token = self._token
        return [
            following
            for following, _ in node.next_functions
            if following is not None and mark_of(following, token) is None
        ]

    def following(self, node: AutogradNode) -> list[Following] | None:
        """Where a node's gradients go; None where one of those nodes has no id yet."""
        token = self._token
        found = []
        for output, (target, slot) in enumerate(node.next_functions):
            if target is not None:
                mark: Mark | None = target.metadata.get(token)  # type: ignore[attr-defined]
                if mark is None or mark.epoch.token is not token:
                    return None
                found.append((output, mark.id, slot))
        return found

    def _claimed(self, node: AutogradNode, following: list[Following] | None, span: Span | None) -> Claimed:
        # Only a leaf's node has nothing after it and a tensor of its own.
        leaf = None
        if not following and is_accumulate(node):
            leaf = self._tensors.see(leaf_of(node), self._outlet.step).id
        mark = Mark(self.epoch, next(self.ids), span, leaf)
        put_mark(node, mark)
        return Claimed(node, mark, following)

    def relative(self, node: AutogradNode) -> int | None:
        own: int = node._sequence_nr()
        if own >= NO_SEQUENCE:
            return None
        if self._first_sequence is None:
            self._first_sequence = own
        return own - self._first_sequence


def _as_made(order: dict[AutogradNode, int]) -> list[AutogradNode]:
    """The nodes by sequence number, each accumulation just before the first node that leads to it."""
    ordered: list[AutogradNode] = []
    placed: set[AutogradNode] = set()
    for node in sorted((node for node in order if order[node] < NO_SEQUENCE), key=order.__getitem__):
        for before, _ in node.next_functions:
            if before in order and before not in placed and order[before] >= NO_SEQUENCE:
                placed.add(before)
                ordered.append(before)
        ordered.append(node)
    ordered.extend(node for node in order if order[node] >= NO_SEQUENCE and node not in placed)
    return ordered
