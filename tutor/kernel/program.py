"""Compiles the learner's text, the one way for window and command line: one cell in, code that can run out."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from types import CodeType

from tutor.kernel.refused import refuse_magic
from tutor.trace.lines import kept_lines_of, lines_of

_FUTURE_FLAGS = 0x1FF0000
"""The bits of `co_flags` that `from __future__` sets; they hold for the cells that follow."""


@dataclass(frozen=True, slots=True)
class Program:
    """One cell, compiled. `last` is the closing expression whose value is displayed, or None."""

    filename: str
    body: CodeType
    last: CodeType | None

    @property
    def future_flags(self) -> int:
        return self.body.co_flags & _FUTURE_FLAGS


def compile_cell(text: str, filename: str, *, display: bool, future_flags: int = 0) -> Program:
    """Raises SyntaxError as Python does, MagicRefusedError for IPython's commands."""
    known_to_linecache(text, filename)
    try:
        tree = _parse(text, filename, future_flags)
    except SyntaxError as error:
        refuse_magic(text, filename, error.lineno)
        raise
    last = _taken_off(tree, text) if display else None
    body = compile(tree, filename, "exec", flags=future_flags, dont_inherit=True)
    flags = future_flags | (body.co_flags & _FUTURE_FLAGS)
    expression = None if last is None else compile(last, filename, "eval", flags=flags, dont_inherit=True)
    return Program(filename, body, expression)


def known_to_linecache(text: str, filename: str) -> None:
    """Tracebacks and `inspect.getsource` show the text that ran, whatever the file on disk says now."""
    linecache.cache[filename] = (len(text), None, kept_lines_of(text), filename)


def _parse(text: str, filename: str, future_flags: int) -> ast.Module:
    if "\0" in text:
        lines = text[: text.index("\0")].split("\n")
        place = (filename, len(lines), len(lines[-1]) + 1, lines[-1])
        raise SyntaxError("source code cannot contain null characters", place)
    tree = compile(text, filename, "exec", flags=ast.PyCF_ONLY_AST | future_flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _taken_off(tree: ast.Module, text: str) -> ast.Expression | None:
    """The closing expression, removed from the tree; None when there is none or a semicolon silences it."""
    if not tree.body or not isinstance(tree.body[-1], ast.Expr) or _silenced(tree.body[-1], text):
        return None
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    return ast.Expression(last.value)


def _silenced(last: ast.Expr, text: str) -> bool:
    """Whether a semicolon follows the expression, as in Jupyter."""
    assert last.end_lineno is not None and last.end_col_offset is not None
    line = lines_of(text)[last.end_lineno - 1].encode()
    return line[last.end_col_offset :].lstrip().startswith(b";")
