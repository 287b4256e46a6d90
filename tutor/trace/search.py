"""What of a graph a query finds: by name, function, grad_fn, expression, shape, dtype, or by a word such as "no grad"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tutor.trace.drawn import function_name
from tutor.trace.index import index_of
from tutor.trace.picture import Box, Circle, Group, ItemId, Structure, whole_of
from tutor.trace.trace import Trace

Fact = Literal["no_grad", "leaf", "in_place", "saved", "detach", "module"]
Shape = tuple[int, ...]

_FACTS: dict[str, Fact] = {
    "no grad": "no_grad",
    "no_grad": "no_grad",
    "sin grad": "no_grad",
    "sin gradiente": "no_grad",
    "leaf": "leaf",
    "hoja": "leaf",
    "in-place": "in_place",
    "in place": "in_place",
    "inplace": "in_place",
    "en el sitio": "in_place",
    "en sitio": "in_place",
    "saved": "saved",
    "guardado": "saved",
    "guarda": "saved",
    "detach": "detach",
    "module": "module",
    "módulo": "module",
    "modulo": "module",
}
"""In both languages, whichever is spoken: programs and their readers mix them."""
_WRITES = re.compile(
    r"__i(?:add|sub|mul|truediv|floordiv|mod|pow|matmul|and|or|xor)__|__setitem__|(?!_).*[^_]_"
)
_BRACKETED = re.compile(r"[\[(]\s*((?:\d+\s*,\s*)*\d*)\s*,?\s*[\])]")
_TIMES = re.compile(r"\d+(?:\s*[x×]\s*\d+)+", re.IGNORECASE)


@dataclass(frozen=True)
class _Entry:
    """What is known of an item. `code` is program text, in which a covered number may stand."""

    item: ItemId
    place: tuple[int, int]
    names: tuple[str, ...]
    code: tuple[str, ...] = ()
    shapes: frozenset[Shape] = field(default_factory=frozenset)
    facts: frozenset[Fact] = field(default_factory=frozenset)


def search(trace: Trace, structure: Structure, query: str, *, covered: bool = False) -> tuple[ItemId, ...]:
    """Hits in the whole structure, closed groups too: those of exactly this name first, then along the program.

    While something is `covered` no number is looked for in the program's text.
    """
    asked = " ".join(query.casefold().split())
    if not asked:
        return ()
    whole = whole_of(structure)
    hidden = covered and any(letter.isdigit() for letter in asked)
    found = [entry for entry in _entries(trace, whole) if _matches(entry, asked, hidden=hidden)]
    found.sort(key=lambda entry: (asked not in map(str.casefold, entry.names), entry.place))
    return tuple(entry.item for entry in found)


def shape_asked(text: str) -> Shape | None:
    """`[3, 4]`, `(3,)`, `[]` and `3x4` are shapes; None: it is none."""
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed is not None or _TIMES.fullmatch(text):
        return tuple(int(side) for side in re.findall(r"\d+", text))
    return None


def _matches(entry: _Entry, asked: str, *, hidden: bool) -> bool:
    if _matches_one(entry, asked, hidden=hidden):
        return True
    terms = asked.split()
    whole = asked in _FACTS or shape_asked(asked) is not None
    return len(terms) > 1 and not whole and all(_matches_one(entry, t, hidden=hidden) for t in terms)


def _matches_one(entry: _Entry, asked: str, *, hidden: bool) -> bool:
    if _FACTS.get(asked) in entry.facts:
        return True
    shape = shape_asked(asked)
    if shape is not None:
        return shape in entry.shapes
    texts = entry.names if hidden else (*entry.names, *entry.code)
    return any(asked in text.casefold() for text in texts)


def _entries(trace: Trace, whole: Structure) -> Iterator[_Entry]:
    order = {circle.id: number for number, circle in enumerate(whole.circles)}
    places = _box_places(whole, order)
    shapes = _made_shapes(trace, whole)
    yield from (_group(group, order) for group in whole.groups)
    yield from (_box(box, places) for box in whole.boxes if box.ghost_of is None)
    yield from (_circle(circle, order[circle.id], shapes) for circle in whole.circles)


def _box_places(whole: Structure, order: Mapping[ItemId, int]) -> dict[ItemId, tuple[int, int]]:
    """Behind the circle that makes it; a leaf before the first that uses it."""
    places: dict[ItemId, tuple[int, int]] = {}
    for lane in whole.lanes:
        if lane.target in order and lane.source not in order:
            place = (order[lane.target], 1)
            places[lane.source] = min(places.get(lane.source, place), place)
    for lane in whole.lanes:
        if lane.source in order and lane.target not in order:
            places[lane.target] = (order[lane.source], 3)
    return places


def _made_shapes(trace: Trace, whole: Structure) -> dict[ItemId, set[Shape]]:
    index = index_of(trace)
    shapes: dict[ItemId, set[Shape]] = {}
    for circle in whole.circles:
        if circle.operation in index.operations:
            outputs = index.operations[circle.operation].outputs
            shapes[circle.id] = {tuple(index.shape_of(tensor)) for tensor in outputs}
    return shapes


def _box(box: Box, places: Mapping[ItemId, tuple[int, int]]) -> _Entry:
    facts: set[Fact] = set()
    if box.is_leaf:
        facts.add("leaf")
    if not box.tracked or box.zone != "none":
        facts.add("no_grad")
    named = box.name.replace(".", "").isidentifier()
    names = (box.name,) if named else ()
    code = () if named else (box.name,)
    place = places.get(box.id, (len(places), 1))
    dtype = box.dtype.removeprefix("torch.")
    return _Entry(box.id, place, (*names, dtype), code, frozenset({box.shape}), frozenset(facts))


def _circle(circle: Circle, place: int, shapes: Mapping[ItemId, set[Shape]]) -> _Entry:
    facts: set[Fact] = set()
    function = function_name(circle.function)
    if not circle.tabs or circle.zone != "none":
        facts.add("no_grad")
    if any(tab.saves for tab in circle.tabs):
        facts.add("saved")
    if circle.cut == "detach":
        facts.add("detach")
    if _WRITES.fullmatch(function):
        facts.add("in_place")
    names = (function, function.strip("_"), circle.symbol, *(tab.name for tab in circle.tabs))
    binds = (circle.binds,) if circle.binds else ()
    made = frozenset(shapes.get(circle.id, ()))
    code = (circle.expression,)
    return _Entry(circle.id, (place, 2), (*names, *binds), code, made, frozenset(facts))


def _group(group: Group, order: Mapping[ItemId, int]) -> _Entry:
    first = min((order[item] for item in group.items if item in order), default=0)
    facts: frozenset[Fact] = frozenset({"module"} if group.kind == "module" else ())
    return _Entry(group.id, (first, 0), (group.name, group.type_name), facts=facts)
