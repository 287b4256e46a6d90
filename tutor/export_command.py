"""The `export` command: draws a recorded run, or records one first, without a screen, and writes it whole or not at all."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from tutor.course.lesson import Lesson
from tutor.course.marks import last_step
from tutor.course.reader import read_lesson
from tutor.export_options import SIDES
from tutor.i18n import _, language, use_language
from tutor.protocol import RunSettings
from tutor.recorded_run import Stops
from tutor.session.files import TRACE_SUFFIX, recorded_trace, trace_in
from tutor.session.folding import Folds
from tutor.source.disk import DocumentError
from tutor.source.formats import read_document
from tutor.trace.iterations import Iteration, iterations
from tutor.trace.prefix import prefix
from tutor.trace.trace import Trace
from tutor.trace_command import NOT_RUN, NOT_STARTED, UNWRITABLE, TraceOptions, recorded, say
from tutor.views.export.exporting import exporting
from tutor.views.export.job import ExportJob
from tutor.views.export.request import (
    FPS,
    Format,
    Kind,
    Look,
    Request,
    Stretch,
    Subject,
    format_of,
    is_numbered,
    kind_of,
)
from tutor.views.fonts import load_fonts
from tutor.views.theme import PALETTES

_LISTEN_MS = 100


class OptionError(Exception):
    """`option: what is wrong, what would be right`."""


class StoppedError(Exception):
    """Ctrl+C, or what stands for it, before there was anything to draw; or the program could not be started at all."""

    def __init__(self, status: int) -> None:
        self.status = status


@dataclass(frozen=True, slots=True)
class _Given:
    """What FILE holds: a run, of a lesson perhaps."""

    trace: Trace
    lesson: Lesson | None = None


def export(values: Any, arguments: tuple[str, ...], errors: TextIO | None) -> int:
    """Returns the exit status: 0 when all is written; 2 for a wrong option, or a file that cannot be read or written;
    130 after Ctrl+C (143 after SIGTERM); 1 when torch or the recorder, or the drawing, failed.
    """
    try:
        with Stops() as stops:
            return _exported(values, arguments, stops, errors)
    except (DocumentError, OptionError) as fault:
        say(errors, str(fault))
        return UNWRITABLE
    except StoppedError as stopped:
        return stopped.status


def _exported(values: Any, arguments: tuple[str, ...], stops: Stops, errors: TextIO | None) -> int:
    path, file = Path(values.output), _file(values)
    form = format_of(path)
    _check_options(values, kind_of(form))
    _check_place(path, file)
    given = _given(file, values, arguments, stops, errors)
    request = Request(
        _subject(values, given), _stretch(values, given.trace, kind_of(form)), form, path, _look(values, form)
    )
    os.environ.update(
        QT_QPA_PLATFORM="offscreen", QT_API="pyside6"
    )  # now: the program that ran may want a screen
    application = QApplication.instance() or QApplication(sys.argv[:1])
    load_fonts()
    status = _drawn(request, stops, errors)
    application.processEvents()  # lets go of what was drawn
    return status


def _check_options(values: Any, kind: Kind) -> None:
    """Options that say nothing of what is made are mistakes."""
    if kind == "animation":
        unfit = {"--step": values.step is not None, "--transparent": values.transparent}
        why = _(
            "{option}: an animation has many steps and a background; use --from and --to, or a picture (.png, .svg, .pdf)"
        )
    else:
        unfit = {
            "--from": values.first is not None,
            "--to": values.last is not None,
            "--fps": values.fps is not None,
            "--whole": values.whole,
        }
        why = _(
            "{option}: {output} shows one step; use --step, or make an animation (.gif, .mp4, .webm, a folder)"
        )
    for option, given in unfit.items():
        if given:
            raise OptionError(why.format(option=option, output=values.output))
    scale = values.scale or 1.0
    if values.size is not None and max(values.size) * scale > SIDES[1]:
        text = _("--scale: {scale} × {width}x{height} is more than {most} pixels a side; choose less")
        width, height = values.size
        raise OptionError(text.format(scale=f"{scale:g}", width=width, height=height, most=SIDES[1]))


def _check_place(path: Path, file: Path) -> None:
    """Better told before a long run than after it."""
    if path.is_dir() and format_of(path) != "frames":
        raise DocumentError(path, None, _("this is a folder; name a file inside it"))
    into_folder = format_of(path) == "frames" and not is_numbered(path)  # which is made
    if not into_folder and not path.absolute().parent.is_dir():
        raise DocumentError(path, None, _("there is no such folder to write into"))
    if path.exists() and file.exists() and path.samefile(file):
        raise DocumentError(path, None, _("this is FILE itself; name another one"))


# ---------------------------------------------------------------- what was run


def _file(values: Any) -> Path:
    """A lesson may be named by its folder. Sets the language: the one that is asked for, else that of the lesson."""
    file = Path(values.file)
    if values.lang is not None:
        use_language(values.lang)
    if file.is_dir() and (file / f"{language()}.md").is_file():
        return file / f"{language()}.md"
    return file


def _given(
    file: Path, values: Any, arguments: tuple[str, ...], stops: Stops, errors: TextIO | None
) -> _Given:
    """A recording that there is, or one that is made now."""
    if file.suffix.lower() == TRACE_SUFFIX:
        if values.part is not None:
            raise _no_lesson(file)
        return _Given(trace_in(file))
    document = read_document(file)
    lesson = read_lesson(file) if document.kind == "lesson" else None
    if lesson is not None and values.lang is None:
        use_language(lesson.language)
    trace = recorded_trace(lesson) if lesson is not None else Trace()
    if lesson is None or not _is_of(trace, lesson):
        trace = _run(file, values, arguments, stops, errors)
    return _up_to_part(_Given(trace, lesson), values.part, file)


def _is_of(trace: Trace, lesson: Lesson) -> bool:
    """Whether the recording is of the lesson's code as it stands."""
    texts = {source.cell: source.text for source in trace.sources}
    last = len(lesson.parts) - 1
    cells = {cell.id: cell for cell in lesson.document.code_cells}
    return bool(texts) and all(
        texts.get(cell) == cells[cell].text or NOT_RUN & set(cells[cell].tags)
        for cell in lesson.cells_up_to(last)
    )


