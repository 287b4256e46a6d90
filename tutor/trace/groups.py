"""The groups of a graph: calls of modules, turns of loops, iterations, and rows of these, as a tree over its items."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

from tutor.protocol import ModuleCallId, Operation
from tutor.trace.index import Index
from tutor.trace.iterations import Iteration
from tutor.trace.parts import Marks, Part, parts_in
from tutor.trace.picture import Box, Circle, Group, ItemId, Lane
from tutor.trace.places import Loop, Place, places_of
from tutor.trace.rows import parted, with_rows
from tutor.trace.trace import ModuleCall, Trace

_LETTERS = {"module": "m", "turn": "l", "iteration": "i", "repeat": "r"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is grouped."""

    operations: Sequence[Operation]
    circles: Sequence[Circle]
    boxes: Sequence[Box]
    lanes: Sequence[Lane]
    turns: Sequence[Iteration] = ()
    """The iterations, where the whole is drawn."""


def groups_of(trace: Trace, index: Index, drawn: Drawn) -> tuple[Group, ...]:
    """The tree, a group before those within it. A group has at least two circles."""
    if len(drawn.circles) < 2:
        return ()
    places = places_of(index)
    found = [places.of(circle.span) for circle in drawn.circles]
    tops = _Tree(trace, drawn, found).grown()
    if not tops:
        return ()
    return _Namer(trace, index, drawn, found).named(tops)


# ------------------------------------------------------------------ the tree


class _Tree:
    """Calls of modules within iterations, and the rows in each of them."""

    def __init__(self, trace: Trace, drawn: Drawn, places: Sequence[Place | None]) -> None:
        self._calls, self._drawn = trace.module_calls, drawn
        self._chains: dict[ModuleCallId, tuple[ModuleCallId, ...]] = {}
        calls = [tuple(self._told(call) for call in self._chain(o.call)) for o in drawn.operations]
        self._marks = Marks((_key(circle) for circle in drawn.circles), places, calls)

    def grown(self) -> list[Part]:
        """The outermost parts."""
        root = Part("repeat", 0, len(self._drawn.operations), of="iteration")
        self._nest(root)
        for part in reversed(list(parts_in(root.children))):
            self._settle(part)
        self._settle(root)
        for part in parts_in([root]):
            if part.kind == "repeat" and (part is not root or self._drawn.turns):
                parted(part, _names(part))
        return [child for child in root.children if isinstance(child, Part)]

    def _nest(self, root: Part) -> None:
        stack: list[tuple[object, Part]] = [("", root)]
        for number, operation in enumerate(self._drawn.operations):
            chain = ("", *self._turn(operation), *self._chain(operation.call))
            depth = 1
            while depth < min(len(stack), len(chain)) and stack[depth][0] == chain[depth]:
                depth += 1
            del stack[depth:]
            for key in chain[depth:]:
                part = self._part(key, number)
                stack[-1][1].children.append(part)
                stack.append((key, part))
            stack[-1][1].children.append(number)
            for entry in stack:
                entry[1].end = number + 1

    def _turn(self, operation: Operation) -> tuple[Iteration, ...]:
        turns = self._drawn.turns
        if not turns:
            return ()
        return (turns[max(0, bisect_right(turns, operation.step, key=lambda t: t.first_step) - 1)],)

    def _chain(self, call: ModuleCallId | None) -> tuple[ModuleCallId, ...]:
        if call is None or not 0 <= call < len(self._calls):
            return ()
        found = self._chains.get(call)
        if found is None:
            found = self._chains[call] = (*self._chain(self._calls[call].parent), call)
        return found

    def _told(self, call: ModuleCallId) -> tuple[ModuleCallId, str, str]:
        row = self._calls[call]
        return call, _path(row, self._calls), row.kind

    def _part(self, key: object, number: int) -> Part:
        if isinstance(key, Iteration):
            return Part("iteration", number, number + 1, name=str(key.number))
        assert isinstance(key, int)
        call = self._calls[key]
        return Part(
            "module", number, number + 1, name=_path(call, self._calls), type_name=call.kind, call=call.id
        )

    def _settle(self, part: Part) -> None:
        """Without parts of one circle, and without a part that is all there is in another; with its rows."""
        part.children = [
            child.first if isinstance(child, Part) and child.size == 1 else child for child in part.children
        ]
        if part.size > 1 and not any(isinstance(c, Part) and c.kind == "iteration" for c in part.children):
            part.children = with_rows(part.children, self._marks, self._around(part))
        only = part.children[0]
        if len(part.children) == 1 and isinstance(only, Part) and part.kind in ("module", "iteration"):
            part.children = only.children
            if only.kind == "repeat":
                parted(only, _names(only))
                part.children, part.count, part.of = only.children, only.count, only.of

    def _around(self, part: Part) -> frozenset[Loop]:
        """The loops in which a module of the library is called: what it does has the place of that call."""
        if part.kind != "module":
            return frozenset()
        own = [child for child in part.children if isinstance(child, int)]
        found = {self._marks.place(number) for number in own if self._marks.is_outside(number, part)}
        only = found.pop() if len(found) == 1 else None
        return frozenset(only.loops) if only is not None else frozenset()


