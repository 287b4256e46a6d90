"""One export from beginning to end, a little at a time: whoever drives it shows how far it is, and may break off."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, assert_never

from PySide6.QtCore import QByteArray, QMimeData, QSize
from PySide6.QtGui import QImage

from tutor.source.disk import whole_file
from tutor.trace.multigraph import dot_text, graphml_text, multigraph
from tutor.views.export.artist import Artist
from tutor.views.export.gif import GifWriter, Palette, pixels
from tutor.views.export.moments import Moment, frame_count, moments
from tutor.views.export.request import Request, Stretch, kind_of
from tutor.views.export.sequence import SequenceWriter, whole_sequence
from tutor.views.export.stills import painted, svg_bytes, write_pdf, write_png, write_svg
from tutor.views.export.video import VideoWriter, ffmpeg

_SAMPLES = 24
"""About so many steps are drawn beforehand for a GIF's palette."""


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is. `waiting`: for another process; going on at once would do nothing."""

    done: int
    total: int
    waiting: bool = False


class _Writer(Protocol):
    """What becomes of the frames."""

    def add(self, image: QImage, frames: int) -> Iterable[bool]: ...
    def close(self) -> Iterable[bool]: ...
    def abandon(self) -> None: ...


def exporting(request: Request) -> Generator[Progress, None, None]:
    """The event loop must run between two turns. Closed early, or after a fault, nothing is left of the file.

    Raises ExportError and DocumentError.
    """
    with closing(Artist(request)) as artist:
        match kind_of(request.format):
            case "still":
                yield from _still(artist, request)
            case "graph":
                yield from _graph(artist, request)
            case "animation":
                yield from _animation(artist, request)
            case kind:
                assert_never(kind)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A moment of a request, drawn small perhaps; `pixels` is how large the export will be."""

    image: QImage
    pixels: QSize


def drawing(request: Request, step: int, within: QSize) -> Generator[Progress, None, Drawn]:
    """A step of what would be exported, drawn within these pixels."""
    with closing(Artist(request)) as artist:
        yield from _waited(artist.prepare(), 0, 1)
        yield from _waited(artist.show(step), 0, 1)
        return Drawn(artist.image(within), artist.pixels)


def copying(request: Request) -> Generator[Progress, None, QMimeData]:
    """The picture for the clipboard: as an image, and as SVG for programs that take it."""
    with closing(Artist(request)) as artist:
        yield from _waited(artist.prepare(), 0, 1)
        yield from _waited(artist.show(request.stretch.last), 0, 1)
        image = yield from _progress(painted(artist))
        svg = yield from _progress(svg_bytes(artist, request.path.stem))
        data = QMimeData()
        data.setImageData(image)
        data.setData("image/svg+xml", QByteArray(svg))
        return data


def _still(artist: Artist, request: Request) -> Iterator[Progress]:
    yield from _waited(artist.prepare(), 0, 1)
    yield from _waited(artist.show(request.stretch.last), 0, 1)
    title = request.look.caption or request.path.stem
    with whole_file(request.path) as place:
        match request.format:
            case "png":
                work = write_png(artist, place)
            case "pdf":
                work = write_pdf(artist, place, title)
            case _:
                work = write_svg(artist, place, title)
        yield from _waited(work, 0, 1)
    yield Progress(1, 1)


def _graph(artist: Artist, request: Request) -> Iterator[Progress]:
    graph = multigraph(artist.stage.picture(request.stretch.last))
    yield Progress(0, 1)
    with whole_file(request.path) as place:
        text = dot_text(graph) if request.format == "dot" else graphml_text(graph)
        place.write_text(text, encoding="utf-8")
    yield Progress(1, 1)


# ---------------------------------------------------------------- animations


def _animation(artist: Artist, request: Request) -> Iterator[Progress]:
    if request.format in ("mp4", "webm"):
        ffmpeg()  # better told before the work than after it
    yield from _waited(artist.prepare(), 0, frame_count(request.stretch))
    if request.format == "frames":
        with whole_sequence(request.path) as folder:
            yield from _filmed(artist, request, SequenceWriter(folder))
        return
    with whole_file(request.path) as place:
        writer = yield from _writer(artist, request, place)
        yield from _filmed(artist, request, writer)


def _writer(artist: Artist, request: Request, place: Path) -> Generator[Progress, None, _Writer]:
    size = (artist.pixels.width(), artist.pixels.height())
    if request.format == "mp4" or request.format == "webm":
        return VideoWriter(place, size, request.stretch.fps, request.format)
    colours = Palette()
    for moment in _samples(request.stretch):
        yield from _waited(artist.show(moment.step, moment.progress), 0, frame_count(request.stretch))
        colours.add(pixels(artist.image()))
        yield Progress(0, frame_count(request.stretch))
    return GifWriter(place, size, request.stretch.fps, colours.chosen())


def _samples(stretch: Stretch) -> list[Moment]:
    """What has all the colours: steps under way and at rest, from beginning to end."""
    steps = range(stretch.first, stretch.last + 1)
    chosen = dict.fromkeys((*steps[:: max(len(steps) // _SAMPLES, 1)], steps[-1]))
    return [Moment(step, progress, 1) for step in chosen for progress in (0.5, 1.0)]


def _filmed(artist: Artist, request: Request, writer: _Writer) -> Iterator[Progress]:
    done, total = 0, frame_count(request.stretch)
    try:
        for moment in moments(request.stretch):
            yield from _waited(artist.show(moment.step, moment.progress), done, total)
            yield from _waited(writer.add(artist.image(), moment.frames), done, total)
            done += moment.frames
            yield Progress(done, total)
        yield from _waited(writer.close(), done, total)
    except BaseException:
        writer.abandon()
        raise


def _progress(work: Generator[bool, None, Made]) -> Generator[Progress, None, Made]:
    """Of work that returns something."""
    while True:
        try:
            waiting = next(work)
        except StopIteration as end:
            made: Made = end.value
            return made
        yield Progress(0, 1, waiting)


def _waited(waits: Iterable[bool], done: int, total: int) -> Iterator[Progress]:
    for waiting in waits:
        yield Progress(done, total, waiting)
