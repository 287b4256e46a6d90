"""Rows of blocks of one kind: the turns of a loop, calls of one function again and again, modules of one class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from tutor.trace.parts import Marks, Part, part_of, size_of
from tutor.trace.places import Loop, Place

Children = list[Part | int]

LONG = 36
"""How many blocks are seen when a row is opened; a longer one is parted into tens, hundreds, thousands."""
MIN_CIRCLES = 8
"""A row of fewer circles is no row."""
MIN_LAYERS = 16
"""A row of neighbouring layers, linear and ReLU, of fewer circles is none: a small network needs no such parts."""
MIN_MODULES = 3
_CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})
_TEN = 10
_TRIES = 6
_PASSES = 3


def with_rows(children: Children, marks: Marks, around: frozenset[Loop] = frozenset()) -> Children:
    """The children with their rows made into parts; `around`: loops that have nothing to do with them."""
    found = _Loops(marks).in_text(children, around)
    for _pass in range(_PASSES):
        again = _repeated(found, marks)
        if len(again) == len(found):
            break
        found = again
    return _modules(found, marks)


def parted(part: Part, numbers: Sequence[str] = ()) -> None:
    """Parts a long row into tens, hundreds …; `numbers` are what its blocks are called, if not 1, 2, 3 …"""
    count, width = len(part.children), 1
    numbers = numbers or [str(at + 1) for at in range(count)]
    while math.ceil(count / width) > LONG:
        width *= _TEN
        part.children = _tens(part, numbers, width)


def _tens(row: Part, numbers: Sequence[str], width: int) -> Children:
    """Every ten children made one part, which then stands for `width` of the row's blocks."""
    made: Children = []
    for at in range(0, len(row.children), _TEN):
        own = row.children[at : at + _TEN]
        start = at // _TEN * width
        last = min(start + width, len(numbers))
        name = _common([numbers[start], numbers[last - 1]])
        part = part_of("repeat", own, name=name, type_name=row.type_name, count=last - start, of=row.of)
        made.append(part if len(own) > 1 else own[0])
    return made


# ------------------------------------------------------------------ loops in the text


