"""What is to be exported and how: plain values, made by the dialog or from the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, assert_never, get_args

from tutor.i18n import _
from tutor.session.folding import Folds
from tutor.session.settings import GraphDirection
from tutor.source.disk import DocumentError
from tutor.trace.trace import Trace
from tutor.views.graph.arrangement import Arrangement
from tutor.views.theme import LIGHT, Palette

Format = Literal["png", "svg", "pdf", "gif", "mp4", "webm", "frames", "dot", "graphml"]
"""`frames` is a numbered sequence of PNG files."""
FORMATS: tuple[Format, ...] = get_args(Format)
Kind = Literal["still", "animation", "graph"]
FPS = 25
_NUMBER = re.compile(r"%0?\d*d")


class ExportError(Exception):
    """What keeps an export from being made, in words for a person."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is drawn: a run, with what a question hides."""

    trace: Trace
    covered: frozenset[str] = frozenset()
    unrolled: bool = False
    """All iterations at once."""
    folds: tuple[Folds, Folds] | None = None
    """Which groups are closed, in one iteration and in all at once; None: all are open."""
    drawn: Arrangement | None = None
    """How the window has it laid out, so that everything stays at its place."""


@dataclass(frozen=True, slots=True)
class Look:
    """How it is drawn. Sizes are in units: a pixel at `scale` 1."""

    palette: Palette = LIGHT
    size: tuple[int, int] | None = None
    """None: as large as the picture is at zoom 1; of an animation at most 1280 by 720."""
    scale: float = 1.0
    """Pixels a unit; SVG and PDF know only its size."""
    direction: GraphDirection = "auto"
    whole: bool = False
    """An animation shows all of a large graph, however small, instead of following the step."""
    caption: str = ""
    code: bool = False
    """The step's line of code stands under the picture, its sub-expression lit."""
    transparent: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """The steps from `first` to `last`, both played; a still shows the last."""

    first: int
    last: int
    speed: float = 1.0
    fps: int = FPS
    rests: bool = False
    """At its end nothing is faded, as at the end of the run."""


@dataclass(frozen=True, slots=True)
class Request:
    """One export."""

    subject: Subject
    stretch: Stretch
    format: Format
    path: Path
    """A file; of `frames` a folder, or the files' name with a place for the number."""
    look: Look = field(default_factory=Look)


def kind_of(form: Format) -> Kind:
    match form:
        case "png" | "svg" | "pdf":
            return "still"
        case "gif" | "mp4" | "webm" | "frames":
            return "animation"
        case "dot" | "graphml":
            return "graph"
        case _:
            assert_never(form)


def format_of(path: Path) -> Format:
    """What the name asks for. Raises DocumentError where it says nothing that is known."""
    suffix = path.suffix.lower().removeprefix(".")
    if (suffix == "png" and _NUMBER.search(path.name)) or (not suffix and not path.is_file()):
        return "frames"
    found = next((form for form in FORMATS if form == suffix and form != "frames"), None)
    if found is None:
        text = _(
            "the ending “{suffix}” is none of .png, .svg, .pdf, .gif, .mp4, .webm, .dot and .graphml; "
            "a folder, or a name as frame-%04d.png, gets numbered pictures"
        )
        raise DocumentError(path, None, text.format(suffix=path.suffix))
    return found


def frame_name(path: Path, number: int) -> str:
    """The file name of a numbered picture, from 1."""
    return _NUMBER.sub(lambda match: match[0] % number, path.name, count=1)


def is_numbered(path: Path) -> bool:
    """Whether the name has a place for the number."""
    return _NUMBER.search(path.name) is not None
