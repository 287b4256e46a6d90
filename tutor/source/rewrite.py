"""The window's edits of the learner's text, text in and text out: numbers, requires_grad, no_grad, a line at the end.

Everything else in the text, spacing and comments included, stays as it is. What cannot be done raises RewriteError.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from tutor.source.document import Cell, CellId
from tutor.source.literals import (
    LiteralInfo,
    NotALiteral,
    call_name,
    literal_of,
    makes_integers,
    set_literal,
    takes_requires_grad,
    tensor_call,
)
from tutor.source.no_grad import inside_no_grad, unwrap_no_grad, wrap_no_grad
from tutor.source.syntax import RewriteError, Splice, bindings, creation, parsed

__all__ = [
    "LiteralInfo",
    "NotALiteral",
    "RewriteError",
    "append_line",
    "creating_cell",
    "inside_no_grad",
    "literal_of",
    "set_literal",
    "set_requires_grad",
    "unwrap_no_grad",
    "wrap_no_grad",
]

_FLAG = "requires_grad"


def append_line(text: str, line: str) -> str:
    """The text with one more statement at top level, after the last line that is not blank.

    Whether the text ends in a line end stays so. Raises RewriteError("syntax") where either is no Python.
    """
    parsed(text)
    body = text.rstrip()
    tail = text[len(text.rstrip(" \t\n\r\f\v")) :]
    result = f"{body}\n{line}{tail}" if body else f"{line}{tail or ''}"
    parsed(result)
    return result


def creating_cell(cells: Iterable[Cell], name: str) -> CellId:
    """The one code cell that makes `name`. Raises RewriteError: "not_found", "assigned_twice" or "syntax"."""
    found: list[CellId] = []
    for cell in cells:
        if cell.kind == "code" and bindings(parsed(cell.text), name):
            found.append(cell.id)
    if len(found) != 1:
        raise RewriteError("assigned_twice" if found else "not_found")
    return found[0]


def set_requires_grad(text: str, name: str, on: bool) -> str:
    """The text in which the tensor `name` requires gradients, or does not.

    A later line `name.requires_grad_()` or `name.requires_grad = ...` decides if there is one; else the call that makes
    the tensor. Raises RewriteError: "computed" for a tensor that is no leaf, "integer_tensor", and as `literal_of`.
    """
    splice = Splice(text)
    later = _last_flag_line(splice.tree, name)
    if isinstance(later, ast.Call):
        splice.put(later, _flag_call(splice.source(later.func), on))
    elif later is not None:
        splice.put(later, str(on))
    else:
        _set_at_creation(splice, creation(splice.tree, name), on)
    return splice.done()


def _last_flag_line(tree: ast.Module, name: str) -> ast.Call | ast.expr | None:
    """The call `name.requires_grad_(...)`, or the value in `name.requires_grad = ...`, whichever comes last."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        match node:
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=called), attr="requires_grad_")) as call
            ):
                found += [call] if called == name else []
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=called), attr="requires_grad")]):
                found += [node.value] if called == name else []
    return max(found, key=lambda node: (node.lineno, node.col_offset), default=None)


def _flag_call(called: str, on: bool) -> str:
    return f"{called}()" if on else f"{called}(False)"


def _set_at_creation(splice: Splice, value: ast.expr, on: bool) -> None:
    call = tensor_call(value)
    if call is None or not isinstance(value, ast.Call):
        raise RewriteError("computed", value.lineno)
    if on and makes_integers(call):
        raise RewriteError("integer_tensor", call.lineno)
    if call_name(value) == "Parameter":
        _set_argument(splice, value, on, usual=True)
    elif call_name(value) == "requires_grad_":
        _set_chained(splice, value, on)
    elif value is call and takes_requires_grad(call):
        _set_argument(splice, call, on, usual=False)
    elif on:
        end = splice.span(value)[1]
        splice.put_at(end, end, ".requires_grad_()")
    else:
        _set_argument(splice, call, on, usual=False)


def _set_chained(splice: Splice, value: ast.Call, on: bool) -> None:
    """The flag in `torch.ones(2).requires_grad_()`: the method goes, or comes back without its False."""
    assert isinstance(value.func, ast.Attribute)
    if on:
        splice.put(value, _flag_call(splice.source(value.func), on))
    else:
        splice.put_at(splice.span(value.func.value)[1], splice.span(value)[1], "")


def _set_argument(splice: Splice, call: ast.Call, on: bool, *, usual: bool) -> None:
    """Adds, changes or takes away the keyword argument; away where `on` is what the call does by itself."""
    given = next((keyword for keyword in call.keywords if keyword.arg == _FLAG), None)
    if given is None and on != usual:
        _add_argument(splice, call, f"{_FLAG}={on}")
    elif given is not None and on != usual:
        splice.put(given.value, str(on))
    elif given is not None:
        _remove_argument(splice, call, given)


def _add_argument(splice: Splice, call: ast.Call, argument: str) -> None:
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    end = splice.span(call)[1] - 1
    if not arguments:
        splice.put_at(end, end, argument)
        return
    last = max(splice.span(node)[1] for node in arguments)
    behind = _code_only(splice.between(last, end))
    comma = behind.find(",")
    if comma >= 0:
        splice.put_at(last + comma + 1, last + comma + 1, f" {argument},")
    else:
        place = last + (behind.rfind(")") + 1)
        splice.put_at(place, place, f", {argument}")


def _remove_argument(splice: Splice, call: ast.Call, given: ast.keyword) -> None:
    """Takes the argument with the comma before it, or behind it when it stands first."""
    start, end = splice.span(given)
    others: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    before = [splice.span(node)[1] for node in others if splice.span(node)[1] <= start]
    if before:
        gap = _code_only(splice.between(max(before), start))
        splice.put_at(max(before) + gap.find(","), end, "")
        return
    behind = splice.between(end, splice.span(call)[1])
    trailing = re.match(r"\s*,[ \t]*", behind)
    splice.put_at(start, end + (len(trailing.group()) if trailing else 0), "")


def _code_only(text: str) -> str:
    """The text with its comments blanked out, byte for byte as long."""
    return re.sub(r"#[^\n]*", lambda found: " " * len(found.group().encode()), text)