def _run(file: Path, values: Any, arguments: tuple[str, ...], stops: Stops, errors: TextIO | None) -> Trace:
    settings = RunSettings(device=values.device, seed=values.seed)
    options = TraceOptions(file, Path(values.output), settings, values.timeout, arguments)
    done = recorded(options, stops, errors)
    if done is None:
        raise StoppedError(NOT_STARTED)
    if done.stopped_by == "interrupt":
        raise StoppedError(stops.status)
    return done.trace


def _no_lesson(file: Path) -> OptionError:
    return OptionError(_("--part: {path} is no lesson").format(path=file))


def _up_to_part(given: _Given, part: int | None, file: Path) -> _Given:
    if part is None:
        return given
    lesson = given.lesson
    if lesson is None:
        raise _no_lesson(file)
    if part > len(lesson.parts):
        raise OptionError(_("--part: the lesson has {count} parts").format(count=len(lesson.parts)))
    end = last_step(lesson, part - 1, given.trace) + 1
    shown = prefix(given.trace, end, lesson.cells_up_to(part - 1))
    return _Given(shown, replace(lesson, parts=lesson.parts[:part]))


# ---------------------------------------------------------------- what is asked for


def _subject(values: Any, given: _Given) -> Subject:
    covered = frozenset(name.strip() for name in values.cover.split(",") if name.strip())
    known = {row.name for row in given.trace.tensors} | {row.name for row in given.trace.names}
    for name in sorted(covered):
        if name.removesuffix(".grad") not in known:
            text = _(
                "--cover: no tensor is called “{name}”; a tensor's name, or with .grad its gradient, is right"
            )
            raise OptionError(text.format(name=name.removesuffix(".grad")))
    if given.lesson is not None and not values.answers:
        covered |= frozenset(name for part in given.lesson.parts for name in part.covers)
    return Subject(given.trace, covered, unrolled=values.iteration == "all", folds=_folds(values.unfold))