class _Loops:
    """Finds the loops in whose body children stand, and cuts them into turns."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def in_text(self, children: Children, within: frozenset[Loop]) -> Children:
        made: Children = []
        at = 0
        while at < len(children):
            loop, inside = self._turning(children, at, within)
            if loop is None:
                made.append(children[at])
                at += 1
                continue
            end = self._end(children, at, loop)
            period = self._period(children[at:end])
            back, end = self._extended(children, at, end, loop, period, floor=len(made))
            del made[len(made) - back :]
            at -= back
            made.extend(self._row(children[at:end], loop, period, inside, opens=back > 0))
            at = end
        return made

    def _turning(
        self, children: Children, at: int, within: frozenset[Loop]
    ) -> tuple[Loop | None, frozenset[Loop]]:
        """The outermost loop of which it can be seen whether it has turned, and those around it."""
        loop = self._loop(children[at], within)
        while loop is not None and self._inner(children[at : self._end(children, at, loop)], loop):
            within |= {loop}
            loop = self._loop(children[at], within)
        return loop, within

    def _loop(self, child: Part | int, within: frozenset[Loop]) -> Loop | None:
        place = self._marks.place(child)
        return next((loop for loop in place.loops if loop not in within), None) if place else None

    def _inner(self, stretch: Children, loop: Loop) -> Loop | None:
        """The next loop within, where all of it lies in that one: whether the outer one has turned cannot be seen."""
        places = [p for child in stretch if (p := self._marks.place(child)) is not None and loop in p.loops]
        inner = {p.loops[at] if (at := p.loops.index(loop) + 1) < len(p.loops) else None for p in places}
        return inner.pop() if len(inner) == 1 else None

    def _end(self, children: Children, at: int, loop: Loop) -> int:
        """Behind the last child that stands in the loop, before one that stands behind it in the text."""
        own = self._marks.place(children[at])
        assert own is not None
        end = at + 1
        for number in range(at + 1, len(children)):
            place = self._marks.place(children[number])
            if place is not None and loop in place.loops:
                end = number + 1
            elif place is not None and _is_behind(place, own):
                break
        return end

    def _period(self, stretch: Children) -> int:
        """After how many children it repeats itself, whole turns at least twice; 0 where it does not."""
        marks = [self._marks.mark(child) for child in stretch]
        borders = [0] * len(marks)
        for at in range(1, len(marks)):
            length = borders[at - 1]
            while length and marks[at] != marks[length]:
                length = borders[length - 1]
            borders[at] = length + (marks[at] == marks[length])
        period = len(marks) - borders[-1]
        return period if 2 * period <= len(marks) else 0

    def _extended(
        self, children: Children, at: int, end: int, loop: Loop, period: int, *, floor: int
    ) -> tuple[int, int]:
        """How many children before it belong to its first turn, and where its last one ends: calls of other functions."""
        mark = self._marks.mark
        foreign = [child for child in children[at:end] if not self._is_in(child, loop)]
        known, longest = (
            {mark(child) for child in foreign},
            period - 1 if period else self._longest(children[at:end], loop),
        )
        back = 0
        while back < min(floor, longest) and mark(children[at - back - 1]) in known:
            if period and mark(children[at - back - 1]) != mark(children[at - back - 1 + period]):
                break
            back += 1
        while not back and end < len(children) and mark(children[end]) in known:
            if period and not ((end - at) % period and mark(children[end]) == mark(children[end - period])):
                break
            end += 1
        return back, end

    def _longest(self, stretch: Children, loop: Loop) -> int:
        """The most calls of other functions between two of the loop's own operations."""
        runs = groupby(stretch, lambda child: self._is_in(child, loop))
        return max((sum(1 for _child in run) for own, run in runs if not own), default=0)

    def _is_in(self, child: Part | int, loop: Loop) -> bool:
        place = self._marks.place(child)
        return place is not None and loop in place.loops

    def _row(
        self, stretch: Children, loop: Loop, period: int, within: frozenset[Loop], *, opens: bool
    ) -> Children:
        if size_of(stretch) < MIN_CIRCLES:
            return stretch
        if period and not self._goes_back(stretch[:period], loop):
            turns = [stretch[at : at + period] for at in range(0, len(stretch), period)]
        else:
            turns = self._turns(stretch, loop, opens=opens)
        behind = turns.pop() if all(at < 0 for at in self._statements(turns[-1], loop)) else []
        inner = [self.in_text(turn, within | {loop}) for turn in turns]
        return [*_turned(inner, loop.header), *behind]

    def _goes_back(self, unit: Children, loop: Loop) -> bool:
        told = list(self._statements(unit, loop))
        return any(later < earlier for earlier, later in pairwise(told))

    def _statements(self, unit: Children, loop: Loop) -> Iterator[int]:
        for child in unit:
            place = self._marks.place(child)
            if place is not None and loop in place.loops:
                yield loop.statement_at(place.at)

    def _turns(self, stretch: Children, loop: Loop, *, opens: bool) -> list[Children]:
        """A turn is over where the run goes back in the text, or does again what the turn began with.

        `opens`: calls of other functions that follow the last statement belong to the next turn.
        """
        turns: list[Children] = [[]]
        bottom = max(self._statements(stretch, loop))
        last, begun, opening = -2, -2, -1
        for child in stretch:
            place = self._marks.place(child)
            if place is not None and loop in place.loops:
                statement = loop.statement_at(place.at)
                own = place.loops[-1] == loop
                again = own and statement == last == begun and self._marks.mark(child) == opening
                if turns[-1] and (statement < last or again):
                    turns.append([])
                if last == -2 or not turns[-1]:
                    begun, opening = statement, self._marks.mark(child)
                last = statement
            elif opens and last == bottom:
                turns.append([])
                last = -2
            turns[-1].append(child)
        return turns


def _is_behind(place: Place, own: Place) -> bool:
    """Whether the loop in `own` is over here: in the same function, or outside of all in another text."""
    if place.source == own.source:
        return place.function == own.function
    return not place.function


def _turned(turns: list[Children], name: str) -> Children:
    """The row of these turns; what it consists of, where that is no row or one of modules."""
    if len(turns) < 2 or size_of([*turns[0], *turns[-1]]) < MIN_CIRCLES:
        return [child for turn in turns for child in turn]
    if all(len(turn) == 1 and isinstance(turn[0], Part) and turn[0].kind == "module" for turn in turns):
        return [child for turn in turns for child in turn]
    blocks: Children = [
        turn[0] if size_of(turn) == 1 else part_of("turn", turn, name=str(number + 1))
        for number, turn in enumerate(turns)
    ]
    return [part_of("repeat", blocks, name=name, count=len(blocks), of="turn")]


