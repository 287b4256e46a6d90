"""A session that is only a lesson: what the lesson's pane needs of the real one, and what it was asked to do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from tutor.course.lesson import Lesson
from tutor.course.progress import ProgressStore
from tutor.course.question import Answer, Verdict, judge
from tutor.course.reader import read_lesson
from tutor.protocol import Data, Tensor, TensorId, Value
from tutor.session.runs import RunStatus
from tutor.trace.trace import Trace

LESSONS = Path(__file__).parents[2] / "lessons"


class LessonSession(QObject):
    """Holds the lesson, the part and the answers; runs nothing."""

    lesson_changed = Signal()
    document_changed = Signal()
    run_changed = Signal()
    trace_changed = Signal()

    def __init__(self, lesson: Lesson, progress: ProgressStore) -> None:
        super().__init__()
        self.lesson: Lesson | None = lesson
        self.part = 0
        self.progress = progress
        self.run = RunStatus(phase="ready")
        self.trace = trace_of_number("x", 3.0)
        self.stale = False
        self.from_recording = True
        self.values_set: list[tuple[TensorId, Data]] = []
        self.cells_run: list[str] = []
        self.opened: list[str] = []
        self.pane: object = None
        """Kept alive as long as the session."""

    def go_to_part(self, part: int) -> None:
        self.part = part
        self.lesson_changed.emit()

    def answer(self, question_id: str, answer: Answer) -> Verdict:
        assert self.lesson is not None
        verdict = judge(self.lesson.question(question_id), answer)
        self.progress.answered(self.lesson.id, question_id, answer, verdict)
        self.lesson_changed.emit()
        return verdict

    def reset_exercise(self, question_id: str) -> None:
        assert self.lesson is not None
        self.progress.reset_exercise(self.lesson.id, question_id)
        self.lesson_changed.emit()

    def reset_lesson(self) -> None:
        assert self.lesson is not None
        self.progress.reset_lesson(self.lesson.id)
        self.go_to_part(0)

    def set_value(self, tensor: TensorId, data: Data) -> None:
        self.values_set.append((tensor, data))

    def run_to(self, cell: str) -> None:
        self.cells_run.append(cell)

    def open_lesson(self, lesson_id: str) -> None:
        self.opened.append(lesson_id)


def shipped_session(folder: Path, name: str, language: str) -> LessonSession:
    """A session on one of the lessons that ship, with an empty progress file in `folder`."""
    return LessonSession(
        read_lesson(LESSONS / name / f"{language}.md"), ProgressStore(folder / "progress.json")
    )


def trace_of_number(name: str, value: float) -> Trace:
    """A trace in which one scalar leaf was made."""
    tensor = Tensor(
        id=TensorId(0),
        name=name,
        shape=[],
        dtype="torch.float32",
        device="cpu",
        requires_grad=True,
        is_leaf=True,
        step=0,
    )
    trace = Trace()
    trace.extend([tensor, Value(tensor=TensorId(0), step=0, version=0, value=value)])
    return trace
