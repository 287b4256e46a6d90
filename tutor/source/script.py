"""Python scripts: one code cell; encoding, byte order mark, line ends and final newline stay as the file had them."""

from __future__ import annotations

import io
import re
import tokenize
from difflib import SequenceMatcher
from pathlib import Path

from tutor.i18n import _
from tutor.source.disk import DocumentError
from tutor.source.document import Cell, CellId, Document

_LINE_END = re.compile(r"\r\n|\r|\n")
_BOM = "\ufeff"


def parse(path: Path, data: bytes) -> Document:
    """Raises DocumentError when the bytes are no text in the encoding that the file declares (or UTF-8)."""
    raw = decode(path, data, _declared_encoding(path, data))
    text = raw.removeprefix(_BOM)
    metadata = {"bom": raw.startswith(_BOM), "endings": line_ends(text), "original": unified(text)}
    return Document("script", path, (Cell(CellId("script"), "code", unified(text)),), metadata)


def render(path: Path, document: Document) -> bytes:
    """The document as one Python text; markdown cells become comments.

    Raises DocumentError when the encoding that the text declares cannot write it.
    """
    text = with_line_ends(as_python(document), document)
    encoding = _declared_encoding(path, text.encode(errors="surrogatepass"))
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError as fault:
        line = text.count("\n", 0, fault.start) + 1
        reason = _("the declared encoding {encoding} has no “{character}”; declare utf-8 instead").format(
            encoding=encoding, character=text[fault.start]
        )
        raise DocumentError(path, line, reason) from fault
    return _BOM.encode() + data if document.metadata.get("bom") is True else data


def as_python(document: Document) -> str:
    """The text of a script as it stands; of other documents the code cells, apart by a blank line."""
    if document.kind == "script":
        return "".join(cell.text for cell in document.cells)
    pieces = (cell.text if cell.kind == "code" else _commented(cell.text) for cell in document.cells)
    return "\n\n".join(piece.rstrip("\n") for piece in pieces) + "\n"


def decode(path: Path, data: bytes, encoding: str) -> str:
    """Text, line ends untouched. Raises DocumentError with the line of the first byte that is no text."""
    if (place := data.find(b"\0")) >= 0:
        reason = _("the file holds a null byte, which no text may; save it as text in UTF-8")
        raise DocumentError(path, _line_of(data, place), reason)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        reason = _("this is not text in {encoding}; save the file as UTF-8").format(encoding=encoding)
        raise DocumentError(path, _line_of(data, fault.start), reason) from fault


def unified(text: str) -> str:
    """The text with "\\n" line ends, as Python reads it."""
    return _LINE_END.sub("\n", text)


def line_ends(text: str) -> tuple[str, ...]:
    """The line ends in order; one alone where all are alike; none where there is no line end."""
    ends = tuple(_LINE_END.findall(text))
    return ends[:1] if len(set(ends)) == 1 else ends


def with_line_ends(text: str, document: Document) -> str:
    """The line ends that the file had; a new line gets the commonest of them."""
    ends = document.metadata.get("endings")
    original = document.metadata.get("original")
    if not isinstance(ends, tuple) or not ends:
        return text
    usual = max(ends, key=ends.count)
    if len(ends) == 1 or not isinstance(original, str):
        return text.replace("\n", usual)
    return _mixed(original.split("\n"), text.split("\n"), ends, usual)


def _mixed(old: list[str], new: list[str], ends: tuple[str, ...], usual: str) -> str:
    chosen = [usual] * len(new)
    for block in SequenceMatcher(a=old, b=new, autojunk=False).get_matching_blocks():
        for place in range(block.size):
            chosen[block.b + place] = (*ends, usual)[block.a + place]
    return "".join(line + end for line, end in zip(new[:-1], chosen, strict=False)) + new[-1]


def _declared_encoding(path: Path, data: bytes) -> str:
    try:
        encoding, _lines = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as fault:
        reason = _("{why}; declare a known one, such as utf-8, or save the file as UTF-8").format(
            why=fault.msg
        )
        line = 1 if b"coding" in data.split(b"\n")[0] else 2
        raise DocumentError(path, line, reason) from fault
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _line_of(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))