def _folds(depth: int | str | None) -> tuple[Folds, Folds] | None:
    """As a window first shows the run, unless said otherwise."""
    folds = Folds()
    if isinstance(depth, int):
        folds.set_depth(depth)
    return None if depth == "all" else (folds, folds)


def _stretch(values: Any, trace: Trace, kind: Kind) -> Stretch:
    """Steps from 0 here, from 1 in the options."""
    count = len(trace.steps)
    if not count:
        raise OptionError(
            _("{file}: nothing happened in this run, so there is nothing to draw").format(file=values.file)
        )
    turn = _turn(values.iteration, trace)
    begin, end = (turn.first_step, turn.end_step) if turn is not None else (0, count)
    for option, step in (("--step", values.step), ("--from", values.first), ("--to", values.last)):
        if step is not None and step > count:
            raise OptionError(
                _("{option}: the run has {count} steps, so this is at most {count}").format(
                    option=option, count=count
                )
            )
    if kind != "animation":
        step = end - 1 if values.step is None else values.step - 1
        return Stretch(step, step, rests=values.step is None)
    first = begin if values.first is None else values.first - 1
    last = end - 1 if values.last is None else values.last - 1
    if first > last:
        text = _("--to: step {last} comes before step {first}; exchange them")
        raise OptionError(text.format(last=last + 1, first=first + 1))
    return Stretch(first, last, values.speed, values.fps or FPS)


def _turn(wanted: int | str | None, trace: Trace) -> Iteration | None:
    if not isinstance(wanted, int):
        return None
    kept = iterations(trace)
    found = next((turn for turn in kept if turn.number == wanted), None)
    if found is None:
        text = _(
            "--iteration: the run has iterations {first} to {last}, and this one was not kept or is none of them"
        )
        raise OptionError(text.format(first=kept[0].number, last=kept[-1].number))
    return found


def _look(values: Any, form: Format) -> Look:
    return Look(
        palette=PALETTES[values.theme],
        size=values.size,
        scale=values.scale or (2.0 if form == "png" else 1.0),
        direction=values.direction,
        whole=values.whole,
        caption=values.caption.strip(),
        code=values.code,
        transparent=values.transparent,
    )


# ---------------------------------------------------------------- how it is drawn


class _Told:
    """What the job says, in a terminal."""

    def __init__(self, errors: TextIO | None) -> None:
        self._errors = errors if errors is not None and errors.isatty() else None
        self._percent = -1
        self.fault: str | None = None
        self.done = False

    def on_progressed(self, done: int, total: int) -> None:
        percent = 100 * done // max(total, 1)
        if self._errors is not None and percent != self._percent:
            self._percent = percent
            with suppress(OSError):
                self._errors.write(f"\r{percent:3} %")
                self._errors.flush()

    def on_failed(self, why: str) -> None:
        self.fault = why

    def on_done(self, _made: object) -> None:
        self.done = True

    def on_over(self) -> None:
        if self._errors is not None and self._percent >= 0:
            with suppress(OSError):
                self._errors.write("\r     \r")


def _drawn(request: Request, stops: Stops, errors: TextIO | None) -> int:
    job, loop, told = ExportJob(), QEventLoop(), _Told(errors)
    listening = QTimer(interval=_LISTEN_MS)
    listening.timeout.connect(lambda: job.cancel() if stops.count else None)
    job.progressed.connect(told.on_progressed)
    job.failed.connect(told.on_failed)
    job.done.connect(told.on_done)
    job.over.connect(told.on_over)
    job.over.connect(loop.quit)
    listening.start()
    job.start(exporting(request))
    loop.exec()
    listening.stop()
    if told.done:
        say(errors, _("Exported to {path}.").format(path=request.path))
        return 0
    if told.fault is not None:
        say(errors, told.fault)
        return UNWRITABLE
    return stops.status or NOT_STARTED
