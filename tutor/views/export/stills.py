"""One picture in a file: PNG, SVG whose texts are texts, PDF whose texts can be found."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from PySide6.QtCore import QBuffer, QByteArray, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QImageWriter, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from tutor.i18n import _
from tutor.views.export.artist import Artist
from tutor.views.fonts import MONO

_SVG = "http://www.w3.org/2000/svg"
_UNITS_AN_INCH = 96
_LONGEST_INCHES = 200
"""PDF knows no longer page."""
_GENERIC = {True: "monospace", False: "sans-serif"}


def write_png(artist: Artist, path: Path) -> None:
    """Raises ExportError, or OSError when the disk is full."""
    save_png(artist.image(), path)


def save_png(image: QImage, path: Path) -> None:
    """Raises OSError."""
    writer = QImageWriter(str(path), QByteArray(b"png"))
    if not writer.write(image):
        raise OSError(None, writer.errorString())


def write_pdf(artist: Artist, path: Path, title: str) -> None:
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
    painter = QPainter(writer)
    if not painter.isActive():
        raise OSError(None, _("the picture could not be written"))
    painter.scale(writer.width() / extent.width(), writer.height() / extent.height())
    artist.paint(painter)
    painter.end()


def write_svg(artist: Artist, path: Path, title: str) -> None:
    path.write_bytes(svg_bytes(artist, title))


def svg_bytes(artist: Artist, title: str) -> bytes:
    """Texts are texts, and keep their widths also where the fonts are others."""
    extent = artist.extent
    made = QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(made)
    generator.setTitle(title)
    generator.setDescription("Autograd Tutor")
    generator.setViewBox(QRectF(0, 0, extent.width(), extent.height()))
    generator.setSize(QSize(round(extent.width()), round(extent.height())))
    painter = QPainter(generator)
    artist.paint(painter)
    painter.end()
    return _tidied(bytes(made.data().data()), artist.size)


def _tidied(svg: bytes, size: QSizeF) -> bytes:
    """Without the groups that hold nothing, and in its size."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)
    root.set("width", f"{size.width():g}")
    root.set("height", f"{size.height():g}")
    for group in root.iter(f"{{{_SVG}}}g"):
        for child in [one for one in group if one.tag.endswith("}g") and not len(one)]:
            group.remove(child)
    for text in root.iter(f"{{{_SVG}}}text"):
        _fix_width(text)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _fix_width(text: ElementTree.Element) -> None:
    """With another font than ours the letters move together or apart, and stay where they belong."""
    families = text.get("font-family", "").split(",")
    font = QFont(families)
    font.setPixelSize(max(round(float(text.get("font-size", "12"))), 1))
    font.setWeight(QFont.Weight(int(text.get("font-weight", "400"))))
    width = QFontMetricsF(font).horizontalAdvance(text.text or "")
    text.set("font-family", ", ".join([*(f"'{one}'" for one in families), _GENERIC[families[0] == MONO]]))
    if width > 0:
        text.set("textLength", f"{width:.4g}")
        text.set("lengthAdjust", "spacingAndGlyphs")
