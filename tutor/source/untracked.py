"""Which lines of a text run untracked: the blocks and functions under no_grad or inference_mode, for the gutter's band."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from tutor.source.syntax import RewriteError, parsed

Mode = Literal["no_grad", "inference"]
_MODES: dict[str, Mode] = {"no_grad": "no_grad", "inference_mode": "inference", "set_grad_enabled": "no_grad"}


@dataclass(frozen=True, slots=True)
class Untracked:
    """Lines from 1, both included."""

    first: int
    last: int
    mode: Mode


def untracked_lines(text: str) -> tuple[Untracked, ...]:
    """In the order of the text; none while the text is no Python."""
    if not any(word in text for word in _MODES):
        return ()
    try:
        tree = parsed(text)
    except RewriteError:
        return ()
    found = [_untracked(node) for node in _statements(tree)]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.first))


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Every statement, those inside others too; expressions are passed over."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _statements(child)


def _untracked(node: ast.stmt) -> Untracked | None:
    match node:
        case ast.With() | ast.AsyncWith():
            mode = _first_mode(item.context_expr for item in node.items)
            return mode and Untracked(node.lineno, node.end_lineno or node.lineno, mode)
        case ast.FunctionDef() | ast.AsyncFunctionDef() if node.decorator_list:
            mode = _first_mode(node.decorator_list)
            first = node.decorator_list[0].lineno
            return mode and Untracked(first, node.end_lineno or first, mode)
        case _:
            return None


def _first_mode(expressions: Iterable[ast.expr]) -> Mode | None:
    return next((mode for mode in map(_mode, expressions) if mode is not None), None)


def _mode(expression: ast.expr) -> Mode | None:
    """The mode that `torch.no_grad()`, `inference_mode()` or `@torch.no_grad` turns on."""
    call = expression if isinstance(expression, ast.Call) else None
    match call.func if call else expression:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            mode = _MODES.get(name)
        case _:
            return None
    if name == "set_grad_enabled" or (call and call.args):
        return mode if call and call.args and _is(call.args[0], name != "set_grad_enabled") else None
    return mode


def _is(argument: ast.expr, value: bool) -> bool:
    return isinstance(argument, ast.Constant) and argument.value is value
