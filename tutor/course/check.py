"""`check`: runs each lesson on real torch in a child process, tests its claims against it, remakes its recorded trace."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import msgspec

from tutor.course.lesson import Lesson
from tutor.course.proof import text_faults, trace_faults, twin_faults
from tutor.course.reader import read_lesson
from tutor.i18n import LANGUAGES, _, ngettext
from tutor.shipped import shipped
from tutor.source.disk import DocumentError, write_bytes
from tutor.trace.file import TraceFileError, encode_trace, read_trace
from tutor.trace.trace import Trace

Record = Callable[[Path], Trace]
"""Runs a lesson's file and gives its trace. Raises DocumentError when that cannot be done."""

_ROOT = str(Path(__file__).resolve().parents[2])
_COMMAND = f"import sys; sys.path.insert(0, {_ROOT!r}); from tutor.cli import main; raise SystemExit(main())"
_LIMIT_S = 300


@dataclass
class Report:
    """What came of a check: the faults in order, and the traces that were written anew."""

    lessons: int = 0
    faults: list[DocumentError] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)


def main(arguments: Sequence[str], out: TextIO = sys.stdout) -> int:
    """`check [LESSON…]`: lesson folders or files, all that ship when none is named. 0 when nothing is wrong, else 1."""
    folders = [_folder(Path(argument)) for argument in arguments] or _shipped_folders()
    report = check(folders)
    for fault in report.faults:
        out.write(f"{fault}\n")
    for path in report.written:
        out.write(_("{path}: recorded anew").format(path=path) + "\n")
    if not report.faults:
        done = ngettext(
            "{count} lesson is as it should be.", "{count} lessons are as they should be.", report.lessons
        )
        out.write(done.format(count=report.lessons) + "\n")
    return 1 if report.faults else 0


def check(folders: Sequence[Path], record: Record | None = None) -> Report:
    """Checks the lessons in these folders; a lesson without a fault gets its recorded traces written."""
    report = Report()
    for folder in folders:
        report.lessons += 1
        _check_folder(folder, record or record_in_child, report)
    return report


def record_in_child(path: Path) -> Trace:
    """The trace of a lesson, recorded by `trace` in a process of its own. Raises DocumentError."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "trace.json"
        command = [sys.executable, "-c", _COMMAND, "trace", str(path), "-o", str(out)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S)
        except subprocess.TimeoutExpired as fault:
            raise DocumentError(
                path, None, _("its code did not end within {limit} s").format(limit=_LIMIT_S)
            ) from fault
        if not out.is_file():
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise DocumentError(path, None, _("its code could not be recorded: {why}").format(why=last))
        return _read(path, out)


def _read(path: Path, out: Path) -> Trace:
    try:
        return read_trace(out)
    except TraceFileError as fault:
        raise DocumentError(path, None, str(fault)) from fault


def portable(trace: Trace, lesson: Path) -> bytes:
    """The trace file's bytes for this lesson's file, with no folder of this machine in them."""
    trace.sources = [msgspec.structs.replace(source, path=lesson.name) for source in trace.sources]
    return encode_trace(trace)


def _check_folder(folder: Path, record: Record, report: Report) -> None:
    faults: list[DocumentError] = []
    lessons = list(_read_lessons(folder, faults))
    runs: dict[tuple[str, ...], Trace] = {}
    traces: dict[Path, Trace] = {}
    for lesson in lessons:
        faults.extend(text_faults(lesson))
        code = tuple(cell.text for cell in lesson.document.code_cells)
        try:
            runs[code] = traces[lesson.path] = runs.get(code) or record(lesson.path)
        except DocumentError as fault:
            faults.append(fault)
        else:
            faults.extend(trace_faults(lesson, runs[code]))
    for other in lessons[1:]:
        faults.extend(twin_faults(lessons[0], other))
    report.faults.extend(faults)
    if not faults:
        report.written.extend(_write(traces))


def _read_lessons(folder: Path, faults: list[DocumentError]) -> Iterator[Lesson]:
    paths = [folder / f"{language}.md" for language in LANGUAGES]
    if not folder.is_dir():
        faults.append(DocumentError(folder, None, _("there is no such folder of a lesson")))
        return
    for path in paths:
        try:
            lesson = read_lesson(path)
            _check_place(lesson)
        except DocumentError as fault:
            faults.append(fault)
        else:
            yield lesson


def _check_place(lesson: Lesson) -> None:
    if lesson.language != lesson.path.stem:
        reason = _("“lang” is {language}, and the file's name says {name}")
        raise DocumentError(lesson.path, 1, reason.format(language=lesson.language, name=lesson.path.stem))
    if lesson.id != lesson.path.resolve().parent.name:
        reason = _("“id” is {id}, and must be the folder's name, {name}")
        name = lesson.path.resolve().parent.name
        raise DocumentError(lesson.path, 1, reason.format(id=lesson.id, name=name))


def _write(traces: dict[Path, Trace]) -> Iterator[Path]:
    for lesson, trace in traces.items():
        data, path = portable(trace, lesson), lesson.with_suffix(".trace.json")
        if not path.is_file() or path.read_bytes() != data:
            write_bytes(path, data)
            yield path


def _folder(path: Path) -> Path:
    return path.parent if path.suffix == ".md" else path


def _shipped_folders() -> list[Path]:
    return sorted(folder for folder in shipped("lessons").iterdir() if folder.is_dir())
