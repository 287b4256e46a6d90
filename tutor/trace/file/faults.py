"""Where in a trace file a fault lies: rows are told by section and index, a person wants the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_MEMBER = re.compile(rb'\n"(\w+)": ')
"""The begin of a section in a file as we write it: nothing else begins a line with a quotation mark."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:,]')


class TraceFileError(ValueError):
    """A file that is no trace, told as `path:line: what is wrong, what would be right`."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


def line_at(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def line_of(data: bytes, section: str, index: int | None = None) -> int:
    """The line of a section, or of a row in it; of the file's begin where there is none."""
    start = next((m.end() for m in _MEMBER.finditer(data) if m[1] == section.encode()), None)
    if start is None or not _one_row_a_line(data):
        start = next((place for place in _places(data, section, index)), 0)
        return line_at(data, start)
    return line_at(data, start) + (0 if index is None else index + 1)


def twice(data: bytes) -> tuple[str, int] | None:
    """A section that is there twice in a file as we write it, and its second line."""
    seen: set[bytes] = set()
    for member in _MEMBER.finditer(data):
        if member[1] in seen:
            return member[1].decode(), line_at(data, member.end())
        seen.add(member[1])
    return None


def _one_row_a_line(data: bytes) -> bool:
    return data.startswith(b'{\n"format"')


def _places(data: bytes, section: str, index: int | None) -> Iterator[int]:
    """The offsets at which the section's value begins, or its row, in JSON of any layout."""
    depth, at, inside, wanted = 0, 0, False, f'"{section}"'.encode()
    for token in _TOKEN.finditer(data):
        text = token[0]
        if depth == 1 and text == wanted:
            inside, at = True, 0
            if index is None:
                yield token.start()
        elif depth == 1 and text == b",":
            inside = False
        elif depth == 2 and inside:
            at += text == b","
            if text != b"," and at == index:
                yield token.start()
        depth += (text in b"[{") - (text in b"]}")
