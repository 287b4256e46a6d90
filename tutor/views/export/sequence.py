"""Numbered pictures that come all or not at all: written beside their place, and moved there at the end."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtGui import QImage

from tutor.source.disk import told
from tutor.views.export.request import frame_name, is_numbered
from tutor.views.export.stills import save_png

FRAME = "frame-%04d.png"
"""What pictures are called where only a folder is given."""


@contextmanager
def whole_sequence(path: Path) -> Iterator[Path]:
    """A folder for pictures whose names sort; at the end they come to their place under the names of the sequence.

    Of an earlier sequence there nothing is left. Raises DocumentError.
    """
    with told(path):
        pattern = path if is_numbered(path) else path / FRAME
        place = pattern.parent.resolve()
        existing = next(folder for folder in (place, *place.parents) if folder.exists())
        with tempfile.TemporaryDirectory(dir=existing, prefix=".frames.", suffix=".new") as name:
            yield Path(name)
            place.mkdir(parents=True, exist_ok=True)
            _move_all(Path(name), place, pattern)


class SequenceWriter:
    """A picture a frame, so that any other program can make a film of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def add(self, image: QImage, frames: int) -> tuple[()]:
        """An image that is seen for so many frames."""
        first = self._next()
        save_png(image, first)
        for _frame in range(frames - 1):
            shutil.copyfile(first, self._next())
        return ()

    def close(self) -> tuple[()]:
        return ()

    def abandon(self) -> None:
        """The folder goes by itself."""

    def _next(self) -> Path:
        self._count += 1
        return self._folder / f"{self._count:08}.png"


def _move_all(source: Path, place: Path, pattern: Path) -> None:
    made = sorted(source.iterdir())
    for number, picture in enumerate(made, start=1):
        os.replace(picture, place / frame_name(pattern, number))
    for old in _of_sequence(place, pattern):
        if int(old[1]) > len(made):
            old[0].unlink()


def _of_sequence(place: Path, pattern: Path) -> list[tuple[Path, str]]:
    """The files that a sequence of this name has left, with their numbers."""
    before, after = re.split(r"%0?\d*d", pattern.name, maxsplit=1)
    shape = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    found = [(path, shape.fullmatch(path.name)) for path in place.iterdir()]
    return [
        (path, match[1]) for path, match in found if match and frame_name(pattern, int(match[1])) == path.name
    ]
