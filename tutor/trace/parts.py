"""The parts of a program's run before they have names: a tree over the circles, numbered in the order in which they ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tutor.protocol import ModuleCallId
from tutor.trace.places import Place

Kind = Literal["module", "turn", "iteration", "repeat"]
Of = Literal["", "module", "turn", "iteration"]


@dataclass(slots=True, eq=False)
class Part:
    """Circles `first` to before `end`; its children, parts or the numbers of circles, cover them in order."""

    kind: Kind
    first: int
    end: int
    children: list[Part | int] = field(default_factory=list)
    name: str = ""
    type_name: str = ""
    count: int = 1
    of: Of = ""
    call: ModuleCallId | None = None
    parent: Part | None = None

    @property
    def size(self) -> int:
        return self.end - self.first


def first_of(child: Part | int) -> int:
    return child if isinstance(child, int) else child.first


def end_of(child: Part | int) -> int:
    return child + 1 if isinstance(child, int) else child.end


def size_of(children: Sequence[Part | int]) -> int:
    return end_of(children[-1]) - first_of(children[0]) if children else 0


def part_of(
    kind: Kind,
    children: list[Part | int],
    *,
    name: str = "",
    type_name: str = "",
    count: int = 1,
    of: Of = "",
) -> Part:
    """A part around children that follow each other."""
    return Part(kind, first_of(children[0]), end_of(children[-1]), children, name, type_name, count, of)


def parts_in(children: Iterable[Part | int]) -> Iterator[Part]:
    """All parts below, each before those within it."""
    todo = [child for child in children if isinstance(child, Part)][::-1]
    while todo:
        part = todo.pop()
        yield part
        todo.extend(child for child in reversed(part.children) if isinstance(child, Part))


class Marks:
    """Of each circle a mark, equal for what one piece of the program does; its place in the text; the modules around it.

    `calls`: of each circle the calls of modules in which it ran, as (number, path, class), the outermost first.
    """

    def __init__(
        self,
        keys: Iterable[object],
        places: Sequence[Place | None],
        calls: Sequence[tuple[tuple[ModuleCallId, str, str], ...]],
    ) -> None:
        self._numbers: dict[object, int] = {}
        self._circles = [self._number(key) for key in keys]
        self._places, self._calls = places, calls
        self._alike: dict[Part, int] = {}

    def _number(self, key: object) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def mark(self, child: Part | int) -> int:
        """Equal for calls of one class and for rows of one kind, however long, that begin alike."""
        if isinstance(child, int):
            return self._circles[child]
        begins = child.children[0] if child.kind == "repeat" else child.first
        return self._number((child.kind, child.of, child.type_name, self.mark(begins)))

    def place(self, child: Part | int) -> Place | None:
        """Where it is called; None for a module of the program's own, of which only the inside is known."""
        number = first_of(child)
        is_known = isinstance(child, int) or child.kind != "module" or self.is_outside(number, child)
        return self._places[number] if is_known else None

    def is_outside(self, circle: int, module: Part) -> bool:
        """Whether a circle in the module has the place where that is called: no class within tells of it."""
        place, within = self._places[circle], False
        for call, _path, kind in self._calls[circle]:
            within = within or call == module.call
            if within and place is not None and kind == place.owner:
                return False
        return True

    def called(self, child: Part | int) -> tuple[ModuleCallId, str, str] | None:
        """The call of a module that it is, or the innermost one in which a circle ran."""
        calls = self._calls[first_of(child)]
        if isinstance(child, int):
            return calls[-1] if calls else None
        return next((call for call in calls if call[0] == child.call), None)

    def shape(self, child: Part | int) -> int:
        """Equal for parts that are equal down to their circles."""
        if isinstance(child, int):
            return self._circles[child]
        found = self._alike.get(child)
        if found is None:
            inner = tuple(self.shape(c) for c in child.children)
            found = self._alike[child] = self._number((child.kind, child.of, child.type_name, inner))
        return found
