"""`check` reports every fault with its place, and writes a recorded trace only for a lesson that has none."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from tutor.course.check import check, main, portable
from tutor.trace.file import read_trace
from tutor.trace.trace import Trace

LESSONS = Path(__file__).parents[2] / "lessons"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a lesson that ships, without its traces."""
    copy = tmp_path / "00-slope"
    shutil.copytree(LESSONS / "00-slope", copy, ignore=shutil.ignore_patterns("*.json"))
    return copy


def recorded(path: Path) -> Trace:
    """Its recorded trace in place of a run."""
    return read_trace(LESSONS / "00-slope" / f"{path.stem}.trace.json")


def test_a_lesson_without_a_fault_gets_its_traces(folder: Path) -> None:
    report = check([folder], recorded)
    assert report.faults == []
    assert [path.name for path in report.written] == ["es.trace.json", "en.trace.json"]
    assert (folder / "es.trace.json").read_bytes() == portable(recorded(folder / "es.md"), folder / "es.md")
    assert check([folder], recorded).written == []


def test_a_fault_is_reported_and_nothing_is_written(folder: Path) -> None:
    text = (folder / "es.md").read_text("utf-8")
    (folder / "es.md").write_text(text.replace("answer: 0.06", "answer: 0.6"), "utf-8")
    report = check([folder], recorded)
    assert "torch says x.grad * 0.01 = 0.06" in str(report.faults[0])
    assert not list(folder.glob("*.json"))


def test_code_that_is_the_same_in_both_languages_is_run_once(folder: Path) -> None:
    run: list[str] = []

    def count(path: Path) -> Trace:
        run.append(path.name)
        return recorded(path)

    assert check([folder], count).faults == []
    assert run == ["es.md"]


def test_a_missing_language_is_a_fault(folder: Path) -> None:
    (folder / "en.md").unlink()
    assert "there is no such file" in str(check([folder], recorded).faults[0])


def test_the_id_is_the_folders_name(folder: Path) -> None:
    moved = folder.rename(folder.with_name("07-other"))
    assert "“id” is 00-slope, and must be the folder's name, 07-other" in str(
        check([moved], recorded).faults[0]
    )


def test_the_language_is_the_files_name(folder: Path) -> None:
    shutil.copy(folder / "en.md", folder / "es.md")
    assert "“lang” is en, and the file's name says es" in str(check([folder], recorded).faults[0])


def test_a_trace_names_no_folder_of_the_machine_that_made_it(folder: Path) -> None:
    assert str(folder).encode() not in portable(recorded(folder / "es.md"), folder / "es.md")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    out = io.StringIO()
    assert main([str(tmp_path / "none")], out) == 1
    assert out.getvalue() == f"{tmp_path / 'none'}: there is no such folder of a lesson\n"


@pytest.mark.kernel
def test_the_lessons_that_ship_are_as_they_should_be(folder: Path) -> None:
    out = io.StringIO()
    assert main([str(folder)], out) == 0, out.getvalue()
    assert out.getvalue().endswith("1 lesson is as it should be.\n")
    again = read_trace(folder / "es.trace.json")
    kept = recorded(folder / "es.md")
    again.environment = kept.environment
    assert again == kept
