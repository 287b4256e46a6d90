"""Animated GIF: one palette for all frames, so that letters stay crisp, and of each frame only what has changed."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

Pixels = NDArray[np.uint32]
"""Rows of 0x00RRGGBB."""
Colours = NDArray[np.uint8]
"""Rows of red, green and blue."""

_MOST_COLOURS = 255
_UNCHANGED = 255
"""The index that lets the frame before shine through."""
_EXACT = 96
"""The most frequent colours are kept as they are: grounds, lines, the insides of letters."""
_LONGEST = 65_535
"""Hundredths of a second that a frame can stay."""
_UNKNOWN = -1


def pixels(image: QImage) -> Pixels:
    """Without its alpha."""
    opaque = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(opaque.constBits(), np.uint32).reshape(opaque.height(), opaque.bytesPerLine() // 4)
    return rows[:, : opaque.width()] & np.uint32(0xFFFFFF)


class Palette:
    """Gathers the colours of some frames, and chooses those that suit them all."""

    def __init__(self) -> None:
        self._found: list[Pixels] = []
        self._counts: list[NDArray[np.intp]] = []

    def add(self, colours: Pixels) -> None:
        found, counts = np.unique(colours, return_counts=True)
        self._found.append(found)
        self._counts.append(counts)

    def chosen(self) -> Colours:
        """At most 255."""
        from PIL import Image

        found, places = np.unique(np.concatenate(self._found), return_inverse=True)
        often = np.bincount(places, weights=np.concatenate(self._counts))
        ordered = found[np.argsort(-often, kind="stable")]
        if len(ordered) <= _MOST_COLOURS:
            return _split(ordered)
        rest = Image.fromarray(_split(ordered[_EXACT:]).reshape(1, -1, 3), "RGB")
        more = _MOST_COLOURS - _EXACT
        table = rest.quantize(more, method=Image.Quantize.MAXCOVERAGE, kmeans=2).getpalette() or []
        return np.concatenate([_split(ordered[:_EXACT]), np.array(table, np.uint8).reshape(-1, 3)[:more]])


def _split(colours: Pixels) -> Colours:
    return np.stack([colours >> 16, colours >> 8, colours], axis=-1).astype(np.uint8)


class GifWriter:
    """Frames go out as they come; equal ones become one that stays longer."""

    def __init__(self, path: Path, size: tuple[int, int], fps: int, colours: Colours) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._fps, self._colours = fps, colours
        self._index = np.full(1 << 24, _UNKNOWN, np.int16)
        self._drawn: NDArray[np.uint8] | None = None
        self._waiting: NDArray[np.uint8] | None = None
        self._frames = self._waiting_since = 0
        self._write_head(size)

    def add(self, image: QImage, frames: int) -> tuple[()]:
        """An image that is seen for so many frames."""
        indices = self._indices(pixels(image))
        if self._waiting is None or not np.array_equal(indices, self._waiting):
            self._flush()
            self._waiting, self._waiting_since = indices, self._frames
        self._frames += frames
        return ()

    def close(self) -> tuple[()]:
        """The last frame, and the end of the file."""
        self._flush()
        self._file.write(b";")
        self._file.close()
        return ()

    def abandon(self) -> None:
        self._file.close()

    def _write_head(self, size: tuple[int, int]) -> None:
        table = np.zeros((256, 3), np.uint8)
        table[: len(self._colours)] = self._colours
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0xF7, 0, 0) + table.tobytes())
        self._file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")  # again and again

    def _indices(self, colours: Pixels) -> NDArray[np.uint8]:
        """The palette's nearest colour of each pixel; found once for each colour there is."""
        found = self._index[colours]
        if found.min() == _UNKNOWN:
            new = np.unique(colours[found == _UNKNOWN])
            self._index[new] = _nearest(_split(new), self._colours)
            found = self._index[colours]
        return found.astype(np.uint8)

    def _flush(self) -> None:
        """Writes what waits, now that it is known how long it stays."""
        from PIL import GifImagePlugin, Image

        if self._waiting is None:
            return
        end, begin = (round(100 * at / self._fps) for at in (self._frames, self._waiting_since))
        left, top, changed = _difference(self._drawn, self._waiting)
        for stays in _durations(end - begin):
            picture = Image.fromarray(changed)
            options = {"duration": 10 * stays, "disposal": 1, "transparency": _UNCHANGED}
            self._file.write(b"".join(GifImagePlugin.getdata(picture, (left, top), **options)))
        self._drawn, self._waiting = self._waiting, None


def _nearest(colours: Colours, palette: Colours) -> NDArray[np.int16]:
    """Green counts most for the eye, blue least."""
    weights = np.array([3, 4, 2], np.int32)
    found = np.empty(len(colours), np.int16)
    for start in range(0, len(colours), 4096):
        part = colours[start : start + 4096].astype(np.int32)
        apart = ((part[:, None] - palette[None].astype(np.int32)) ** 2 * weights).sum(axis=2)
        found[start : start + 4096] = apart.argmin(axis=1)
    return found


def _difference(
    before: NDArray[np.uint8] | None, now: NDArray[np.uint8]
) -> tuple[int, int, NDArray[np.uint8]]:
    """The smallest rectangle that holds all that has changed: its place, and its pixels."""
    if before is None:
        return 0, 0, now
    differs = before != now
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return int(columns[0]), int(rows[0]), np.where(differs[part], now[part], np.uint8(_UNCHANGED))


def _durations(hundredths: int) -> list[int]:
    """A frame that stays very long is several."""
    whole, rest = divmod(hundredths, _LONGEST)
    return [_LONGEST] * whole + [rest] * (rest > 0 or not whole)
