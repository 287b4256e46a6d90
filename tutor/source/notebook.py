"""Jupyter notebooks: our edits go into the JSON that was read, so that all that we do not know is kept on saving.

Without an edit the file stays byte for byte what it was; with one the rest keeps its order, indentation and escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.i18n import _
from tutor.source.disk import DocumentError
from tutor.source.document import Cell, CellId, CellKind, Document, fresh_id
from tutor.source.script import decode, unified

_OURS = ("id", "source", "metadata")


def parse(path: Path, data: bytes) -> Document:
    """Raises DocumentError when the bytes are no JSON, no notebook, or a notebook that breaks nbformat's schema."""
    raw = decode(path, data, "utf-8")
    text = raw.removeprefix("\ufeff")
    content = _checked(path, text, _loaded(path, text))
    cells: list[Cell] = []
    for entry in content["cells"]:
        cells.append(_cell(entry, {cell.id for cell in cells}))
    kept = {
        "notebook": {key: value for key, value in content.items() if key != "cells"},
        "order": tuple(content),
        "json": raw,
        "json_cells": tuple(cells),
        "style": _Style.of(text),
    }
    return Document("notebook", path, tuple(cells), kept)


def render(document: Document) -> bytes:
    """The notebook's JSON; a document of another kind becomes a notebook for the Python kernel."""
    original = document.metadata.get("json")
    content = _mapping(document.metadata.get("notebook"))
    if content and isinstance(original, str) and document.metadata.get("json_cells") == document.cells:
        return original.encode()
    content = content or _fresh_metadata(document)
    minor = content.get("nbformat_minor", 0)
    with_ids = isinstance(minor, int) and minor >= 5
    whole = {**content, "cells": [_entry(cell, with_ids) for cell in document.cells]}
    style = document.metadata.get("style")
    return (style if isinstance(style, _Style) else _Style()).written(
        _ordered(whole, document.metadata.get("order"))
    )


@dataclass(frozen=True, slots=True)
class _Style:
    """How a file writes its JSON."""

    indent: int | None = 1
    end: str = "\n"
    escaped: bool = False
    newline: str = "\n"

    @classmethod
    def of(cls, text: str) -> _Style:
        newline = "\r\n" if "\r\n" in text else "\n"
        return cls(_indent(text), text[len(text.rstrip()) :], text.isascii() and "\\u" in text, newline)

    def written(self, content: Mapping[str, object]) -> bytes:
        text = json.dumps(content, indent=self.indent, ensure_ascii=self.escaped or not _encodable(content))
        return (text.replace("\n", self.newline) + self.end).encode()


def _encodable(content: Mapping[str, object]) -> bool:
    """Whether all of it is text: half a surrogate pair must stay an escape."""
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _ordered(content: Mapping[str, object], order: object) -> dict[str, object]:
    """The keys in the order that the file had; what is new comes last."""
    known = [key for key in order if key in content] if isinstance(order, tuple) else ["cells"]
    return {key: content[key] for key in dict.fromkeys([*known, *content])}


def _loaded(path: Path, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as fault:
        reason = _("this is not JSON ({why}); a notebook is a JSON file").format(why=fault.msg)
        raise DocumentError(path, fault.lineno, reason) from fault
    except RecursionError as fault:
        raise DocumentError(path, 1, _("this JSON is nested too deeply to be a notebook")) from fault
    if not isinstance(content, dict) or not ("cells" in content or "worksheets" in content):
        raise DocumentError(path, 1, _("this JSON is not a notebook; a notebook is an object with “cells”"))
    if not isinstance(content.get("nbformat"), int):
        raise DocumentError(path, 1, _("“nbformat” is missing; a notebook says 4 there"))
    return content


def _checked(path: Path, text: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content in nbformat 4, valid."""
    import nbformat

    jupyter: Any = nbformat
    version = content["nbformat"]
    if version > jupyter.current_nbformat or version < 1:
        reason = _("nbformat {version} is not known; {newest} is the newest").format(
            version=version, newest=jupyter.current_nbformat
        )
        raise DocumentError(path, line_of(text, '"nbformat"'), reason)
    node = jupyter.from_dict(content)
    try:
        if version < 4:
            return dict(jupyter.convert(node, 4))
        jupyter.validate(_with_ids(node), relax_add_props=True)
    except jupyter.ValidationError as fault:
        raise DocumentError(path, 1, _broken(fault)) from fault
    except (AttributeError, KeyError, TypeError) as fault:
        reason = _("nbformat cannot convert this notebook of version {version}").format(version=version)
        raise DocumentError(path, 1, reason) from fault
    return content


def _with_ids(node: Any) -> Any:
    """The notebook with sound cell ids: missing or doubled ones are a small fault that we mend ourselves."""
    for place, cell in enumerate(node["cells"]):
        if node.get("nbformat_minor", 0) >= 5 and isinstance(cell, dict):
            cell["id"] = f"cell-{place}"
    return node


def _broken(fault: Exception) -> str:
    place = "/".join(str(step) for step in getattr(fault, "absolute_path", ()))
    message = str(getattr(fault, "message", fault)).splitlines()[0]
    return _("not a sound notebook at {place}: {why}; open and save it in Jupyter").format(
        place=place or "/", why=message
    )


def _cell(entry: Mapping[str, Any], taken: Iterable[str]) -> Cell:
    source = entry.get("source", "")
    text = unified(source if isinstance(source, str) else "".join(source))
    rest = {key: value for key, value in entry.items() if key not in _OURS}
    kind: CellKind = "code" if entry["cell_type"] == "code" else "markdown"
    known = str(entry.get("id", ""))
    cell_id = fresh_id(taken) if not known or known in taken else CellId(known)
    form = {"source_is_text": isinstance(source, str), "order": tuple(entry)}
    return Cell(cell_id, kind, text, entry.get("metadata", {}), {**rest, "form": form})


def _entry(cell: Cell, with_ids: bool) -> dict[str, object]:
    rest = {key: value for key, value in cell.rest.items() if key != "form"}
    form = _mapping(cell.rest.get("form"))
    if "form" not in cell.rest:
        rest = {"cell_type": cell.rest.get("cell_type", cell.kind)}
    if cell.kind == "code":
        rest = {"execution_count": None, "outputs": [], **rest}
    source = cell.text if form.get("source_is_text") else _lines(cell.text)
    entry = {**rest, "metadata": cell.metadata, "source": source}
    if with_ids:
        entry["id"] = cell.id
    return _ordered(entry, form.get("order") or tuple(sorted(entry)))


def _lines(text: str) -> list[str]:
    """As Jupyter writes a source: its lines, each but the last with its end."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _fresh_metadata(document: Document) -> dict[str, object]:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata: dict[str, object] = {"kernelspec": kernel, "language_info": {"name": "python"}}
    if (lesson := document.metadata.get("tutor")) is not None:
        metadata["tutor"] = lesson
    return {"metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _indent(text: str) -> int | None:
    """How the file indents; None where it is one line."""
    lines = text.split("\n", 2)
    return len(lines[1]) - len(lines[1].lstrip(" ")) if len(lines) > 1 and lines[1].strip() else None


def line_of(text: str, piece: str) -> int:
    """The line, from 1, on which `piece` stands first; 1 where it does not."""
    return text.count("\n", 0, max(text.find(piece), 0)) + 1
