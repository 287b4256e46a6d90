"""Traces made by hand, of any length, for what recorded programs are too small for."""

from __future__ import annotations

from tutor.protocol import (
    Accumulation,
    BackwardBegan,
    BackwardEnded,
    BackwardId,
    Change,
    Edge,
    Gap,
    GradientAccumulated,
    Node,
    NodeId,
    NodeRan,
    NodeRun,
    Operation,
    OperationId,
    Step,
    Tensor,
    TensorId,
    TraceEvent,
    Value,
)


class Maker:
    """Writes the events of a program that doubles a leaf again and again, then goes backward."""

    def __init__(self) -> None:
        self.events: list[TraceEvent] = []
        self.tensors = self.operations = self.nodes = self.steps = self.backwards = self.gaps = 0

    def leaf(self, name: str) -> tuple[TensorId, NodeId]:
        tensor, node = TensorId(self.tensors), NodeId(self.nodes)
        operation = OperationId(self.operations)
        self._tensor(name, leaf=True, grad_fn=None)
        self._operation("torch.tensor", [], [tensor], [])
        self.events.append(
            Node(id=node, name="AccumulateGrad", operation=None, tensor=tensor, step=self.steps)
        )
        self.nodes += 1
        self._step("operation", operation)
        return tensor, node

    def double(self, tensor: TensorId, node: NodeId, name: str | None = None) -> tuple[TensorId, NodeId]:
        made, own, operation = TensorId(self.tensors), NodeId(self.nodes), OperationId(self.operations)
        self.events.append(
            Node(id=own, name="MulBackward0", operation=operation, tensor=None, sequence=own, step=self.steps)
        )
        self.nodes += 1
        self.events.append(Edge(from_=own, output=0, to=node, input=0))
        self._tensor(name, leaf=False, grad_fn=own)
        self._operation("torch.Tensor.mul", [tensor], [made], [own])
        self._step("operation", operation)
        return made, own

    def backward(self, root: TensorId, chain: list[NodeId], leaf: TensorId, before: float | None) -> float:
        key = BackwardId(self.backwards)
        self.backwards += 1
        self.events.append(
            BackwardBegan(
                id=key,
                entry="Tensor.backward",
                parent=None,
                roots=[chain[0]],
                root_tensors=[root],
                gradients=[1.0],
                inputs=[],
                retain_graph=False,
                create_graph=False,
                span=None,
                step=self.steps,
            )
        )
        for node in chain:
            run = NodeRun(node=node, grad_outputs=[1.0], grad_inputs=[1.0], step=self.steps)
            self.events.append(NodeRan(backward=key, run=run))
            if node is chain[-1]:
                self._accumulate(key, node, leaf, before)
            self._step("node", node, backward=key)
        self.events.append(BackwardEnded(id=key, results=[], error=None, step=self.steps))
        return (before or 0.0) + 1.0

    def gap(self, iterations: int, leaf: TensorId, value: float, grad: tuple[float | None, float]) -> None:
        """Iterations that are left out, behind which the leaf has another value and gradient."""
        step = self.steps
        self.events.append(Gap(iterations=iterations, operations=iterations, backwards=iterations, step=step))
        self.events.append(Value(tensor=leaf, step=step, version=iterations, value=value))
        before, after = grad
        self.events.append(Change(tensor=leaf, what="grad", before=before, after=after, span=None, step=step))
        self._step("gap", self.gaps)
        self.gaps += 1

    def _accumulate(self, key: BackwardId, node: NodeId, leaf: TensorId, before: float | None) -> None:
        after = (before or 0.0) + 1.0
        done = Accumulation(tensor=leaf, node=node, before=before, incoming=1.0, after=after, step=self.steps)
        self.events.append(GradientAccumulated(backward=key, accumulation=done))

    def _tensor(self, name: str | None, *, leaf: bool, grad_fn: NodeId | None) -> None:
        self.events.append(
            Tensor(
                id=TensorId(self.tensors),
                name=name,
                shape=[],
                dtype="float32",
                device="cpu",
                requires_grad=True,
                is_leaf=leaf,
                grad_fn=grad_fn,
                step=self.steps,
            )
        )
        self.events.append(Value(tensor=TensorId(self.tensors), step=self.steps, version=0, value=2.0))
        self.tensors += 1

    def _operation(
        self, function: str, inputs: list[TensorId], outputs: list[TensorId], nodes: list[NodeId]
    ) -> None:
        self.events.append(
            Operation(
                id=OperationId(self.operations),
                function=function,
                span=None,
                grad_enabled=True,
                module=None,
                inputs=inputs,
                outputs=outputs,
                arguments=[f"#{t}" for t in inputs],
                nodes=nodes,
                backward=None,
                step=self.steps,
            )
        )
        self.operations += 1

    def _step(self, kind: str, id_: int, backward: BackwardId | None = None) -> None:
        self.events.append(Step(kind=kind, id=id_, backward=backward))  # type: ignore[arg-type]
        self.steps += 1


def loop(turns: int, length: int) -> list[TraceEvent]:
    """A loop of `turns` iterations, each a chain of `length` doublings of one leaf and its backward."""
    maker = Maker()
    leaf = maker.leaf("w")
    before: float | None = None
    for _ in range(turns):
        before = _turn(maker, leaf, length, before)
    return maker.events


def thinned_loop(kept: list[int], left_out: list[int], length: int) -> list[TraceEvent]:
    """`loop`, of which `kept[0]` turns are kept, then `left_out[0]` left out, and so on."""
    maker = Maker()
    leaf = maker.leaf("w")
    before: float | None = None
    for number, turns in enumerate(kept):
        for _ in range(turns):
            before = _turn(maker, leaf, length, before)
        if number < len(left_out):
            after = (before or 0.0) + left_out[number]
            maker.gap(left_out[number], leaf[0], -after, (before, after))
            before = after
    return maker.events


def _turn(maker: Maker, leaf: tuple[TensorId, NodeId], length: int, before: float | None) -> float:
    tensor, node = leaf
    chain = [node]
    for at in range(length):
        tensor, node = maker.double(tensor, node, "loss" if at == length - 1 else None)
        chain.insert(0, node)
    return maker.backward(tensor, chain, leaf[0], before)
