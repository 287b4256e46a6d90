"""Jupyter notebooks: our edits go into the JSON that was read, so that all that we do not know is kept on saving."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tutor.i18n import _
from tutor.source.disk import DocumentError
from tutor.source.document import Cell, CellId, CellKind, Document, fresh_id
from tutor.source.script import decode

_OURS = ("id", "source", "metadata")


def parse(path: Path, data: bytes) -> Document:
    """Raises DocumentError when the bytes are no JSON, no notebook, or a notebook that breaks nbformat's schema."""
    text = decode(path, data, "utf-8").removeprefix("\ufeff")
    content = _checked(path, text, _loaded(path, text))
    cells: list[Cell] = []
    for entry in content["cells"]:
        cells.append(_cell(entry, {cell.id for cell in cells}))
    metadata = {key: value for key, value in content.items() if key != "cells"}
    end = text[len(text.rstrip()) :]
    return Document(
        "notebook", path, tuple(cells), {"notebook": metadata, "indent": _indent(text), "end": end}
    )


def render(document: Document) -> bytes:
    """The notebook's JSON; a document of another kind becomes a notebook for the Python kernel."""
    content = _mapping(document.metadata.get("notebook")) or _fresh_metadata(document)
    minor = content.get("nbformat_minor", 0)
    with_ids = isinstance(minor, int) and minor >= 5
    cells = [_entry(cell, with_ids) for cell in document.cells]
    indent = document.metadata.get("indent", 1)
    text = json.dumps(
        {"cells": cells, **content}, indent=indent if isinstance(indent, int) else None, ensure_ascii=False
    )
    return (text + str(document.metadata.get("end", "\n"))).encode()


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
    text = source if isinstance(source, str) else "".join(source)
    rest = {key: value for key, value in entry.items() if key not in _OURS}
    kind: CellKind = "code" if entry["cell_type"] == "code" else "markdown"
    known = str(entry.get("id", ""))
    cell_id = fresh_id(taken) if not known or known in taken else CellId(known)
    return Cell(
        cell_id, kind, text, entry.get("metadata", {}), {**rest, "source_is_text": isinstance(source, str)}
    )


def _entry(cell: Cell, with_ids: bool) -> dict[str, object]:
    rest = dict(cell.rest)
    as_text = rest.pop("source_is_text", False)
    rest.setdefault("cell_type", cell.kind)
    if cell.kind == "code":
        rest = {"execution_count": None, "outputs": [], **rest}
    source = cell.text if as_text else cell.text.splitlines(keepends=True)
    entry = {**rest, "metadata": cell.metadata, "source": source}
    if with_ids:
        entry["id"] = cell.id
    return {key: entry[key] for key in sorted(entry)}


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
