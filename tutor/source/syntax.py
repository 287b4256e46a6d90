"""Python text seen through its syntax tree: spans in bytes, edits spliced in, and who binds a name at module level."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Reason = Literal[
    "syntax",
    "not_found",
    "assigned_twice",
    "in_loop",
    "in_function",
    "unpacked",
    "computed",
    "factory",
    "not_numbers",
    "integers_only",
    "integer_tensor",
    "half_statement",
    "nothing_selected",
    "future_import",
    "not_in_no_grad",
    "more_in_with",
]
"""Why a text cannot be rewritten as asked. The words for it are made where it is shown."""


class RewriteError(Exception):
    """The text cannot be rewritten so. `line` (from 1) is where the reason stands, if it has a place."""

    def __init__(self, reason: Reason, line: int | None = None) -> None:
        self.reason: Reason = reason
        self.line = line
        super().__init__(reason if line is None else f"{reason} at line {line}")


def parsed(text: str) -> ast.Module:
    """Raises RewriteError("syntax") where the text is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as fault:
        raise RewriteError("syntax", fault.lineno) from fault
    except (ValueError, RecursionError, MemoryError) as fault:
        raise RewriteError("syntax") from fault


@dataclass
class Splice:
    """Edits of one text by the spans of its syntax tree, whose columns count UTF-8 bytes."""

    text: str
    tree: ast.Module = field(init=False)

    def __post_init__(self) -> None:
        self.tree = parsed(self.text)
        self._bytes = self.text.encode()
        self._starts = [0]
        for line in self._bytes.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._edits: list[tuple[int, int, bytes]] = []

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """The node's start and end in bytes."""
        end_line, end_col = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[end_line - 1] + end_col

    def source(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        start, end = self.span(node)
        return self.between(start, end)

    def between(self, start: int, end: int) -> str:
        return self._bytes[start:end].decode()

    def put(self, node: ast.expr | ast.keyword, new: str) -> None:
        self.put_at(*self.span(node), new)

    def put_at(self, start: int, end: int, new: str) -> None:
        self._edits.append((start, end, new.encode()))

    def done(self) -> str:
        """The edited text. Raises RewriteError("syntax") should it be no Python any more."""
        result = self._bytes
        for start, end, new in sorted(self._edits, reverse=True):
            result = result[:start] + new + result[end:]
        text = result.decode()
        parsed(text)
        return text


@dataclass(frozen=True)
class Binding:
    """One place where a name gets a value: the statement, and the value where the name alone is the target."""

    line: int
    value: ast.expr | None
    how: Literal["assigned", "unpacked", "other"]
    in_loop: bool
    in_function: bool


def bindings(tree: ast.Module, name: str) -> list[Binding]:
    """Where `name` is bound, in the order of the text; inside functions only what is local to them or `global`."""
    return list(_bindings(tree, name, in_loop=False, in_function=False))


def creation(tree: ast.Module, name: str) -> ast.expr:
    """The value of the one assignment that makes `name`. Raises RewriteError when there is not exactly one, plain."""
    found = bindings(tree, name)
    at_module = [binding for binding in found if not binding.in_function]
    if not at_module:
        raise RewriteError("in_function", found[0].line) if found else RewriteError("not_found")
    if len(at_module) > 1:
        raise RewriteError("assigned_twice", at_module[1].line)
    only = at_module[0]
    if only.how == "unpacked":
        raise RewriteError("unpacked", only.line)
    if only.in_loop:
        raise RewriteError("in_loop", only.line)
    if only.value is None:
        raise RewriteError("computed", only.line)
    return only.value


def _bindings(node: ast.AST, name: str, *, in_loop: bool, in_function: bool) -> Iterator[Binding]:
    for child in ast.iter_child_nodes(node):
        for value, how in _bound_here(child, name):
            line: int = getattr(child, "lineno", 1)
            yield Binding(line, value, how, in_loop, in_function)
        loop = in_loop or isinstance(child, ast.For | ast.While | ast.AsyncFor)
        function = in_function or isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
        )
        if not isinstance(child, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from _bindings(child, name, in_loop=loop, in_function=function)


_How = Literal["assigned", "unpacked", "other"]


def _bound_here(node: ast.AST, name: str) -> Iterator[tuple[ast.expr | None, _How]]:
    match node:
        case ast.Assign():
            yield from (_target(target, node.value, name) for target in node.targets if _holds(target, name))
        case ast.AnnAssign(value=ast.expr()) | ast.NamedExpr():
            if _holds(node.target, name):
                yield _target(node.target, node.value, name)
        case ast.AugAssign() | ast.For() | ast.AsyncFor():
            if _holds(node.target, name):
                yield None, "other"
        case ast.withitem(optional_vars=ast.expr() as target) if _holds(target, name):
            yield None, "other"
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.ExceptHandler() if (
            node.name == name
        ):
            yield None, "other"
        case ast.alias() if (node.asname or node.name.partition(".")[0]) == name:
            yield None, "other"


def _target(target: ast.expr, value: ast.expr | None, name: str) -> tuple[ast.expr | None, _How]:
    alone = isinstance(target, ast.Name) and target.id == name
    return (value, "assigned") if alone else (value, "unpacked")


def _holds(target: ast.expr, name: str) -> bool:
    match target:
        case ast.Name():
            return target.id == name
        case ast.Tuple() | ast.List():
            return any(_holds(element, name) for element in target.elts)
        case ast.Starred():
            return _holds(target.value, name)
        case _:
            return False
