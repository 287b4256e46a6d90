"""The beginning of a recording is a whole trace of its own."""

from __future__ import annotations

from tutor.course import marks
from tutor.course.catalogue import lesson_path
from tutor.course.reader import read_lesson
from tutor.trace.file import read_trace
from tutor.trace.prefix import prefix
from tutor.trace.structure import structure
from tutor.trace.tensors import tensor_rows


def test_a_part_of_a_recording_knows_nothing_of_what_comes_later() -> None:
    lesson = read_lesson(lesson_path("02-q", "en"))
    whole = read_trace(lesson.trace_path)
    end = marks.last_step(lesson, 1, whole) + 1
    part = prefix(whole, end, lesson.cells_up_to(1))
    assert len(part.steps) == end < len(whole.steps)
    assert [source.cell for source in part.sources] == list(lesson.cells_up_to(1))
    assert part.backwards == []
    drawn = structure(part, 0)
    assert {box.name for box in drawn.boxes} == {"a", "b", "Q"}
    assert tensor_rows(part, end - 1, frozenset()) == tensor_rows(whole, end - 1, frozenset())


def test_all_of_a_recording_is_the_recording() -> None:
    lesson = read_lesson(lesson_path("02-q", "en"))
    whole = read_trace(lesson.trace_path)
    cells = [source.cell for source in whole.sources if source.cell is not None]
    assert prefix(whole, len(whole.steps), cells) == whole
