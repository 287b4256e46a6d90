"""A program's text as Python's own line numbers count it: a form feed or U+2028 in a string ends no line."""

from __future__ import annotations

import re

_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """Without their ends, and without an empty line behind the last one."""
    lines = _END.split(text)
    return lines if lines[-1] else lines[:-1]


def kept_lines_of(text: str) -> list[str]:
    """With their ends, as linecache keeps them."""
    return [line + "\n" for line in lines_of(text)]
