"""Reads a trace in the learner's words, for tests: names instead of ids, sub-expressions instead of spans."""

from __future__ import annotations

from typing import NamedTuple

from tests.traces.recording import record_text
from tutor.protocol import Data, NodeId, Span, TensorId
from tutor.trace.trace import Trace


class Read:
    """A program and its trace."""

    def __init__(self, text: str, trace: Trace | None = None) -> None:
        self.text = text
        self.trace = record_text(text) if trace is None else trace
        self.names: dict[TensorId, str] = {named.tensor: named.name for named in self.trace.names}
        self.ids: dict[str, TensorId] = {named.name: named.tensor for named in self.trace.names}

    def name(self, tensor: TensorId) -> str:
        return self.names.get(tensor, f"#{tensor}")

    def code(self, span: Span | None) -> str:
        """The sub-expression that a span covers."""
        if span is None:
            return ""
        lines = self.trace.sources[span.source].text.splitlines()[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_col]
        lines[0] = lines[0][span.col :]
        return "\n".join(lines)

    def node(self, node: NodeId) -> str:
        """`PowBackward0`, or `AccumulateGrad of a`."""
        found = self.trace.nodes[node]
        return found.name if found.tensor is None else f"{found.name} of {self.name(found.tensor)}"

    def steps(self) -> list[str]:
        """Every step in a few words."""
        return [self.step(index) for index in range(len(self.trace.steps))]

    def step(self, index: int) -> str:
        step = self.trace.steps[index]
        match step.kind:
            case "operation":
                return f"{self.code(step.span)}"
            case "node":
                return f"{step.backward}: {self.node(NodeId(step.id))}"
            case "output":
                return f"output {self.trace.outputs[step.id].text.strip()}"
            case "error":
                return "error"
            case "gap":
                return f"gap of {self.trace.gaps[step.id].iterations}"
            case _:
                return f"{step.kind} {self.name(TensorId(step.id))}"

    def last_value(self, name: str) -> Data:
        """The last values seen of the tensor that had the name last."""
        return [value for value in self.trace.values if value.tensor == self.ids[name]][-1].value


class Landed(NamedTuple):
    tensor: str
    before: Data
    incoming: Data
    after: Data


def landed(read: Read, backward: int = 0) -> list[Landed]:
    return [
        Landed(read.name(a.tensor), a.before, a.incoming, a.after)
        for a in read.trace.backwards[backward].accumulations
    ]