def _names(row: Part) -> list[str]:
    """What its blocks are called, where that tells them apart."""
    names = [child.name if isinstance(child, Part) else "" for child in row.children]
    return names if row.of != "turn" and len(set(names)) == len(names) else []


def _key(circle: Circle) -> object:
    span = circle.span
    where = None if span is None else (span.source, span.line, span.col, span.end_line, span.end_col)
    return where, circle.function, circle.zone


def _path(call: ModuleCall, calls: Sequence[ModuleCall]) -> str:
    """Without the variable that holds the outermost module, but for that one itself."""
    root = call
    while root.parent is not None:
        root = calls[root.parent]
    start = f"{root.path}."
    return call.path.removeprefix(start) if root is not call else call.path


# ------------------------------------------------------------------ who lives where


@dataclass(slots=True)
class _Uses:
    """The circles that use a box, and the one that made it."""

    first: int
    last: int
    maker: int | None = None
    circles: list[int] = field(default_factory=list)


class _Namer:
    """Gives each part its items and its name."""

    def __init__(self, trace: Trace, index: Index, drawn: Drawn, places: Sequence[Place | None]) -> None:
        self._trace, self._index, self._drawn, self._places = trace, index, drawn, places
        self._numbers = {circle.id: number for number, circle in enumerate(drawn.circles)}
        self._innermost: list[Part | None] = [None] * len(drawn.circles)
        self._parts: list[Part] = []

    def named(self, tops: list[Part]) -> tuple[Group, ...]:
        self._parts = list(parts_in(tops))
        for part in self._parts:
            for child in part.children:
                if isinstance(child, Part):
                    child.parent = part
            self._innermost[part.first : part.end] = [part] * part.size
        uses = self._uses()
        homes = {box.id: self._home(box, uses[box.id]) for box in self._drawn.boxes if box.id in uses}
        items = self._items(uses, homes)
        leaves = self._leaves(uses, homes)
        return tuple(self._groups(items, leaves))

    def _uses(self) -> dict[ItemId, _Uses]:
        found: dict[ItemId, _Uses] = {}
        for lane in self._drawn.lanes:
            target, source = self._numbers.get(lane.target), self._numbers.get(lane.source)
            box = lane.source if source is None else lane.target
            number = target if source is None else source
            if number is None or (source is not None and target is not None):
                continue
            known = found.setdefault(box, _Uses(number, number))
            known.first, known.last = min(known.first, number), max(known.last, number)
            if source is None:
                known.circles.append(number)
            else:
                known.maker = number
        return found

    def _home(self, box: Box, uses: _Uses) -> Part | None:
        """The part in which a box lies: its maker's, or the innermost one around all uses of a leaf that belongs to it."""
        if uses.maker is not None:
            return self._home_of_result(uses.maker)
        part = self._innermost[uses.first]
        while part is not None and (part.end <= uses.last or not self._belongs(box, uses, part)):
            part = part.parent
        return part

    def _home_of_result(self, maker: int) -> Part | None:
        """Outside of a module of the library to whose result the statement that calls it gives the name."""
        part, place = self._innermost[maker], self._places[maker]
        while part is not None and part.kind == "module" and maker == part.end - 1:
            if place is None or place.owner == part.type_name:
                break
            part = part.parent
        return part

    def _belongs(self, box: Box, uses: _Uses, part: Part) -> bool:
        """A parameter to its module, or to a loop or iteration without one; anything else to where it was born."""
        born = self._index.tensors[box.tensor].step
        module = _around(part)
        if module is not None and module.call is not None:
            call = self._trace.module_calls[module.call]
            if box.name.startswith((f"{call.path}.", f"{call.path}[")):
                return True
            end = len(self._trace.steps) if call.end_step is None else call.end_step
            if part is module or not call.step <= born < end:
                return call.step <= born < end
        elif box.is_leaf and box.tracked and (self._is_shared(part, uses) or _is_of_layer(box.name)):
            return True
        return self._is_born_in(box, part, born)

    def _is_shared(self, part: Part, uses: _Uses) -> bool:
        """Whether more than one block of a row uses it; what only one does is something to begin with."""
        if part.kind == "iteration":
            return True
        return part.kind == "repeat" and self._block(part, uses.first) != self._block(part, uses.last)

    def _block(self, row: Part, circle: int) -> Part | int:
        found: Part | int = circle
        for around in _up(self._innermost[circle]):
            if around is row:
                return found
            found = around
        return found

    def _is_born_in(self, box: Box, part: Part, born: int) -> bool:
        """Behind the circles before the part, and in the loop's text where there is none."""
        operations = self._drawn.operations
        if part.kind == "iteration":
            turn = next((t for t in self._drawn.turns if str(t.number) == part.name), None)
            return turn is not None and turn.first_step <= born < turn.end_step
        if part.first and born <= operations[part.first - 1].step:
            return False
        made = self._index.made_by.get(box.tensor)
        place = places_of(self._index).of(self._index.operations[made].span) if made is not None else None
        first = self._places[part.first]
        if place is None or first is None:
            return False
        return bool(first.loops) and first.loops == place.loops[: len(first.loops)]

    # ------------------------------------------------------------- items and leaves

    def _items(self, uses: dict[ItemId, _Uses], homes: dict[ItemId, Part | None]) -> dict[Part, list[ItemId]]:
        order: list[tuple[int, int, ItemId, Part | None]] = [
            (number, 1, circle.id, self._innermost[number])
            for number, circle in enumerate(self._drawn.circles)
        ]
        for box, home in homes.items():
            maker = uses[box].maker
            order.append((uses[box].first, 0, box, home) if maker is None else (maker, 2, box, home))
        order.sort(key=lambda entry: entry[:2])
        found: dict[Part, list[ItemId]] = {part: [] for part in self._parts}
        for _number, _side, item, home in order:
            while home is not None:
                found[home].append(item)
                home = home.parent
        return found

    def _leaves(
        self, uses: dict[ItemId, _Uses], homes: dict[ItemId, Part | None]
    ) -> dict[Part, dict[ItemId, int]]:
        """Of each part its trainable leaves and their sizes: those within; not for a turn also those its modules own."""
        found: dict[Part, dict[ItemId, int]] = {part: {} for part in self._parts}
        for box in self._drawn.boxes:
            if not (box.is_leaf and box.tracked and box.id in uses):
                continue
            size = prod(box.shape)
            for part in _up(homes[box.id]):
                found[part][box.id] = size
            owners = {self._innermost[number] for number in uses[box.id].circles}
            for start in owners:
                self._own(box, size, start, found)
        return found

    def _own(self, box: Box, size: int, start: Part | None, found: dict[Part, dict[ItemId, int]]) -> None:
        module = None if start is None else _around(start)
        if module is None or module.call is None:
            return
        path = self._trace.module_calls[module.call].path
        root = path.split(".")[0]
        if not box.name.startswith((f"{path}.", f"{root}.")):
            return
        is_own = box.name.startswith(f"{path}.")
        for part in _up(start):
            if part.kind == "module" and part.call is not None and not is_own:
                is_own = box.name.startswith(f"{self._trace.module_calls[part.call].path}.")
            if is_own and "turn" not in (part.kind, part.of):
                found[part][box.id] = size

    # ------------------------------------------------------------- groups

    def _groups(
        self, items: dict[Part, list[ItemId]], leaves: dict[Part, dict[ItemId, int]]
    ) -> Iterator[Group]:
        ids: dict[Part, tuple[ItemId, int]] = {}
        counts: Counter[str] = Counter()
        for part in self._parts:
            stem = f"{_LETTERS[part.kind]}{part.first}"
            nth, counts[stem] = counts[stem], counts[stem] + 1
            parent, depth = ids[part.parent] if part.parent is not None else (None, -1)
            own = ItemId(f"{stem}.{nth}" if nth else stem)
            ids[part] = own, depth + 1
            yield Group(
                id=own,
                kind=part.kind,
                name=part.name,
                type_name=part.type_name,
                count=part.count,
                operations=part.size,
                parameters=sum(leaves[part].values()),
                items=tuple(items[part]),
                parent=parent,
                depth=depth + 1,
                of=part.of,
                leaves=tuple(leaves[part]),
            )


def _is_of_layer(name: str) -> bool:
    """ "layers[0].weight", not "x"."""
    return "." in name or "[" in name


def _around(part: Part) -> Part | None:
    """The innermost module that it is or lies in."""
    return next((p for p in _up(part) if p.kind == "module" and p.call is not None), None)


def _up(part: Part | None) -> Iterator[Part]:
    while part is not None:
        yield part
        part = part.parent
