"""From a Python frame to the learner's exact sub-expression: sources, frames, spans. Columns are converted once, here."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import CodeType, FrameType, TracebackType
from typing import Final, NamedTuple

import torch

from tutor.kernel.names import Position, Target, index_of, position_of
from tutor.kernel.own_frames import OWN_FOLDER, outside
from tutor.protocol import Frame, SourceId, Span
from tutor.trace.lines import lines_of

_TORCH: Final = os.path.dirname(os.path.abspath(torch.__file__))
_QUIET: Final = tuple(
    os.path.join(_TORCH, *parts)
    for parts in (
        *(
            ("optim",),
            ("nn", "init.py"),
            ("nn", "parameter.py"),
            ("nn", "utils", "clip_grad.py"),
            ("amp", "grad_scaler.py"),
        ),
        *(("utils", "data"), ("jit", "_trace.py"), ("_tensor_str.py",), ("random.py",)),
    )
)
"""Library code that is shown by what it changes (parameters, gradients), not operation by operation."""

_AVERAGED: Final = os.path.join(_TORCH, "optim", "swa_utils.py")
"""Holds a module, whose forward is like any other's; `update_bn` runs the learner's."""
_INSTALLED: Final = (OWN_FOLDER, _TORCH, os.path.dirname(os.path.abspath(os.__file__)))
_MODULE: Final = os.path.join(_TORCH, "nn", "modules", "module.py")
_LAYERS: Final = os.path.join(_TORCH, "nn", "modules") + os.sep
_MAKING: Final = frozenset({"__init__", "reset_parameters", "reset_running_stats"})
"""What torch's own modules do with their parameters while they are made is no step."""
_QUIET_METHODS: Final = frozenset({"_apply", "_load_from_state_dict", "load_state_dict", "zero_grad"})


class File:
    """One learner's text under the name that it was compiled with."""

    def __init__(self, *, id: SourceId, text: str, path: str | None, filename: str) -> None:
        self.id = id
        self.path = path
        self.filename = filename
        self.lines = lines_of(text)
        self.index = index_of(text)

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def column(self, line: int, byte: int) -> int:
        text = self.line(line)
        return byte if text.isascii() else len(text.encode()[:byte].decode(errors="ignore"))

    def span(self, position: Position) -> Span:
        line, end_line, col, end_col = self.index.shown(position)
        return Span(
            source=self.id,
            line=line,
            end_line=end_line,
            col=self.column(line, col),
            end_col=self.column(end_line, end_col),
        )

    def whole_line(self, number: int) -> Span:
        text = self.line(number)
        start = len(text) - len(text.lstrip())
        return Span(
            source=self.id, line=number, end_line=number, col=start, end_col=max(start, len(text.rstrip()))
        )


class Written(NamedTuple):
    """What a text says about names at one call: the names of its arguments, and what its result is assigned to."""

    operands: list[tuple[int, str]]
    """Which argument has which name."""
    targets: list[Target]


NOTHING = Written([], [])


@dataclass(slots=True, eq=False)
class Spot:
    """One instruction of a learner's code object. `code` is held so that its id stays its own.

    It remembers what was last asked of it: a place in a text is nearly always asked the same.
    """

    code: CodeType
    file: File
    position: Position | None
    span: Span
    place: Place | None = None
    function: str | None = None
    count: int = 0
    said: Written = NOTHING

    def written(self, function: str, count: int, *, reflected: bool) -> Written:
        """For a call of `function` (its plain name) with `count` arguments.

        `s = sum(parts)` calls many additions, none of them `sum`: they are assigned to nothing.
        """
        if function != self.function or count != self.count:
            self.function, self.count = function, count
            self.said = self._read(function, count, reflected=reflected)
        return self.said

    def _read(self, function: str, count: int, *, reflected: bool) -> Written:
        if self.position is None:
            return NOTHING
        index = self.file.index
        names = index.operands(self.position, count=count, reflected=reflected)
        operands = [(place, name) for place, name in enumerate(names[:count]) if name is not None]
        stands_alone = index.callee(self.position) in (None, function)
        return Written(operands, index.targets(self.position) if stands_alone else [])


