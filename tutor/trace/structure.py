"""The still graph of one iteration (or of the whole run): boxes, circles, lanes and zones, from the trace."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from tutor.protocol import Data, NodeId, Operation, Span, TensorId
from tutor.trace.drawn import drawn_as, is_detach, is_drawn, ordered_nodes, zone_of
from tutor.trace.gradient_graph import gradient_graph, gradient_text, made_in, operations_at, texts_of
from tutor.trace.gradient_nodes import argument_text, operand_of
from tutor.trace.groups import Drawn, groups_of
from tutor.trace.index import Index, index_of
from tutor.trace.iterations import Iteration, iterations
from tutor.trace.keys import keys_of, signature_of
from tutor.trace.lanes import LaneMaker, box_id, circle_id
from tutor.trace.leaving import bound_name, is_bare, leaves, told_tensor
from tutor.trace.names import expression, short_name, shortened, written
from tutor.trace.picture import Box, Circle, ItemId, Structure, Tab
from tutor.trace.pins import pins_of
from tutor.trace.saved_views import TURNED, saved_rows
from tutor.trace.symbols import symbol
from tutor.trace.tabs import told_apart
from tutor.trace.trace import Trace
from tutor.trace.values import cell
from tutor.trace.zones import gradient_zones, zones_of

MAX_EARLIER = 2_000
"""Operations of earlier iterations drawn again because this one's gradients pass through them."""
_KEPT = 64
_NAME_LIMIT = 24
_UNSAID = frozenset({"total_weight", "weight_sum"})


def structure(trace: Trace, iteration: int | None) -> Structure:
    """The graph of an iteration; None: the unrolled whole. The same object as long as nothing was added to it."""
    index = index_of(trace)
    found = iterations(trace)
    kept = index.derived.setdefault("structures", OrderedDict())
    assert isinstance(kept, OrderedDict)
    stamp = () if iteration is not None and _is_settled(iteration, len(found)) else index.stamp
    entry = kept.get(iteration)
    if entry is None or entry[0] != stamp:
        entry = (stamp, _unchanged(entry[1] if entry else None, _built(trace, index, iteration)))
        kept[iteration] = entry
    kept.move_to_end(iteration)
    while len(kept) > _KEPT:
        kept.popitem(last=False)
    result = entry[1]
    assert isinstance(result, Structure)
    return result


def _is_settled(iteration: int, count: int) -> bool:
    """Whether nothing that comes can change it; the first one also looks at the next turn, behind an evaluation."""
    return iteration < count - (2 if iteration else 4)


def _unchanged(old: Structure | None, new: Structure) -> Structure:
    return old if old is not None and old == new else new


def _built(trace: Trace, index: Index, iteration: int | None) -> Structure:
    gradient_graph(trace, index)
    found = iterations(trace)
    if iteration is None:
        turns = found if len(found) > 1 else ()
        return _Builder(trace, index, Iteration(0, 0, len(trace.steps), ()), turns=turns).build()
    span = found[iteration]
    born_by = _consumed(trace, span) if iteration + 1 < len(found) else span.end_step
    drawn = _Builder(trace, index, span, born_by=born_by).build()
    following = next((turn for turn in found[1:3] if turn.backwards), None)
    if iteration == 0 and following is not None:
        return _without_preparation(trace, index, span, drawn, structure(trace, following.index))
    return drawn


def _consumed(trace: Trace, span: Iteration) -> int:
    """Where its last backward ends: what is made later and not used (the next batch) belongs to the next turn."""
    ends = [end for b in span.backwards if (end := trace.backwards[b].end_step) is not None]
    return max(ends, default=span.end_step)


def _without_preparation(
    trace: Trace, index: Index, span: Iteration, drawn: Structure, following: Structure
) -> Structure:
    """A loop's first turn as the next ones look, where only the preparation of its data (2*X + 1) makes it different."""
    if drawn.signature == following.signature:
        return drawn
    plain = _Builder(trace, index, span, prepared=True).build()
    return plain if plain.signature == following.signature else drawn


def _made_order(operation: Operation) -> tuple[int, int]:
    """Several operations of a gradient's graph are made in one step."""
    return operation.step, max(0, -operation.id)


