"""Where in the source an operation stands: in which function and in which of its loops."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tutor.protocol import SourceId, Span
from tutor.trace.index import Index

Position = tuple[int, int]
"""Line from 1, column from 0 in UTF-8 bytes, as `ast` counts."""

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


class Loop(NamedTuple):
    """A `for`, `while` or comprehension: from `first` to before `end`, without what is computed only once."""

    source: SourceId
    first: Position
    end: Position
    header: str
    """How it begins in the text: "for t in range(n)"."""
    statements: tuple[Position, ...]
    """Where the statements of its body begin."""
    once: tuple[Position, Position] | None = None
    """What lies between but is computed only once: the iterable of a comprehension."""

    def statement_at(self, at: Position) -> int:
        """Which statement of the body the position lies in; -1 in the test of a `while`."""
        return sum(start <= at for start in self.statements) - 1


class Place(NamedTuple):
    """A function of the program (or what stands outside of all), and the loops in it around a position."""

    source: SourceId
    function: int
    name: str
    owner: str
    """The class whose method the function is; ""."""
    loops: tuple[Loop, ...]
    """The outermost first."""
    at: Position


class _Function(NamedTuple):
    first: Position
    end: Position
    name: str
    owner: str


@dataclass(slots=True)
class _Source:
    functions: list[_Function] = field(default_factory=list)
    """Number 0 is the whole text."""
    loops: list[tuple[int, Loop]] = field(default_factory=list)
    """With the number of their function."""


class Places:
    """Looks positions up in the texts of one trace; one that is no Python has no functions and no loops."""

    def __init__(self, texts: Mapping[SourceId, list[str]]) -> None:
        self._texts = texts
        self._sources: dict[SourceId, _Source] = {}
        self._known: dict[tuple[SourceId, int, int], Place] = {}

    def of(self, span: Span | None) -> Place | None:
        if span is None:
            return None
        key = (span.source, span.line, span.col)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._found(span)
        return found

    def _found(self, span: Span) -> Place:
        source = self._source(span.source)
        at = (span.line, self._column(span))
        around = [number for number, f in enumerate(source.functions) if f.first <= at < f.end]
        number = max(around, key=lambda n: source.functions[n].first)
        loops = [loop for owner, loop in source.loops if owner == number and _is_in(at, loop)]
        inner = source.functions[number]
        return Place(span.source, number, inner.name, inner.owner, tuple(sorted(loops, key=_begins)), at)

    def _column(self, span: Span) -> int:
        lines = self._texts.get(span.source, [])
        line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
        return span.col if line.isascii() else len(line[: span.col].encode())

    def _source(self, key: SourceId) -> _Source:
        if key not in self._sources:
            self._sources[key] = _parsed(key, self._texts.get(key, []))
        return self._sources[key]


def places_of(index: Index) -> Places:
    """Kept with the trace until it gets another source."""
    kept = index.derived.get("places")
    if not isinstance(kept, tuple) or kept[0] != len(index.sources):
        kept = index.derived["places"] = (len(index.sources), Places(index.sources))
    found = kept[1]
    assert isinstance(found, Places)
    return found


def _is_in(at: Position, loop: Loop) -> bool:
    if not loop.first <= at < loop.end:
        return False
    return loop.once is None or not loop.once[0] <= at < loop.once[1]


def _begins(loop: Loop) -> tuple[Position, tuple[int, int]]:
    return loop.first, (-loop.end[0], -loop.end[1])


# ------------------------------------------------------------------ reading a text


def _parsed(key: SourceId, lines: list[str]) -> _Source:
    found = _Source([_Function((0, 0), (1 << 60, 0), "", "")])
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    todo: list[tuple[ast.AST, int, str]] = [(tree, 0, "")]
    while todo:
        node, function, owner = todo.pop()
        if isinstance(node, ast.ClassDef):
            owner = node.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.functions.append(_Function(_first(node.body[0]), _end(node), node.name, owner))
            function, owner = len(found.functions) - 1, ""
        found.loops.extend((function, loop) for loop in _loops(key, node, lines))
        todo.extend((child, function, owner) for child in ast.iter_child_nodes(node))
    return found


def _loops(key: SourceId, node: ast.AST, lines: list[str]) -> Iterator[Loop]:
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        first = _first(node.test if isinstance(node, ast.While) else node.body[0])
        header = lines[node.lineno - 1].strip().removesuffix(":") if node.lineno <= len(lines) else ""
        starts = tuple(_first(statement) for statement in node.body)
        yield Loop(key, first, _end(node.body[-1]), header, starts)
    elif isinstance(node, _COMPREHENSIONS):
        iterable = node.generators[0].iter
        header = f"for {ast.unparse(node.generators[0].target)} in {ast.unparse(iterable)}"
        yield Loop(key, _first(node), _end(node), header, (_first(node),), (_first(iterable), _end(iterable)))


def _first(node: ast.stmt | ast.expr) -> Position:
    return node.lineno, node.col_offset


def _end(node: ast.stmt | ast.expr) -> Position:
    return (node.lineno if node.end_lineno is None else node.end_lineno), node.end_col_offset or 0
