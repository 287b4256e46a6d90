"""The lesson that is open: its part, its answers, what its question covers, and where its author lets the player stop."""

from __future__ import annotations

from dataclasses import replace

from tutor.course import marks
from tutor.course.lesson import Lesson, Part
from tutor.course.progress import ProgressStore
from tutor.course.question import Answer, Question, Verdict, judge, settles
from tutor.source.document import Cell, Document
from tutor.trace.prefix import prefix
from tutor.trace.trace import Trace

NEVER_RUN = "solution"


class LessonState:
    """The lesson, the part that is open, and the learner's answers and own text, which the store keeps."""

    def __init__(self, store: ProgressStore) -> None:
        self.store = store
        self.lesson: Lesson | None = None
        self.part = 0

    def open(self, lesson: Lesson) -> Document:
        """The lesson's document with the learner's own text, at the part where they left it."""
        kept = self.store.lesson(lesson.id)
        self.lesson = lesson
        self.part = min(kept.part, len(lesson.parts) - 1)
        cells = tuple(_with_own(cell, kept.code.get(cell.id)) for cell in lesson.document.cells)
        return replace(lesson.document, cells=cells)

    def close(self) -> None:
        self.lesson = None
        self.part = 0

    @property
    def open_part(self) -> Part | None:
        return self.lesson.parts[self.part] if self.lesson is not None else None

    def go_to(self, part: int) -> bool:
        """Whether that is another part."""
        if self.lesson is None or not 0 <= part < len(self.lesson.parts):
            return False
        changed = part != self.part
        self.part = part
        self.store.go_to(self.lesson.id, part)
        self._finish()
        return changed

    def _finish(self) -> None:
        """The lesson is done once its last part was seen and no question is open."""
        assert self.lesson is not None
        kept = self.store.lesson(self.lesson.id)
        at_end = kept.reached == len(self.lesson.parts) - 1
        if at_end and not kept.finished and all(map(self.is_settled, self.lesson.questions)):
            self.store.finish(self.lesson.id)

    def answer(self, question_id: str, answer: Answer) -> Verdict:
        """Judges and keeps the answer. Raises KeyError, or ValueError for an answer of another kind."""
        assert self.lesson is not None
        verdict = judge(self.lesson.question(question_id), answer)
        self.store.answered(self.lesson.id, question_id, answer, verdict)
        self._finish()
        return verdict

    def reset_exercise(self, question_id: str) -> None:
        if self.lesson is not None:
            self.store.reset_exercise(self.lesson.id, question_id)

    def answer_to(self, question_id: str) -> Answer | None:
        return self.store.answer(self.lesson.id, question_id) if self.lesson is not None else None

    def keep_code(self, document: Document) -> None:
        """Keeps the learner's own text, cell by cell, where it differs from the lesson's."""
        if self.lesson is None:
            return
        given = {cell.id: cell.text for cell in self.lesson.document.code_cells}
        own = {cell.id: cell.text for cell in document.code_cells if given.get(cell.id) != cell.text}
        kept = dict(self.store.lesson(self.lesson.id).code)
        if own != kept:
            self.store.drop_code(self.lesson.id, set(kept) - set(own))
            self.store.keep_code(self.lesson.id, {str(cell): text for cell, text in own.items()})

    def changed_given(self, document: Document) -> tuple[Cell, ...]:
        """Under an open question: the given cells, as the author wrote them, whose text is another one now."""
        part = self.open_part
        if self.lesson is None or part is None or part.question is None or self.is_settled(part.question):
            return ()
        now = {cell.id: cell.text for cell in self.cells(document)}
        given = [cell for cell in self.lesson.document.code_cells if "given" in cell.tags]
        return tuple(cell for cell in given if now.get(cell.id, cell.text) != cell.text)

    @property
    def covered(self) -> frozenset[str]:
        """What the open part covers: until its question is answered right, or shown."""
        part = self.open_part
        if part is None or part.question is None or self.is_settled(part.question):
            return frozenset()
        return part.covers

    def is_settled(self, question: Question) -> bool:
        return settles(question, self.answer_to(question.id))

    def part_of(self, recording: Trace) -> Trace:
        """What a recording of the whole lesson shows of the parts up to the open one."""
        if self.lesson is None:
            return recording
        end = marks.last_step(self.lesson, self.part, recording) + 1
        return prefix(recording, end, self.lesson.cells_up_to(self.part))

    def entry(self, trace: Trace) -> int:
        """Where a recording stands when the part is opened: before the part's own code, ready to play it.

        At the end where the part has no code that takes steps, or a number to drag.
        """
        part = self.open_part
        own = marks.part_steps(part, trace) if part is not None and part.drag is None else None
        return own.start - 1 if own is not None else len(trace.steps) - 1

    def answer_begins(self, trace: Trace) -> int | None:
        """The first step of the part's last backward, which brings what its question asks for."""
        part = self.open_part
        own = marks.part_steps(part, trace) if part is not None else None
        if own is None:
            return None
        return next((one.first_step for one in reversed(trace.backwards) if one.first_step in own), own.start)

    def stops(self, trace: Trace) -> frozenset[int]:
        """The steps at whose end the author lets the player stop."""
        part = self.open_part
        return marks.stop_steps([part], trace) if part is not None else frozenset()

    def cells(self, document: Document) -> tuple[Cell, ...]:
        """The code of the parts up to the open one: what a run of it runs."""
        assert self.lesson is not None
        up_to = set(self.lesson.cells_up_to(self.part))
        given = {cell.id for cell in self.lesson.document.cells}
        return tuple(
            cell
            for cell in document.code_cells
            if (cell.id in up_to or cell.id not in given) and NEVER_RUN not in cell.tags
        )


def _with_own(cell: Cell, own: str | None) -> Cell:
    return cell if own is None or cell.kind != "code" else replace(cell, text=own)