class _Builder:
    """Builds one Structure out of the operations of steps `first` to before `end`."""

    def __init__(
        self,
        trace: Trace,
        index: Index,
        span: Iteration,
        *,
        born_by: int | None = None,
        prepared: bool = False,
        turns: tuple[Iteration, ...] = (),
    ) -> None:
        self.trace, self.index, self.iteration, self.turns = trace, index, span.index, turns
        self.texts: dict[tuple[int, ...], str] = {}
        self.first, self.end = span.first_step, span.end_step
        self.born_by = self.end if born_by is None else born_by
        """Until which step a new tensor is drawn even where nothing uses it."""
        self.prepared = prepared
        """Without what runs untracked before the first tracked operation, and without what nothing uses."""
        self.operations = self._operations()
        made = {t for o in self.operations for t in o.outputs if index.made_by.get(t) == o.id}
        self.boxed = self._boxed(made)

    def build(self) -> Structure:
        maker = LaneMaker(self.index, self.boxed)
        for operation in self.operations:
            maker.add(operation)
        lanes = tuple(maker.lanes)
        boxes = tuple(self._box(t) for t in self._box_order())
        circles = told_apart([self._circle(o) for o in self.operations])
        keys = keys_of(boxes, circles)
        zones = (
            *zones_of(self.index, self.operations, self.boxed, lanes),
            *gradient_zones(self.index, self.operations, self.boxed, lanes),
        )
        return Structure(
            iteration=self.iteration,
            boxes=boxes,
            circles=circles,
            lanes=lanes,
            zones=zones,
            first_step=self.first,
            last_step=max(self.first, self.end - 1),
            keys=keys,
            signature=signature_of(boxes, circles, lanes, zones, keys),
            groups=groups_of(
                self.trace, self.index, Drawn(self.operations, circles, boxes, lanes, self.turns)
            ),
        )

    # ------------------------------------------------------------- what belongs to it

    def _own(self) -> list[Operation]:
        made = operations_at(self.index)
        found = (
            o
            for step in range(self.first, self.end)
            for o in (self.index.operation_at.get(step), *made.get(step, ()))
        )
        return [self.index.operations[o] for o in dict.fromkeys(found) if o is not None]

    def _operations(self) -> list[Operation]:
        """The iteration's circles, and those of earlier ones through which its gradients still pass."""
        own = [o for o in self._own() if is_drawn(o, self.index) or leaves(o, self.index)]
        if self.prepared:
            own = own[next((at for at, o in enumerate(own) if o.nodes), 0) :]
        known = {o.id for o in own}
        earlier: list[Operation] = []
        todo = [t for o in own if o.nodes for t in o.inputs]
        while todo and len(earlier) < MAX_EARLIER:
            operation = self._tracked_maker(todo.pop())
            if operation is None or operation.id in known:
                continue
            known.add(operation.id)
            earlier.append(operation)
            todo.extend(operation.inputs)
        return sorted(earlier, key=_made_order) + own

    def _tracked_maker(self, tensor: TensorId) -> Operation | None:
        made = self.index.made_by.get(tensor)
        if made is None or not self.index.flag_at(tensor, self.first):
            return None
        operation = self.index.operations[made]
        return operation if operation.nodes and is_drawn(operation, self.index) else None

    def _boxed(self, made: set[TensorId]) -> set[TensorId]:
        """Named tensors, leaves, what nothing here made, and results that go nowhere else."""
        boxed = set() if self.prepared else set(self._born())
        used: set[TensorId] = set()
        for operation in self.operations:
            used.update(operation.inputs)
            for tensor in (*operation.inputs, *operation.outputs):
                if self._is_box(tensor, made):
                    owner = drawn_as(tensor, self.index)
                    boxed.add(tensor if owner is None else owner)
        for operation in self.operations:
            results = (*operation.outputs, *self.index.left.get(operation.id, ()))
            if operation.nodes and not any(t in used or t in boxed for t in results):
                boxed.update(operation.outputs[:1])
        return boxed

    def _is_box(self, tensor: TensorId, made: set[TensorId]) -> bool:
        maker = self._maker(tensor) if tensor in made else None
        if maker is not None and is_bare(maker, self.index):
            return False
        return tensor >= 0 and (
            tensor not in made
            or bool(self.index.last_name(tensor, self.end))
            or bool(self.index.accumulators.get(tensor))
        )

    def _born(self) -> Iterator[TensorId]:
        """Named tensors made in this iteration by what is no circle: torch.tensor(…), a parameter."""
        for operation in self._own():
            if operation.backward is None and not operation.inputs and operation.step < self.born_by:
                yield from (t for t in operation.outputs if self.index.last_name(t, self.end))

    def _box_order(self) -> list[TensorId]:
        """Boxes in the order in which the circles use them, then the others in the order of birth."""
        order: dict[TensorId, None] = {}
        for operation in self.operations:
            for tensor in (*operation.inputs, *operation.outputs):
                if tensor in self.boxed:
                    order[tensor] = None
        return [*order, *sorted(t for t in self.boxed if t not in order)]

    # ------------------------------------------------------------- its parts

    def _box(self, tensor: TensorId) -> Box:
        found = self.index.tensors[tensor]
        maker = self._maker(tensor)
        return Box(
            id=box_id(tensor),
            tensor=tensor,
            name=self.index.last_name(tensor, self.end)
            or shortened(written(expression(self.index, tensor)), _NAME_LIMIT)
            or f"#{tensor}",
            shape=tuple(self.index.shape_of(tensor)),
            dtype=found.dtype,
            is_leaf=self.index.is_leaf_at(tensor, self.end),
            tracked=self.index.flag_at(tensor, self.end),
            zone=zone_of(maker) if maker else "none",
            shares_memory_with=self._shares(tensor),
        )

    def _maker(self, tensor: TensorId) -> Operation | None:
        made = self.index.made_by.get(tensor)
        return None if made is None else self.index.operations[made]

    def _shares(self, tensor: TensorId) -> ItemId | None:
        maker = self._maker(tensor)
        if maker is None or not is_detach(maker) or not maker.inputs or maker.inputs[0] not in self.boxed:
            return None
        return box_id(maker.inputs[0])

    def _circle(self, operation: Operation) -> Circle:
        leaving = leaves(operation, self.index)
        return Circle(
            id=circle_id(operation.id),
            operation=operation.id,
            symbol=self._symbol(operation),
            function=operation.function,
            expression=written(gradient_text(self.index, operation.outputs[0]))
            if operation.id < 0 and operation.outputs
            else self._text(operation.span),
            tabs=tuple(self._tab(n, operation) for n in ordered_nodes(operation, self.index)),
            span=operation.span,
            zone=zone_of(operation),
            cut="detach" if is_detach(operation) else "python" if leaving else "none",
            tells=told_tensor(operation) if leaving else None,
            binds=bound_name(operation, self.index) if leaving else "",
            made_in=made_in(self.index, operation.id),
        )

    def _text(self, span: Span | None) -> str:
        """Read once for all turns of a loop."""
        if span is None:
            return ""
        key = (span.source, span.line, span.col, span.end_line, span.end_col)
        found = self.texts.get(key)
        if found is None:
            found = self.texts[key] = self.index.text(span)
        return found

    def _symbol(self, operation: Operation) -> str:
        """Of a whole backward step: ∂ and the sign of what was differentiated."""
        sign = symbol(operation)
        return f"∂{sign}" if operation.id < 0 and len(operation.nodes) > 1 else sign

    def _tab(self, node: NodeId, operation: Operation) -> Tab:
        found = self.index.nodes[node]
        rows = saved_rows(self.index, operation, found.saved)
        named = [(self._saved_name(node, key, kept, operation), kept) for key, kept in rows]
        saves = tuple(dict.fromkeys(name for name, _ in named if name))
        return Tab(node, found.name, saves, pins_of(named))

    def _saved_name(self, node: NodeId, key: str, saved: Data, operation: Operation) -> str:
        """What a tab calls a saved tensor: its name, "result", a plain number, else the node's own word for it."""
        if not isinstance(saved, dict) or "tensor" not in saved or key in _UNSAID or key.startswith("ctx."):
            return ""
        tensor = saved["tensor"]
        if "of" in saved:
            key, tensor = saved["of"], operand_of(self.index, node, saved["of"])
        if tensor is None:
            text = argument_text(self.index, operation, key, texts_of(self.index))
            if text:
                return shortened(written(text), _NAME_LIMIT)
            value = saved.get("value")
            return cell(value) if isinstance(value, int | float) else key
        name = self.index.last_name(tensor, self.end)
        if saved.get(TURNED):
            return f"{name or short_name(self.index, tensor, self.end)}ᵀ"
        if name:
            return name
        return "result" if tensor in operation.outputs else short_name(self.index, tensor, self.end)
