"""What cannot be done in a run, refused with the reason: asking the person for input, and IPython's own commands."""

from __future__ import annotations

import io
import re
from typing import NoReturn

from tutor.trace.lines import lines_of


class InputRefusedError(EOFError):
    """Nobody can type an answer into a run."""


class MagicRefusedError(SyntaxError):
    """IPython's `%`, `!` and `?` commands are not Python."""


_MAGIC = re.compile(r"\s*(?:%{1,2}[A-Za-z]|![^=]|\?{1,2}\s*\w)|.*[\w.]\?{1,2}\s*$|\s*[\w, ]+=\s*[%!]")


def refuse_magic(text: str, filename: str, line: int | None) -> None:
    """Raises MagicRefusedError when what Python could not read in this line is a command of IPython."""
    lines = lines_of(text)
    if line is None or not 1 <= line <= len(lines) or not _MAGIC.match(lines[line - 1]):
        return
    command = lines[line - 1].strip()
    raise MagicRefusedError(
        f"{command}: IPython's commands (%, ! and ?) do not run here; delete the line, or write it in Python",
        (filename, line, len(lines[line - 1]) - len(lines[line - 1].lstrip()) + 1, lines[line - 1]),
    ) from None


def refuse_input(*_arguments: object, **_options: object) -> NoReturn:
    """Stands in for `input`, `getpass`, `breakpoint` and the debugger."""
    raise InputRefusedError("a run cannot ask for input; write the value into the code")


class NoInput(io.TextIOBase):
    """Stands in for `sys.stdin`."""

    def readable(self) -> bool:
        return True

    def read(self, _size: int | None = -1, /) -> NoReturn:
        refuse_input()

    def readline(self, _size: int | None = -1, /) -> NoReturn:
        refuse_input()

    @property
    def buffer(self) -> NoInput:
        return self

    def fileno(self) -> int:
        raise io.UnsupportedOperation("a run has no input")