@dataclass(slots=True, eq=False)
class Place:
    """Where a torch function was called from.

    `direct`: the learner's own expression calls it. `quiet`: an optimizer or the like calls it. `module_spot`: the
    statement of the learner's module (or cell) under which it all runs, with that module's namespace.
    """

    spot: Spot | None
    direct: bool
    quiet: bool
    is_module: bool = False
    module_spot: Spot | None = None
    namespace: Mapping[str, object] | None = None
    frame: int = 0
    """The id of the learner's frame, while it is entered."""
    base: Base | None = None
    """The call of a module within which it is, where that says which statement it is under."""
    span: Span | None = field(init=False)

    def __post_init__(self) -> None:
        self.span = None if self.spot is None else self.spot.span


Statement = tuple[Spot | None, Mapping[str, object] | None]
"""The statement of the learner's module under which something runs, with that module's namespace."""


@dataclass(slots=True, eq=False)
class Base:
    """A frame (its id) that waits for a call to return: under which statement it waits does not change."""

    frame: int
    statement: Statement | None = None
    files: int = 0
    """How many files were the learner's when that was found."""


class Sources:
    """The learner's texts, and the frames that run them."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self._by_id: list[File] = []
        self._folders: set[str] = set()
        self._spots: dict[tuple[int, int], Spot] = {}
        self._quiet: dict[str, bool] = {}
        self.on_stranger: Callable[[str], None] | None = None
        """Asked about each other file that is met on the way to a torch function, once: it may add it."""

        self.bases: list[Base] = []
        """The frames that wait for the modules in progress, the innermost last: nobody need look above them again."""

    def add(self, *, text: str, path: str | None, filename: str) -> File:
        file = File(id=SourceId(len(self._by_id)), text=text, path=path, filename=filename)
        self._by_id.append(file)
        self.files[filename] = file
        if path is not None:
            self.add_folder(os.path.dirname(os.path.abspath(path)))
        return file

    def is_module(self, filename: str) -> bool:
        """Whether it is the file of a module that lies beside the learner's program, and is not installed there."""
        return (
            filename.startswith(tuple(self._folders))
            and not filename.startswith(_INSTALLED)
            and "site-packages" not in filename
            and "dist-packages" not in filename
        )

    def place(self, frame: FrameType | None) -> Place:
        """Walks up from the frame that called torch to the learner's frames."""
        if frame is not None:
            spot = self._spots.get((id(frame.f_code), frame.f_lasti))
            if spot is not None:
                place = spot.place
                if place is not None and place.direct and place.frame == id(frame):
                    if place.is_module:
                        if place.namespace is frame.f_globals:
                            # The program's own statement, as it was the last time.
                            return place
                    elif self.bases and place.base is self.bases[-1] and place.base.files == len(self.files):
                        # The same call of a module is in progress, and waits under the same statement.
                        return place
                return self._placed(spot, frame, direct=True, quiet=False)
        frame, passed_override = outside(frame)
        direct, quiet = True, False
        own_quiet = passed_override and frame is not None and self._is_quiet(frame.f_code)
        while frame is not None:
            file = self.files.get(frame.f_code.co_filename) or self._met(frame.f_code.co_filename)
            if file is not None:
                return self._found(frame, file, direct=direct, quiet=quiet or (own_quiet and not direct))
            if passed_override:
                passed_override = False
            else:
                direct = False
                quiet = quiet or self._is_quiet(frame.f_code)
            frame = frame.f_back
        return Place(None, direct=False, quiet=quiet)

    def _met(self, filename: str) -> File | None:
        """What became of a file that is not known to be the learner's."""
        if self.on_stranger is None or filename in self._quiet:
            return None
        self.on_stranger(filename)
        return self.files.get(filename)

    def add_folder(self, folder: str) -> None:
        """The modules that lie there are the learner's."""
        self._folders.add(os.path.abspath(folder) + os.sep)

    def _found(self, frame: FrameType, file: File, *, direct: bool, quiet: bool) -> Place:
        return self._placed(self.spot(frame, file), frame, direct=direct, quiet=quiet)

    def _placed(self, spot: Spot, frame: FrameType, *, direct: bool, quiet: bool) -> Place:
        base = self.bases[-1] if self.bases else None
        outer = self._module_frame(frame, 0 if base is None else base.frame)
        statement: Statement = spot, frame.f_globals
        if outer is not frame and base is not None and outer is not None and id(outer) == base.frame:
            statement = self._waits_under(base, outer)
        elif outer is not frame:
            base, statement = None, self._statement(outer)
        else:
            base = None
        module_spot, namespace = statement
        place = spot.place
        if (
            place is not None
            and place.frame == id(frame)
            and place.direct is direct
            and place.quiet is quiet
            and place.module_spot is module_spot
            and place.namespace is namespace
        ):
            place.base = base
            return place
        place = Place(spot, direct, quiet, outer is frame, module_spot, namespace, id(frame), base)
        spot.place = place
        return place

    def _module_frame(self, frame: FrameType | None, base: int) -> FrameType | None:
        """The learner's module, or cell, under which `frame` runs, or the frame `base` where that comes first."""
        while frame is not None:
            code = frame.f_code
            if code.co_name == "<module>" and code.co_filename in self.files:
                break
            frame = frame.f_back
            if id(frame) == base:
                break
        return frame

    def _statement(self, module: FrameType | None) -> Statement:
        if module is None:
            return None, None
        return self.spot(module, self.files[module.f_code.co_filename]), module.f_globals

    def _waits_under(self, base: Base, frame: FrameType) -> Statement:
        if base.statement is None or base.files != len(self.files):
            base.statement, base.files = self._statement(self._module_frame(frame, 0)), len(self.files)
        return base.statement

    def _is_quiet(self, code: CodeType) -> bool:
        filename = code.co_filename
        known = self._quiet.get(filename)
        if known is None:
            known = self._quiet[filename] = filename.startswith(_QUIET) and filename != _AVERAGED
        return (
            known
            or (filename == _AVERAGED and code.co_name not in ("forward", "update_bn"))
            or (filename == _MODULE and code.co_name in _QUIET_METHODS)
            or (code.co_name in _MAKING and filename.startswith(_LAYERS))
        )

    def spot(self, frame: FrameType, file: File) -> Spot:
        code, last = frame.f_code, frame.f_lasti
        key = (id(code), last)
        spot = self._spots.get(key)
        if spot is None:
            position = position_of(code, last)
            span = file.whole_line(frame.f_lineno or 1) if position is None else file.span(position)
            spot = self._spots[key] = Spot(code, file, position, span)
        return spot

    def current(self, frame: FrameType | None) -> Span | None:
        """The innermost learner's sub-expression that is being evaluated."""
        while frame is not None:
            file = self.files.get(frame.f_code.co_filename)
            if file is not None:
                return self.spot(frame, file).span
            frame = frame.f_back
        return None

    def left(self, frames: Iterable[int], frame: FrameType | None) -> set[int]:
        """Those of the learner's `frames` (ids) that are entered no more: that are not `frame` or beneath it."""
        left = set(frames)
        while frame is not None and left:
            if id(frame) in left and frame.f_code.co_filename in self.files:
                left.discard(id(frame))
            frame = frame.f_back
        return left

    def here(self) -> Span | None:
        return self.current(sys._getframe(1))

    def line_span(self, filename: str, line: int) -> Span | None:
        file = self.files.get(filename)
        return None if file is None else file.whole_line(line)

    def frames(self, traceback: TracebackType | None) -> list[Frame]:
        """The learner's own frames of a traceback, outermost first; those of their modules have no span."""
        found = []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            file = self.files.get(code.co_filename)
            if file is not None:
                found.append(_traced(file, code, traceback))
            elif self.is_module(code.co_filename):
                found.append(module_frame(code.co_filename, code.co_name, traceback.tb_lineno or 1))
            traceback = traceback.tb_next
        return found


def _traced(file: File, code: CodeType, traceback: TracebackType) -> Frame:
    position = position_of(code, traceback.tb_lasti)
    line = traceback.tb_lineno or 1
    return Frame(
        path=file.path or file.filename,
        function=code.co_name,
        line=line,
        text=file.line(line).strip(),
        span=file.whole_line(line) if position is None else file.span(position),
    )


def module_frame(filename: str, function: str, line: int) -> Frame:
    """A place in a module of the learner's."""
    text = linecache.getline(filename, line).strip()
    return Frame(path=filename, function=function, line=line, text=text, span=None)
