"""The lessons that ship say what torch does: their figures, read off the recorded traces; both languages are one lesson."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tutor.course.expression import evaluate
from tutor.course.lesson import Lesson
from tutor.course.marks import last_step, part_steps, stop_steps
from tutor.course.proof import text_faults, trace_faults, twin_faults
from tutor.course.reader import read_lesson
from tutor.source.myst import canonical
from tutor.trace.file import read_trace
from tutor.trace.trace import Trace

LESSONS = Path(__file__).parents[2] / "lessons"
FILES = sorted(LESSONS.glob("*/??.md"))
NAMES = [f"{path.parent.name}/{path.name}" for path in FILES]


def lesson_and_trace(name: str) -> tuple[Lesson, Trace]:
    lesson = read_lesson(LESSONS / name)
    return lesson, read_trace(lesson.trace_path)


def after_part(name: str, part: int, expression: str) -> object:
    """What the expression is when the code of this part (from 0) is done."""
    lesson, trace = lesson_and_trace(name)
    outcome = evaluate(expression, trace, last_step(lesson, part, trace))
    return outcome if outcome is None else outcome.tolist()


def test_there_are_two_lessons_in_both_languages() -> None:
    assert NAMES == ["00-slope/en.md", "00-slope/es.md", "02-q/en.md", "02-q/es.md"]


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_has_no_fault(name: str) -> None:
    lesson, trace = lesson_and_trace(name)
    assert [str(fault) for fault in (*text_faults(lesson), *trace_faults(lesson, trace))] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_trace_is_of_the_code_as_it_stands(name: str) -> None:
    lesson, trace = lesson_and_trace(name)
    assert {source.cell: source.text for source in trace.sources} == {
        cell.id: cell.text for cell in lesson.document.code_cells
    }
    assert all(source.path in (None, lesson.path.name) for source in trace.sources)


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_is_written_as_jupytext_writes_it(name: str) -> None:
    """So that a save through Jupyter changes nothing."""
    lesson = read_lesson(LESSONS / name)
    assert lesson.path.read_text("utf-8") == canonical(lesson.document)


@pytest.mark.parametrize("folder", ["00-slope", "02-q"])
def test_both_languages_are_one_lesson(folder: str) -> None:
    es, en = read_lesson(LESSONS / folder / "es.md"), read_lesson(LESSONS / folder / "en.md")
    assert list(twin_faults(es, en)) == []
    assert len(es.questions) == 1


def test_the_first_lesson_needs_the_text_and_the_graph_only() -> None:
    lesson = read_lesson(LESSONS / "00-slope" / "es.md")
    assert lesson.title == "Un número y su pendiente"
    assert {part.panes for part in lesson.parts} == {("lesson", "graph")}
    assert [part.drag for part in lesson.parts] == ["x", None, "x"]
    assert lesson.minutes == 1


def test_the_slope_at_3_is_6() -> None:
    assert after_part("00-slope/es.md", 0, "y") == 9
    assert after_part("00-slope/es.md", 0, "x.grad") is None
    assert after_part("00-slope/es.md", 1, "x.grad") == 6


def test_q_is_computed_and_both_gradients_are_none_before_backward() -> None:
    assert after_part("02-q/es.md", 0, "Q") == [-12, 65]
    assert after_part("02-q/es.md", 1, "a.grad") is None
    assert after_part("02-q/es.md", 1, "b.grad") is None


def test_backward_fills_both_gradients_and_once_more_doubles_them() -> None:
    assert after_part("02-q/es.md", 2, "a.grad") == [36, 81]
    assert after_part("02-q/es.md", 2, "b.grad") == [-12, -8]
    assert after_part("02-q/es.md", 3, "a.grad") == [72, 162]
    assert after_part("02-q/es.md", 3, "b.grad") == [-24, -16]


def test_the_question_is_asked_with_numbers_that_stand_nowhere_else() -> None:
    assert after_part("02-q/es.md", 4, "Q") == [-22, -40]
    assert after_part("02-q/es.md", 4, "a.grad") == [9, 36]
    assert after_part("02-q/es.md", 4, "b.grad") == [-10, -8]
    assert read_lesson(LESSONS / "02-q" / "es.md").parts[4].covers == {"a.grad"}


def test_the_player_stops_when_each_tray_has_been_filled() -> None:
    lesson, trace = lesson_and_trace("02-q/es.md")
    part = lesson.parts[2]
    stops = stop_steps([part], trace)
    landed = {one.step for one in trace.backwards[0].accumulations}
    steps = part_steps(part, trace)
    assert stops == landed
    assert steps is not None and len(stops) == 2 and all(stop in steps for stop in stops)


def test_the_parts_of_a_lesson_follow_one_another_on_the_timeline() -> None:
    lesson, trace = lesson_and_trace("02-q/es.md")
    ranges = [part_steps(part, trace) for part in lesson.parts]
    ends = [(steps.start, steps.stop) for steps in ranges if steps is not None]
    assert ends[0][0] == 0 and ends[-1][1] == len(trace.steps)
    assert all(one[1] == two[0] for one, two in pairwise(ends))
