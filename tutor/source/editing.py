"""What the keys of a code editor do to a text, as data: indenting, commenting, new lines, brackets. Offsets in characters.

Nothing here knows of a widget: the editor asks, and applies the `Edit` it gets.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

INDENT = "    "
_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = {close: opened for opened, close in _OPENING.items()}
_LEAVES_BLOCK = re.compile(r"\s*(return|pass|break|continue|raise)\b")
_WORD = re.compile(r"[^\W\d]\w*")
_MOST_PAIRED = 60_000
"""A longer text takes too long to pair its brackets at every key."""
_Change = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace text[start:end] by `text`; afterwards the selection goes from `anchor` to `position`."""

    start: int
    end: int
    text: str
    anchor: int
    position: int

    def applied(self, text: str) -> str:
        return text[: self.start] + self.text + text[self.end :]


def difference(old: str, new: str) -> tuple[int, int, str]:
    """The one replacement (start, end, text) that makes `new` of `old`, as short as its two ends allow."""
    longest = min(len(old), len(new))
    start = next((place for place in range(longest) if old[place] != new[place]), longest)
    room = longest - start
    tail = next((back for back in range(room) if old[-1 - back] != new[-1 - back]), room)
    return start, len(old) - tail, new[start : len(new) - tail]


def indented(text: str, anchor: int, position: int) -> Edit:
    """Tab: the chosen lines one level in; without a selection blanks up to the next stop."""
    if anchor == position:
        column = position - _line_start(text, position)
        blanks = " " * (len(INDENT) - column % len(INDENT))
        return Edit(position, position, blanks, position + len(blanks), position + len(blanks))
    return _each_line(text, anchor, position, lambda line: INDENT + line if line.strip() else line)


def dedented(text: str, anchor: int, position: int) -> Edit:
    """Shift+Tab: the chosen lines one level out."""
    return _each_line(text, anchor, position, lambda line: line[_removable(line) :])


def commented(text: str, anchor: int, position: int) -> Edit:
    """Ctrl+/: the chosen lines become comments; when all are comments already, code again."""
    first, last = _line_start(text, min(anchor, position)), _lines_end(text, anchor, position)
    filled = [line for line in text[first:last].split("\n") if line.strip()]
    if filled and all(line.lstrip().startswith("#") for line in filled):
        return _each_line(text, anchor, position, lambda line: re.sub(r"^(\s*)# ?", r"\1", line))
    margin = min((len(line) - len(line.lstrip()) for line in filled), default=0)
    single = "\n" not in text[first:last]
    return _each_line(
        text,
        anchor,
        position,
        lambda line: line[:margin] + "# " + line[margin:] if line.strip() or single else line,
    )


def line_broken(text: str, anchor: int, position: int) -> Edit:
    """Enter: a new line as deep as this one; deeper behind ":" or a bracket, less deep behind `return`."""
    start, end = min(anchor, position), max(anchor, position)
    line = text[_line_start(text, start) : start]
    inserted = "\n" + _next_indent(text[:start], line)
    place = start + len(inserted)
    return Edit(start, end, inserted, place, place)


def backspaced(text: str, position: int) -> Edit | None:
    """Backspace among leading blanks: back to the stop before; None where an ordinary one is right."""
    start = _line_start(text, position)
    before = text[start:position]
    if not before or before.strip(" ") or position == start:
        return None
    target = start + (len(before) - 1) // len(INDENT) * len(INDENT)
    return Edit(target, position, "", target, target)


def home(text: str, position: int) -> int:
    """Home: the first character of the line that is no blank; the line's start when it is there already."""
    start = _line_start(text, position)
    line = text[start : _line_end(text, start)]
    first = start + len(line) - len(line.lstrip())
    return start if position == first else first


def bracket_pair(text: str, position: int) -> tuple[int, int] | None:
    """The bracket beside the cursor and its partner, strings and comments left out; None where there is no pair."""
    if len(text) > _MOST_PAIRED:
        return None
    pairs = dict(_pairs(text))
    both = pairs | {close: opened for opened, close in pairs.items()}
    beside = next((place for place in (position - 1, position) if place in both), None)
    return None if beside is None else (beside, both[beside])


def words(texts: Sequence[str]) -> list[str]:
    """Every identifier that stands in the texts, sorted: what can be completed while no kernel answers."""
    return sorted({word for text in texts for word in _WORD.findall(text) if len(word) > 2})


def word_before(text: str, position: int) -> int:
    """Where the identifier that ends at `position` begins."""
    start = position
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return start


def _next_indent(before: str, line: str) -> str:
    depth = line[: len(line) - len(line.lstrip())]
    code = line.split("#")[0].rstrip() if "'" not in line and '"' not in line else line.rstrip()
    if code.endswith(":") or (code and code[-1] in _OPENING):
        return depth + INDENT
    opened = _open_bracket(before)
    if opened is not None and opened >= len(before) - len(line):
        return " " * (opened + 1 - _line_start(before, opened))
    if opened is None and _LEAVES_BLOCK.match(line):
        return depth.removesuffix(INDENT)
    return depth


def _open_bracket(text: str) -> int | None:
    """The innermost bracket that is still open at the text's end."""
    closed = set(dict(_pairs(text)))
    opened = [place for place, sign in _brackets(text) if sign in _OPENING and place not in closed]
    return opened[-1] if opened else None


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    waiting: list[tuple[int, str]] = []
    for place, sign in _brackets(text):
        if sign in _OPENING:
            waiting.append((place, sign))
            continue
        if not waiting or waiting[-1][1] != _CLOSING[sign]:
            return
        yield waiting.pop()[0], place


def _brackets(text: str) -> Iterator[tuple[int, str]]:
    """The brackets of the code, as far as the text can be read as Python tokens."""
    starts = [0]
    for line in io.StringIO(text):
        starts.append(starts[-1] + len(line))
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.OP and token.string in "()[]{}":
                yield starts[token.start[0] - 1] + token.start[1], token.string
    except (tokenize.TokenError, SyntaxError):
        return


def _each_line(text: str, anchor: int, position: int, change: _Change) -> Edit:
    """One edit that changes every chosen line, the selection carried along."""
    first, last = _line_start(text, min(anchor, position)), _lines_end(text, anchor, position)
    old = text[first:last].split("\n")
    new = [change(line) for line in old]
    stays = anchor != position
    ends = [_carried(offset - first, old, new, stays_at_start=stays) for offset in (anchor, position)]
    return Edit(first, last, "\n".join(new), first + ends[0], first + ends[1])


def _carried(offset: int, old: Sequence[str], new: Sequence[str], *, stays_at_start: bool) -> int:
    """Where an offset of the old lines stands in the new ones; a selection's end at a line's start stays there."""
    start, moved = 0, 0
    for before, after in zip(old, new, strict=True):
        if offset <= start + len(before):
            if stays_at_start and offset == start:
                return moved
            return moved + max(offset - start + len(after) - len(before), 0)
        start += len(before) + 1
        moved += len(after) + 1
    return offset + moved - start


def _removable(line: str) -> int:
    if line.startswith("\t"):
        return 1
    return min(len(line) - len(line.lstrip(" ")), len(INDENT))


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _lines_end(text: str, anchor: int, position: int) -> int:
    """The end of the last chosen line; a selection that ends at a line's start does not choose that line."""
    start, end = min(anchor, position), max(anchor, position)
    if end > start and end == _line_start(text, end):
        end -= 1
    return _line_end(text, end)
