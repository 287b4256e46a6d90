"""Whole statements put into `with torch.no_grad():` and taken out again; strings over several lines stay untouched."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

from tutor.source.syntax import RewriteError, parsed


def wrap_no_grad(text: str, first_line: int, last_line: int) -> str:
    """The statements on these lines (from 1, both included) in a no_grad block.

    Raises RewriteError: "half_statement" when the lines begin or end inside a statement, "nothing_selected" when there
    is none on them, "future_import", "syntax".
    """
    tree = parsed(text)
    lines = text.split("\n")
    statements = _chosen(tree.body, first_line, last_line, lines)
    if any(isinstance(one, ast.ImportFrom) and one.module == "__future__" for one in statements):
        raise RewriteError("future_import", statements[0].lineno)
    start, end = _with_comments(lines, _first(statements[0]), _last(statements[-1]), first_line, last_line)
    indent = _indent_of(lines[_first(statements[0]) - 1])
    unit, kept = _unit(tree, lines), _inside_strings(text)
    moved = [
        line if number in kept or not line.strip() else unit + line
        for number, line in enumerate(lines[start - 1 : end], start)
    ]
    return _checked([*lines[: start - 1], f"{indent}with {_torch(tree)}.no_grad():", *moved, *lines[end:]])


def unwrap_no_grad(text: str, first_line: int, last_line: int) -> str:
    """The innermost no_grad block around these lines, or on them, gone; what it held moves out by one level.

    Raises RewriteError: "not_in_no_grad", "more_in_with" where the `with` holds other things too, "syntax".
    """
    block = _block_at(parsed(text), first_line, last_line)
    if block is None:
        raise RewriteError("not_in_no_grad", first_line)
    if len(block.items) > 1:
        raise RewriteError("more_in_with", block.lineno)
    lines = text.split("\n")
    head_end = _head_end(block, lines)
    if head_end is None:
        return _checked(_one_line_opened(lines, block))
    indent, inner = _indent_of(lines[block.lineno - 1]), _indent_of(lines[block.body[0].lineno - 1])
    kept, end = _inside_strings(text), _with_comments_behind(lines, _last(block), inner)
    comment = re.search(r":\s*(#.*)$", lines[head_end - 1])
    head = [indent + comment.group(1)] if comment else []
    moved = [
        line if number in kept or not line.startswith(inner) else indent + line.removeprefix(inner)
        for number, line in enumerate(lines[head_end:end], head_end + 1)
    ]
    return _checked([*lines[: block.lineno - 1], *head, *moved, *lines[end:]])


def inside_no_grad(text: str, first_line: int, last_line: int) -> bool:
    """Whether `unwrap_no_grad` has a block to take away there. Raises RewriteError("syntax")."""
    return _block_at(parsed(text), first_line, last_line) is not None


@dataclass(frozen=True)
class _Reach:
    first: int
    last: int

    def touches(self, statement: ast.stmt) -> bool:
        return _first(statement) <= self.last and _last(statement) >= self.first

    def holds(self, statement: ast.stmt) -> bool:
        return self.first <= _first(statement) and _last(statement) <= self.last


def _chosen(body: Sequence[ast.stmt], first: int, last: int, lines: list[str]) -> Sequence[ast.stmt]:
    """The statements that the lines cover whole, in the innermost block that holds them all."""
    reach = _Reach(first, last)
    touched = [statement for statement in body if reach.touches(statement)]
    if not touched:
        raise RewriteError("nothing_selected", first)
    if all(reach.holds(statement) for statement in touched):
        return touched
    if len(touched) == 1:
        for block in _blocks(touched[0], lines):
            if any(reach.touches(statement) for statement in block) and _spans(block, reach, lines):
                return _chosen(block, first, last, lines)
    raise RewriteError("half_statement", _first(next(one for one in touched if not reach.holds(one))))


def _spans(block: Sequence[ast.stmt], reach: _Reach, lines: list[str]) -> bool:
    """Whether nothing but blanks and comments of the chosen lines lies outside the block."""
    start, end = _first(block[0]), _last(block[-1])
    outside = [
        *range(reach.first, min(start, reach.last + 1)),
        *range(max(end + 1, reach.first), reach.last + 1),
    ]
    return all(_idle(lines[number - 1]) for number in outside)


def _blocks(statement: ast.stmt, lines: list[str]) -> list[Sequence[ast.stmt]]:
    """The blocks inside a statement; an `elif`, which the tree shows as an `if` of its own, is looked through."""
    found: list[Sequence[ast.stmt]] = []
    for _name, value in ast.iter_fields(statement):
        for inner in value if isinstance(value, list) else []:
            if isinstance(inner, ast.ExceptHandler | ast.match_case):
                found.append(inner.body)
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            is_elif = isinstance(value[0], ast.If) and lines[value[0].lineno - 1].lstrip().startswith("elif")
            found += _blocks(value[0], lines) if is_elif else [value]
    return found


def _with_comments(lines: list[str], start: int, end: int, first: int, last: int) -> tuple[int, int]:
    """Start and end widened by the chosen comment lines right around them."""
    while start > max(first, 1) and lines[start - 2].strip().startswith("#"):
        start -= 1
    indent = _indent_of(lines[start - 1])
    while (
        end < min(last, len(lines)) and lines[end].startswith(indent) and lines[end].strip().startswith("#")
    ):
        end += 1
    return start, end


def _block_at(tree: ast.Module, first: int, last: int) -> ast.With | None:
    """The innermost no_grad block that holds the lines; else the first that lies on them."""
    reach = _Reach(first, last)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.With) and _is_no_grad(node)]
    around = [node for node in found if node.lineno <= first and last <= _last(node)]
    on = [node for node in found if reach.holds(node)]
    if around:
        return max(around, key=lambda node: node.lineno)
    return min(on, key=lambda node: node.lineno, default=None)


def _is_no_grad(node: ast.With) -> bool:
    return any(
        isinstance(item.context_expr, ast.Call)
        and isinstance(item.context_expr.func, ast.Attribute | ast.Name)
        and (getattr(item.context_expr.func, "attr", None) or getattr(item.context_expr.func, "id", None))
        == "no_grad"
        for item in node.items
    )


def _head_end(block: ast.With, lines: list[str]) -> int | None:
    """The line with the colon; None where the body stands behind it on the same line."""
    start = block.items[0].context_expr.end_lineno or block.lineno
    numbers = range(start, block.body[0].lineno)
    return next((number for number in numbers if re.search(r":\s*(#.*)?$", lines[number - 1])), None)


def _with_comments_behind(lines: list[str], end: int, indent: str) -> int:
    while end < len(lines) and lines[end].startswith(f"{indent}#"):
        end += 1
    return end


def _one_line_opened(lines: list[str], block: ast.With) -> list[str]:
    """`with torch.no_grad(): y = 2 * x` becomes `y = 2 * x`."""
    head = lines[block.lineno - 1]
    body = head.encode()[block.body[0].col_offset :].decode()
    return [*lines[: block.lineno - 1], _indent_of(head) + body, *lines[block.lineno :]]


def _torch(tree: ast.Module) -> str:
    """What the text calls torch."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "torch" and alias.asname:
                    return alias.asname
    return "torch"


def _inside_strings(text: str) -> set[int]:
    """The lines that begin inside a string: moving them would change the string."""
    inside: set[int] = set()
    depth: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name in ("FSTRING_START", "TSTRING_START"):
            depth.append(token.start[0])
        elif name in ("FSTRING_END", "TSTRING_END"):
            inside.update(range(depth.pop() + 1, token.end[0] + 1))
    return inside


def _first(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _last(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _idle(line: str) -> bool:
    return not line.strip() or line.strip().startswith("#")


def _indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _unit(tree: ast.Module, lines: list[str]) -> str:
    """The text's own indentation: that of its first indented block, or four blanks."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.stmt) and isinstance(body, list) and _first(body[0]) > node.lineno:
            outer = _indent_of(lines[node.lineno - 1])
            return _indent_of(lines[_first(body[0]) - 1]).removeprefix(outer)
    return "    "


def _checked(lines: list[str]) -> str:
    text = "\n".join(lines)
    parsed(text)
    return text
