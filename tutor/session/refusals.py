"""Why the text cannot be changed as asked, in the person's words."""

from __future__ import annotations

from typing import assert_never

from tutor.i18n import _
from tutor.source.rewrite import NotALiteral, RewriteError
from tutor.source.syntax import Reason


class RefusedError(Exception):
    """The window cannot do what was asked; its text says why and what would help."""


def refused(fault: RewriteError | NotALiteral, name: str = "") -> str:
    """One sentence; `name` is the tensor in question."""
    text = _sentence(fault.reason).format(name=name)
    return text if fault.line is None else _("{reason} (line {line})").format(reason=text, line=fault.line)


def anonymous() -> str:
    return _("This tensor has no name, so no line of code can speak of it. Give it one: name = …")


def renamed(name: str) -> str:
    return _("The name {name} belongs to another tensor by the end of the program.").format(name=name)


def untracked(name: str) -> str:
    text = _("{name} does not require gradients: there is no graph to go back through.")
    return text.format(name=name)


def nothing_to_clear() -> str:
    return _("No tensor with a name has a gradient at this step: there is nothing to clear.")


def read_only() -> str:
    return _("This is a recording and stays as it is. Open the program itself to change it.")


def _sentence(reason: Reason) -> str:
    match reason:
        case "syntax":
            return _("The code has a syntax error; mend it first")
        case "not_found":
            return _("No line of the code makes {name}")
        case "assigned_twice":
            return _("{name} is assigned more than once; it is not clear which line to change")
        case "in_loop":
            return _("{name} is made inside a loop; change the code itself")
        case "in_function":
            return _("{name} is made inside a function; change the code itself")
        case "unpacked":
            return _("{name} comes out of an unpacking; change the code itself")
        case "computed":
            return _("{name} is computed from other tensors; change those")
        case "factory":
            return _("{name} is made by a function and not written as numbers; change the code itself")
        case "not_numbers":
            return _("{name} is not written as plain numbers")
        case "integers_only":
            return _("{name} holds integers; write a point in the code (2. instead of 2) for fractions")
        case "integer_tensor":
            return _("{name} holds integers, and only floating-point tensors can require gradients")
        case "half_statement":
            return _("The selection begins or ends in the middle of a statement; select whole lines")
        case "nothing_selected":
            return _("There is no statement on the selected lines")
        case "future_import":
            return _("from __future__ must stay at the top of the file")
        case "not_in_no_grad":
            return _("These lines are not inside a no_grad block")
        case "more_in_with":
            return _("This with statement holds other things too; change the code itself")
        case _:
            assert_never(reason)
