"""Holds a thinned recording against the whole one: the same at every step that it kept, and right at every gap."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tests.kernel.reading import Read
from tests.traces.recording import record_text
from tutor.kernel.budget import Limits
from tutor.protocol import Data
from tutor.trace.file.references import first_fault
from tutor.trace.index import index_of, last
from tutor.trace.trace import Backward, Trace

MANY = Limits(events=2_000_000, bytes=2_000_000_000)


@dataclass
class Thinned:
    """One program, recorded whole and with little room."""

    whole: Read
    kept: Read

    @classmethod
    def of(cls, text: str, limits: Limits) -> Thinned:
        return cls(Read(text, record_text(text, limits=MANY)), Read(text, record_text(text, limits=limits)))

    def twins(self) -> dict[int, int]:
        """Each kept step → the same step of the whole recording; a gap → the last step that lies in it."""
        kept, whole = self.kept.trace, self.whole.trace
        end_of_all = len(kept.steps) if kept.truncated is None else kept.truncated.step or 0
        edges = [-1, *(gap.step for gap in kept.gaps), end_of_all]
        found: dict[int, int] = {}
        for first, end in pairwise(edges):
            shift = self._shift(first, end, len(whole.steps) - len(kept.steps))
            found.update((step, step + shift) for step in range(max(first, 0), end))
        return found

    def _shift(self, first: int, end: int, at_the_end: int) -> int:
        before = 0
        if first < 0:
            return 0
        for gap in self.kept.trace.gaps:
            before += gap.backwards if gap.step <= first else 0
        for number, backward in enumerate(self.kept.trace.backwards):
            if first < backward.first_step < end:
                return self.whole.trace.backwards[number + before].first_step - backward.first_step
        return at_the_end


def assert_thinned(text: str, limits: Limits) -> Thinned:
    """Raises AssertionError where the thinned recording differs at a step that it kept."""
    both = Thinned.of(text, limits)
    assert_sound(both.kept.trace)
    whole, kept = both.whole.trace, both.kept.trace
    for step, twin in both.twins().items():
        here, there = _names(kept, step), _names(whole, twin)
        common = here.keys() & there.keys()
        # A tensor that two names hold may be called by either.
        assert {name: here[name] for name in common} == {name: there[name] for name in common}, (step, twin)
        if kept.steps[step].kind != "gap":
            assert _text(both.kept, step) == _text(both.whole, twin)
    left_out = sum(gap.backwards for gap in kept.gaps)
    left_out += 0 if kept.truncated is None else kept.truncated.backwards
    assert len(kept.backwards) + left_out == len(whole.backwards)
    twins = both.twins()
    by_step = {backward.first_step: backward for backward in whole.backwards}
    for backward in kept.backwards:
        twin_backward = by_step[twins[backward.first_step]]
        assert _told(both.kept, backward) == _told(both.whole, twin_backward)
    return both


def _names(trace: Trace, step: int) -> dict[str, tuple[Data, ...]]:
    """What is known of each name after the step."""
    index = index_of(trace)
    found = {}
    for name, namings in index.names.items():
        naming = last(namings, step)
        if naming is None or index.is_forgotten(naming, step):
            continue
        tensor = naming.tensor
        value, grad = index.value_at(tensor, step), index.grad_at(tensor, step)
        found[name] = (
            None if value is None else (value.value, value.stats, value.version),
            None if grad is None else grad.value,
            index.flag_at(tensor, step),
            trace.tensors[tensor].shape,
        )
    return found


def _text(read: Read, step: int) -> str:
    """A step in words, without the number of its backward."""
    return read.step(step).partition(": ")[2] or read.step(step)


def _told(read: Read, backward: Backward) -> object:
    """What the engine did, in names that do not depend on ids."""
    trace = read.trace
    order = {run.node: place for place, run in enumerate(backward.steps)}
    edges = {
        (order[edge.from_], edge.output, order[edge.to], edge.input)
        for edge in trace.edges
        if edge.from_ in order and edge.to in order
    }
    runs = [(trace.nodes[run.node].name, run.grad_outputs, run.grad_inputs) for run in backward.steps]
    sums = [(read.name(a.tensor), a.before, a.incoming, a.after) for a in backward.accumulations]
    return backward.entry, backward.gradients, backward.retain_graph, runs, sums, edges, backward.results


def assert_sound(trace: Trace) -> None:
    """Ids are places, references are to what came, rows lie in order: as if nothing had been left out."""
    assert first_fault(trace) is None
    for rows in (trace.tensors, trace.operations, trace.nodes, trace.outputs, trace.hooks):
        assert [row.step for row in rows] == sorted(row.step for row in rows)
    for operation in trace.operations:
        assert trace.steps[operation.step].kind in ("operation", "value_changed")
        assert "?" not in operation.arguments
    for number, gap in enumerate(trace.gaps):
        assert (trace.steps[gap.step].kind, trace.steps[gap.step].id) == ("gap", number)
