"""A lesson as data: parts of prose, panes, code and at most one question each.

Read from a MyST Markdown file by `reader`; how to write one stands in lessons/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tutor.course.question import Question
from tutor.source.document import CellId, Document

Pane = Literal["lesson", "code", "graph", "tensors", "output", "plots"]
PANES: tuple[Pane, ...] = ("lesson", "code", "graph", "tensors", "output", "plots")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the player stops: when line `line` of the cell is done, or when the gradient of `name` has landed."""

    cell: CellId
    line: int | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """One idea of a lesson, from one `##` heading to the next."""

    title: str
    markdown: str
    """The prose below the heading."""
    code_cells: tuple[CellId, ...]
    panes: tuple[Pane, ...]
    question: Question | None = None
    covers: frozenset[str] = frozenset()
    """Hidden until the part's question is settled: "a.grad" the gradient, "Q" the value."""
    stops: tuple[Stop, ...] = ()
    drag: str | None = None
    """The name of the tensor whose one number can be dragged in the lesson's pane."""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson in one language. `document` holds its cells; a part names the code cells that are its own."""

    id: str
    number: int
    title: str
    minutes: int
    language: str
    path: Path
    document: Document = field(repr=False)
    parts: tuple[Part, ...]

    @property
    def trace_path(self) -> Path:
        """Where its recorded trace lies, whether it exists or not."""
        return self.path.with_suffix(".trace.json")

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(part.question for part in self.parts if part.question is not None)

    def question(self, question_id: str) -> Question:
        """Raises KeyError when there is no such question."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

    def part_of(self, question_id: str) -> int:
        """The place from 0 of the part that asks it. Raises KeyError."""
        for place, part in enumerate(self.parts):
            if part.question is not None and part.question.id == question_id:
                return place
        raise KeyError(question_id)

    def cells_up_to(self, part: int) -> tuple[CellId, ...]:
        """The code cells of the parts from the first to this one, in order: what a run of this part runs."""
        return tuple(cell for one in self.parts[: part + 1] for cell in one.code_cells)


@dataclass(frozen=True, slots=True)
class LessonEntry:
    """A lesson as the list shows it, read from its front matter alone."""

    id: str
    number: int
    title: str
    minutes: int
    language: str
    path: Path
    parts: int
