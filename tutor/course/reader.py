"""Reads a lesson's file into a Lesson, with every fault named by path, line and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from tutor.course.data import Data, Reading
from tutor.course.lesson import Lesson, LessonEntry, Pane, Part, Stop
from tutor.course.question import Question
from tutor.course.question_reader import read_question
from tutor.i18n import LANGUAGES, _
from tutor.source.disk import DocumentError, read_bytes
from tutor.source.document import Cell, CellId, Document
from tutor.source.formats import read_document
from tutor.trace.lines import lines_of

_PART_KEYS = ("panes", "covers", "drag")
_CELL_KEYS = ("question", "stops")
_LESSON_KEYS = ("id", "lang", "number", "title", "minutes", "needs")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})(.*)$")
_HEADING = re.compile(r"^##\s+(.*?)\s*#*\s*$")


@dataclass
class _Draft:
    """A part while its lines and cells come in."""

    title: str
    line: int
    panes: tuple[Pane, ...]
    covers: frozenset[str]
    drag: str | None
    prose: list[str] = field(default_factory=list)
    cells: list[CellId] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    question: Question | None = None

    def done(self) -> Part:
        asked = self.question.covers if self.question else frozenset()
        return Part(
            self.title,
            "\n".join(self.prose).strip("\n"),
            tuple(self.cells),
            self.panes,
            self.question,
            self.covers | asked,
            tuple(self.stops),
            self.drag,
            self.line,
        )


def read_lesson(path: Path) -> Lesson:
    """The lesson in a file. Raises DocumentError (`path:line: what is wrong, what would be right`)."""
    document = read_document(path)
    if document.kind != "lesson":
        raise DocumentError(path, 1, _("this is no lesson: the front matter has no “tutor:” key"))
    entry = _entry(path, document.metadata.get("tutor"), parts=0)
    parts = _parts(path, document, entry.title)
    _check_questions(path, parts)
    return Lesson(entry.id, entry.number, entry.title, entry.minutes, entry.language, path, document, parts)


def read_entry(path: Path) -> LessonEntry:
    """What the list of lessons shows, without reading the cells. Raises DocumentError."""
    import yaml

    text = read_bytes(path).decode("utf-8", errors="replace").replace("\r\n", "\n").removeprefix("\ufeff")
    header, body = _split_front_matter(text)
    try:
        front_matter = yaml.safe_load(header) or {}
    except yaml.YAMLError as fault:
        reason = _("the front matter is not YAML ({why}); write “key: value” lines between two lines of ---")
        raise DocumentError(path, 1, reason.format(why=str(fault).splitlines()[0])) from fault
    if not isinstance(front_matter, dict) or "tutor" not in front_matter:
        raise DocumentError(path, 1, _("this is no lesson: the front matter has no “tutor:” key"))
    parts = sum(1 for __, heading in _outside_fences(lines_of(body)) if heading is not None)
    return _entry(path, front_matter["tutor"], parts=parts)


def _split_front_matter(text: str) -> tuple[str, str]:
    found = re.match(r"---[ \t]*\n(.*?\n)?---[ \t]*(\n|\Z)", text, re.DOTALL)
    return ((found.group(1) or "", text[found.end() :])) if found else ("", text)


def _entry(path: Path, tutor: object, *, parts: int) -> LessonEntry:
    data = Reading(path, 1, "tutor").mapping(tutor, _LESSON_KEYS)
    language = data.text("lang")
    if language not in LANGUAGES:
        raise data.fault("lang", _("write one of {languages}").format(languages=", ".join(LANGUAGES)))
    return LessonEntry(
        data.text("id"),
        data.integer("number"),
        data.text("title"),
        data.integer("minutes"),
        language,
        path,
        parts,
    )


def _parts(path: Path, document: Document, title: str) -> tuple[Part, ...]:
    drafts: list[_Draft] = []
    for cell in document.cells:
        line = _line(document, cell)
        if cell.kind == "markdown":
            _take_prose(path, cell, line, drafts, title)
        elif not drafts:
            raise DocumentError(
                path, line, _("this code stands before the first part; put a “## heading” above it")
            )
        else:
            _take_code(path, cell, line, drafts[-1])
    if not drafts:
        raise DocumentError(path, 1, _("the lesson has no parts; begin each with a “## heading”"))
    return tuple(draft.done() for draft in drafts)


def _take_prose(path: Path, cell: Cell, line: int, drafts: list[_Draft], title: str) -> None:
    lines = lines_of(cell.text)
    metadata = cell.metadata.get("tutor")
    headings = [place for place, heading in _outside_fences(lines) if heading is not None]
    if metadata is not None and not headings:
        reason = _("“tutor” data of a part belongs right above its “## heading”; this text has none")
        raise DocumentError(path, line, reason)
    first_line = line + (2 if cell.metadata else 0)
    for place, (text, heading) in enumerate(_with_headings(lines)):
        if heading is not None:
            own = metadata if not headings or place == headings[0] else None
            drafts.append(_begin(path, heading, first_line + place, own, line, drafts))
        elif drafts:
            drafts[-1].prose.append(text)
        elif text.strip() and text.strip() != f"# {title}":
            reason = _("before the first “## heading” nothing but “# {title}” may stand")
            raise DocumentError(path, first_line + place, reason.format(title=title))


def _begin(
    path: Path, heading: str, line: int, metadata: object, metadata_line: int, drafts: list[_Draft]
) -> _Draft:
    reading = Reading(path, metadata_line, "tutor")
    data = reading.mapping(metadata if metadata is not None else {}, _PART_KEYS)
    before: tuple[Pane, ...] = drafts[-1].panes if drafts else ("lesson", "graph")
    panes = _panes(data) if data.has("panes") else before
    covers = frozenset(data.texts("covers")) if data.has("covers") else frozenset[str]()
    return _Draft(heading, line, panes, covers, data.optional_text("drag"))


def _panes(data: Data) -> tuple[Pane, ...]:
    known = get_args(Pane)
    panes = data.texts("panes")
    for pane in panes:
        if pane not in known:
            raise data.fault(
                "panes", _("“{pane}” is none of {known}").format(pane=pane, known=", ".join(known))
            )
    return tuple(pane for pane in known if pane in panes)


def _take_code(path: Path, cell: Cell, line: int, draft: _Draft) -> None:
    if not isinstance(cell.metadata.get("label"), str):
        reason = _(
            "this code has no label, by which the learner's own text of it is kept; write “label: a-name”"
        )
        raise DocumentError(path, line, reason)
    if "solution" in cell.tags:
        return
    draft.cells.append(cell.id)
    data = Reading(path, line, "tutor").mapping(cell.metadata.get("tutor", {}), _CELL_KEYS)
    if data.has("stops"):
        draft.stops.extend(_stop(data, cell, stop) for stop in data.items("stops"))
    if not data.has("question"):
        return
    if draft.question is not None:
        raise data.fault("question", _("this part has a question already; a part asks one"))
    draft.question = read_question(data)


def _stop(data: Data, cell: Cell, stop: object) -> Stop:
    if isinstance(stop, int) and 1 <= stop <= len(lines_of(cell.text)):
        return Stop(cell.id, stop, None)
    if isinstance(stop, str) and stop.endswith(".grad"):
        return Stop(cell.id, None, stop.removesuffix(".grad"))
    reason = _("“{stop}” is neither a line of this cell nor a gradient such as “a.grad”")
    raise data.fault("stops", reason.format(stop=stop))


def _check_questions(path: Path, parts: tuple[Part, ...]) -> None:
    asked: set[str] = set()
    for part in parts:
        if part.question is not None and part.question.id in asked:
            reason = _("the question id “{id}” is taken; give each question of a lesson its own")
            raise DocumentError(path, part.question.line, reason.format(id=part.question.id))
        if part.question is not None:
            asked.add(part.question.id)


def _line(document: Document, cell: Cell) -> int:
    """The line on which the cell begins: its fence, its +++, or the first line of its text."""
    found = cell.rest.get("line")
    line = found if isinstance(found, int) else 1
    lines = lines_of(str(document.metadata.get("original", "")))
    opening = "```{" if cell.kind == "code" else "+++"
    if cell.kind == "code" or cell.metadata:
        above = [number for number in range(line, 0, -1) if lines[number - 1 : number][0].startswith(opening)]
        return above[0] if above else line
    below = (number for number, text in enumerate(lines, start=1) if number >= line and text.strip())
    return next(below, line)


def _outside_fences(lines: list[str]) -> Iterator[tuple[int, str | None]]:
    for place, (__, heading) in enumerate(_with_headings(lines)):
        yield place, heading


def _with_headings(lines: list[str]) -> Iterator[tuple[str, str | None]]:
    """Each line with the `##` heading that it is, if it is one and does not stand inside a fence."""
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            if mark and mark.group(1).startswith(fence) and not mark.group(2).strip():
                fence = ""
            yield line, None
        elif mark:
            fence = mark.group(1)
            yield line, None
        else:
            heading = _HEADING.match(line)
            yield line, heading.group(1) if heading else None