# ------------------------------------------------------------------ what repeats without a loop in sight


def _repeated(children: Children, marks: Marks) -> Children:
    """Makes rows of what comes again at once: a function that a loop of another file calls."""
    own = [marks.mark(child) for child in children]
    following = _following(own)
    made: Children = []
    at = 0
    while at < len(own):
        period, count = _best(own, following, at)
        end = at + period * count
        if count < 2 or size_of(children[at:end]) < MIN_CIRCLES or _is_plain(children[at:end], period):
            made.append(children[at])
            at += 1
            continue
        turns = [children[start : start + period] for start in range(at, end, period)]
        if all(_is_of_layers(turn, marks) for turn in turns):
            is_long = size_of(children[at:end]) >= MIN_LAYERS
            made.extend([_layers(turns, marks)] if is_long else children[at:end])
        else:
            made.extend(_turned(turns, _function(children[at:end], marks)))
        at = end
    return made


def _is_of_layers(turn: Children, marks: Marks) -> bool:
    """Whether it consists of several modules' calls, one after the other: linear, ReLU."""
    calls = [marks.called(child) for child in turn]
    return len(turn) > 1 and None not in calls and len({call[0] for call in calls if call}) == len(turn)


def _layers(turns: list[Children], marks: Marks) -> Part:
    """The row of such neighbours, each under the paths and the classes of its modules."""
    blocks: Children = []
    for turn in turns:
        calls = [call for child in turn if (call := marks.called(child))]
        name = _common([path for _call, path, _kind in calls])
        blocks.append(part_of("module", turn, name=name, type_name=", ".join(call[2] for call in calls)))
    paths = [call[1] for turn in (turns[0], turns[-1]) for child in turn if (call := marks.called(child))]
    kinds = blocks[0].type_name if isinstance(blocks[0], Part) else ""
    return part_of("repeat", blocks, name=_common(paths), type_name=kinds, count=len(blocks), of="module")


def _is_plain(stretch: Children, period: int) -> bool:
    """Parts one by one: calls of one module, or rows."""
    return period == 1 and isinstance(stretch[0], Part)


def _following(own: list[int]) -> list[int]:
    """For each child the next one with its mark."""
    later: dict[int, int] = {}
    following = [len(own)] * len(own)
    for at in range(len(own) - 1, -1, -1):
        following[at] = later.get(own[at], len(own))
        later[own[at]] = at
    return following


def _best(own: list[int], following: list[int], at: int) -> tuple[int, int]:
    """The period that covers most from here on, and how many whole times."""
    best, covered = (1, 1), 1
    start = following[at]
    for _try in range(_TRIES):
        period = start - at
        if start >= len(own):
            break
        end = start
        while end < len(own) and own[end] == own[end - period]:
            end += 1
        count = (end - at) // period
        if count > 1 and count * period > covered:
            best, covered = (period, count), count * period
        start = following[start]
    return best


def _function(stretch: Children, marks: Marks) -> str:
    """The function in which all of it stands; ""."""
    names = {place.name if (place := marks.place(child)) else "" for child in stretch}
    return names.pop() if len(names) == 1 else ""


# ------------------------------------------------------------------ like modules


def _modules(children: Children, marks: Marks) -> Children:
    """Makes rows of neighbouring modules of one class; containers must be equal down to their operations."""
    made: Children = []
    for _key, run in groupby(children, lambda child: _class(child, marks)):
        own = list(run)
        if _key is None or len(own) < MIN_MODULES:
            made.extend(own)
            continue
        parts = [child for child in own if isinstance(child, Part)]
        name = _common([part.name for part in parts])
        made.append(
            part_of("repeat", own, name=name, type_name=parts[0].type_name, count=len(own), of="module")
        )
    return made


def _class(child: Part | int, marks: Marks) -> tuple[str, int] | None:
    if isinstance(child, int) or child.kind != "module":
        return None
    return child.type_name, marks.shape(child) if child.type_name in _CONTAINERS else 0


def _common(names: list[str]) -> str:
    """ "blocks.0", …, "blocks.11" → "blocks.0–11"; one name for all where it is one."""
    first, last = names[0], names[-1]
    if first == last:
        return first
    stem, dot, number = first.rpartition(".")
    other, _dot, end = last.rpartition(".")
    return f"{stem}{dot}{number}–{end}" if stem == other else f"{first}–{last}"
