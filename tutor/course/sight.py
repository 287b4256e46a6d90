"""The numbers that a learner can see while a question is open: were the answer among them, it could be read off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tutor.course.lesson import Lesson, Part
from tutor.course.marks import last_step, part_steps
from tutor.i18n import _
from tutor.protocol import Data, NodeId, TensorId
from tutor.trace.index import Index, index_of, last
from tutor.trace.iterations import iteration_at
from tutor.trace.trace import Backward, Trace
from tutor.trace.values import elements

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")


@dataclass(frozen=True, slots=True)
class Seen:
    """A number and where it is in sight."""

    number: float
    where: str


def in_sight(lesson: Lesson, part: int, trace: Trace) -> Iterator[Seen]:
    """What the part's text, code, picture and tables show, but for what it covers."""
    one = lesson.parts[part]
    prompt = one.question.prompt if one.question is not None else ""
    yield from _in_text(f"{one.markdown}\n{prompt}", _("the text of this part"))
    for cell in one.code_cells:
        yield from _in_text(lesson.document.cell(cell).text, _("the code of this part"))
    yield from _Viewer(lesson, part, trace).seen()


class _Viewer:
    """Looks at one part's end, with what the part covers left out."""

    def __init__(self, lesson: Lesson, part: int, trace: Trace) -> None:
        self._trace = trace
        self._index: Index = index_of(trace)
        self._end = last_step(lesson, part, trace)
        self._steps = _drawn(lesson.parts[part], trace, self._end)
        covers = lesson.parts[part].covers
        self._hidden_values = self._tensors(name for name in covers if not name.endswith(".grad"))
        self._hidden_grads = self._tensors(
            name.removesuffix(".grad") for name in covers if name.endswith(".grad")
        )
        self._hidden_nodes = {
            node for tensor in self._hidden_grads for node in self._index.accumulators.get(tensor, ())
        }

    def seen(self) -> Iterator[Seen]:
        for tensor in sorted(self._tensors_in_sight()):
            name = self._index.last_name(tensor, self._end) or _("an intermediate")
            if tensor not in self._hidden_values and (value := self._index.value_at(tensor, self._end)):
                yield from _of(value.value, _("the value of {name}").format(name=name))
            grad = self._index.grad_at(tensor, self._end)
            if tensor not in self._hidden_grads and grad is not None:
                yield from _of(grad.value, _("the gradient of {name}").format(name=name))
        for backward in self._trace.backwards:
            if backward.first_step in self._steps:
                yield from self._seen_in(backward)

    def _tensors_in_sight(self) -> set[TensorId]:
        now = (last(rows, self._end) for rows in self._index.names.values())
        named = {naming.tensor for naming in now if naming is not None}
        made = {value.tensor for value in self._trace.values if value.step in self._steps}
        return named | made

    def _seen_in(self, backward: Backward) -> Iterator[Seen]:
        for data in backward.gradients:
            yield from _of(data, _("v, with which backward begins"))
        for run in backward.steps:
            name = self._index.nodes[run.node].name
            if run.node not in self._hidden_nodes:
                for data in run.grad_outputs:
                    yield from _of(data, _("what {name} receives").format(name=name))
            for output, data in enumerate(run.grad_inputs):
                if not self._goes_to_hidden(run.node, output):
                    yield from _of(data, _("what {name} passes on").format(name=name))

    def _goes_to_hidden(self, node: NodeId, output: int) -> bool:
        edges = (self._index.edges[place] for place in self._index.edges_from.get(node, ()))
        return any(edge.output == output and edge.to in self._hidden_nodes for edge in edges)

    def _tensors(self, names: Iterable[str]) -> set[TensorId]:
        return {naming.tensor for name in names for naming in self._index.names.get(name, ())}


def _drawn(part: Part, trace: Trace, end: int) -> range:
    """The steps of the picture: those of the part, and of the whole iteration that its last step belongs to."""
    own = part_steps(part, trace) or range(end, end + 1)
    return range(min(own.start, iteration_at(trace, end).first_step), own.stop)


def _in_text(text: str, where: str) -> Iterator[Seen]:
    for found in _NUMBER.finditer(text):
        yield Seen(float(found.group()), where)


def _of(data: Data, where: str) -> Iterator[Seen]:
    for element in elements(data) if data is not None else ():
        if isinstance(element, int | float) and not isinstance(element, bool):
            yield Seen(float(element), where)
