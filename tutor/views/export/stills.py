"""One picture in a file: PNG, SVG whose texts are texts, PDF whose texts can be found."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from functools import partial
from html import unescape
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QImage,
    QImageWriter,
    QPageSize,
    QPdfWriter,
)
from PySide6.QtSvg import QSvgGenerator

from tutor.views.export.artist import Artist, painter_on
from tutor.views.export.elsewhere import elsewhere
from tutor.views.fonts import MONO

_SIZE = re.compile(r'width="[^"]*" height="[^"]*"')
_EMPTY_OR_TEXT = re.compile(r"<g\b[^>]*>\s*</g>\s*|(?P<text><text\b[^>]*>[^<]*</text>)")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_SOME = 300
"""So many texts are looked at before the event loop may have its turn."""
_UNITS_AN_INCH = 96
_LONGEST_INCHES = 200
"""PDF knows no longer page."""
_GENERIC = {True: "monospace", False: "sans-serif"}


def write_png(artist: Artist, path: Path) -> Iterator[bool]:
    """Raises ExportError, or OSError when the disk is full."""
    image = yield from painted(artist)
    yield from elsewhere(partial(save_png, image, path))


def painted(artist: Artist) -> Generator[bool, None, QImage]:
    """The artist's image, painted a little at a time."""
    image = artist.blank()
    with painter_on(image) as painter:
        yield from artist.painting(painter)
    image.setDevicePixelRatio(1.0)
    return image


def save_png(image: QImage, path: Path) -> None:
    """Raises OSError."""
    writer = QImageWriter(str(path), QByteArray(b"png"))
    if not writer.write(image):
        raise OSError(None, writer.errorString())


def write_pdf(artist: Artist, path: Path, title: str) -> Iterator[bool]:
    """One page of the picture's size, its fonts in it."""
    extent, size = artist.extent, artist.size
    writer = QPdfWriter(str(path))
    writer.setTitle(title)
    writer.setCreator("Autograd Tutor")
    inches = size / _UNITS_AN_INCH
    inches /= max(inches.width() / _LONGEST_INCHES, inches.height() / _LONGEST_INCHES, 1.0)
    writer.setPageSize(QPageSize(inches, QPageSize.Unit.Inch, "", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setResolution(max(round(extent.width() / inches.width()), 1))
    with painter_on(writer) as painter:
        painter.scale(writer.width() / extent.width(), writer.height() / extent.height())
        yield from artist.painting(painter)


def write_svg(artist: Artist, path: Path, title: str) -> Iterator[bool]:
    path.write_bytes((yield from svg_bytes(artist, title)))


def svg_bytes(artist: Artist, title: str) -> Generator[bool, None, bytes]:
    """Texts are texts, and keep their widths also where the fonts are others."""
    extent = artist.extent
    made = QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(made)
    generator.setTitle(title)
    generator.setDescription("Autograd Tutor")
    generator.setViewBox(QRectF(0, 0, extent.width(), extent.height()))
    generator.setSize(QSize(round(extent.width()), round(extent.height())))
    with painter_on(generator) as painter:
        yield from artist.painting(painter)
    tidied = yield from _tidied(bytes(made.data().data()).decode(), artist.size)
    return tidied.encode()


def _tidied(svg: str, size: QSizeF) -> Generator[bool, None, str]:
    """Without the groups that hold nothing, and in its size."""
    svg = _SIZE.sub(f'width="{size.width():g}" height="{size.height():g}"', svg, count=1)
    pieces, end = [], 0
    for number, match in enumerate(_EMPTY_OR_TEXT.finditer(svg)):
        pieces += [svg[end : match.start()], _with_width(match["text"]) if match["text"] else ""]
        end = match.end()
        if number % _SOME == 0:
            yield False
    return "".join([*pieces, svg[end:]])


def _with_width(element: str) -> str:
    """With another font than ours the letters move together or apart, and stay where they belong."""
    head, _close, rest = element.partition(">")
    known = dict(_ATTRIBUTE.findall(head))
    families = known.get("font-family", MONO).split(",")
    font = QFont(families)
    font.setPixelSize(max(round(float(known.get("font-size", "12"))), 1))
    font.setWeight(QFont.Weight(int(known.get("font-weight", "400"))))
    width = QFontMetricsF(font).horizontalAdvance(unescape(rest.removesuffix("</text>")))
    named = ", ".join([*(f"'{one}'" for one in families), _GENERIC[families[0] == MONO]])
    head = head.replace(f'font-family="{known.get("font-family")}"', f'font-family="{named}"')
    length = f' textLength="{width:.4g}" lengthAdjust="spacingAndGlyphs"' if width > 0 else ""
    return f"{head.rstrip()}{length}>{rest}"
