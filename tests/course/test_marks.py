"""Parts and stops find their place on the timeline of a trace of the lesson, and of one that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tutor.course.marks import last_step, part_steps, stop_steps
from tutor.course.reader import read_lesson
from tutor.trace.file import read_trace
from tutor.trace.trace import Trace

LESSONS = Path(__file__).parents[2] / "lessons"


def test_a_part_without_code_has_no_steps_and_speaks_of_the_state_before() -> None:
    lesson = read_lesson(LESSONS / "00-slope" / "es.md")
    trace = read_trace(lesson.trace_path)
    assert part_steps(lesson.parts[2], trace) is None
    assert last_step(lesson, 2, trace) == last_step(lesson, 1, trace) == len(trace.steps) - 1


def test_in_an_empty_trace_there_is_nothing() -> None:
    lesson = read_lesson(LESSONS / "02-q" / "es.md")
    assert part_steps(lesson.parts[0], Trace()) is None
    assert last_step(lesson, 4, Trace()) == -1
    assert stop_steps(lesson.parts, Trace()) == frozenset()


def test_a_stop_on_a_line_is_the_last_step_of_that_line() -> None:
    lesson = read_lesson(LESSONS / "02-q" / "es.md")
    trace = read_trace(lesson.trace_path)
    steps = part_steps(lesson.parts[0], trace)
    assert steps is not None
    assert stop_steps([lesson.parts[0]], trace) == {steps[-1]}


def test_the_same_name_in_another_part_stops_nothing_here() -> None:
    lesson = read_lesson(LESSONS / "02-q" / "es.md")
    trace = read_trace(lesson.trace_path)
    again, steps = stop_steps([lesson.parts[3]], trace), part_steps(lesson.parts[3], trace)
    assert steps is not None
    assert len(again) == 3
    assert all(step in steps for step in again)


def test_a_line_that_does_nothing_stops_nothing() -> None:
    lesson = read_lesson(LESSONS / "02-q" / "es.md")
    stop = replace(lesson.parts[0].stops[0], line=1)
    assert stop_steps([replace(lesson.parts[0], stops=(stop,))], read_trace(lesson.trace_path)) == frozenset()
