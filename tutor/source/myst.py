"""Lessons and other MyST Markdown, by jupytext. The front matter is kept word for word, jupytext writes the cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tutor.i18n import _
from tutor.source.disk import DocumentError
from tutor.source.document import Cell, CellId, CellKind, Document, fresh_id
from tutor.source.script import decode, line_ends, unified, with_line_ends

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?---[ \t]*(\n|\Z)", re.DOTALL)
_LEXER = "ipython3"
_NEW_FRONT_MATTER = """\
---
jupytext:
  notebook_metadata_filter: tutor
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""


def parse(path: Path, data: bytes) -> Document:
    """A lesson where the front matter has a `tutor:` key, else a notebook. Raises DocumentError."""
    raw = decode(path, data, "utf-8").removeprefix("\ufeff")
    text = unified(raw)
    header = _header(text)
    front_matter = _front_matter(path, header)
    cells = _cells(path, text, header)
    kept = {
        "header": header,
        "endings": line_ends(raw),
        "original": text,
        "cells": cells,
        "front_matter": front_matter,
    }
    metadata = {**kept, "tutor": front_matter["tutor"]} if "tutor" in front_matter else kept
    return Document("lesson" if "tutor" in front_matter else "notebook", path, cells, metadata)


def render(path: Path, document: Document) -> bytes:
    """The file word for word as it was when no cell has changed, else its cells in jupytext's form.

    Raises DocumentError where that form cannot hold a cell: better no file than another program.
    """
    original = document.metadata.get("original")
    if isinstance(original, str) and document.metadata.get("cells") == document.cells:
        text = original
    else:
        text = canonical(document)
        _check_kept(path, document, text)
    return with_line_ends(text, document).encode()


def _check_kept(path: Path, document: Document, text: str) -> None:
    """Whether the code comes back as it is (but for blank lines around it)."""
    kept = [cell.text.strip("\n") for cell in _cells(path, text, _header(text)) if cell.kind == "code"]
    for place, cell in enumerate(document.code_cells):
        if place >= len(kept) or kept[place] != cell.text.strip("\n"):
            first = cell.text.strip().split("\n")[0]
            reason = _("the cell “{first}” cannot be written as Markdown; save as a notebook (.ipynb)")
            raise DocumentError(path, None, reason.format(first=first[:40]))


def canonical(document: Document) -> str:
    """The document in jupytext's MyST form, with "\\n" line ends."""
    import nbformat.v4
    from jupytext.myst import notebook_to_myst

    jupyter: Any = nbformat.v4
    header = str(document.metadata.get("header", _NEW_FRONT_MATTER))
    if not document.cells:
        return header
    body: str = notebook_to_myst(
        jupyter.new_notebook(cells=[_node(cell) for cell in document.cells]), default_lexer=_LEXER
    )
    return f"{header}\n{body}" if header else body


def _header(text: str) -> str:
    """The front matter with its two lines of ---."""
    return match.group() if (match := _FRONT_MATTER.match(text)) else ""


def _front_matter(path: Path, header: str) -> Mapping[str, object]:
    import yaml

    try:
        content = yaml.safe_load(header.strip().strip("-")) if header else {}
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise DocumentError(path, line, _yaml_reason(str(fault.problem))) from fault
    except yaml.YAMLError as fault:
        raise DocumentError(path, 1, _yaml_reason(str(fault).splitlines()[0])) from fault
    if content is not None and not isinstance(content, dict):
        raise DocumentError(
            path, 2, _("the front matter must be “key: value” lines between two lines of ---")
        )
    return content or {}


def _yaml_reason(why: str) -> str:
    return _(
        "the front matter is not YAML ({why}); write “key: value” lines between two lines of ---"
    ).format(why=why)


def _cells(path: Path, text: str, header: str) -> tuple[Cell, ...]:
    import yaml
    from jupytext.myst import MystMetadataParsingError, myst_to_notebook

    try:
        notebook = myst_to_notebook(text.removeprefix(header), add_source_map=True)
    except (MystMetadataParsingError, yaml.YAMLError) as fault:
        line = _fault_line(str(fault))
        place = None if line is None else line + header.count("\n")
        raise DocumentError(path, place, _cell_reason(str(fault))) from fault
    lines = notebook.metadata["source_map"]
    cells: list[Cell] = []
    for node, line in zip(notebook.cells, lines, strict=True):
        cells.append(_cell(node, int(line) + 1 + header.count("\n"), [cell.id for cell in cells]))
    return tuple(cells)


def _fault_line(message: str) -> int | None:
    found = re.search(r"at line (\d+)", message)
    return int(found.group(1)) if found else None


def _cell_reason(message: str) -> str:
    why = re.sub(r"^.*?could not be read: |^.*?at line \d+ ", "", " ".join(message.split()))
    return _("the options of this cell cannot be read ({why}); see “How to write a lesson”").format(why=why)


def _cell(node: Mapping[str, Any], line: int, taken: list[CellId]) -> Cell:
    kind: CellKind = "code" if node["cell_type"] == "code" else "markdown"
    metadata = _plain(node["metadata"])
    label = metadata.get("label")
    named = CellId(label) if isinstance(label, str) and label not in taken else fresh_id(taken)
    return Cell(named, kind, node["source"], metadata, {"cell_type": node["cell_type"], "line": line})


def _node(cell: Cell) -> Any:
    import nbformat.v4

    v4: Any = nbformat.v4
    metadata = _plain(cell.metadata)
    match cell.rest.get("cell_type", cell.kind):
        case "code":
            return v4.new_code_cell(source=cell.text, metadata=metadata)
        case "raw":
            return v4.new_raw_cell(source=cell.text, metadata=metadata)
        case _:
            return v4.new_markdown_cell(source=cell.text, metadata=metadata)


def _plain(value: Any) -> Any:
    """Jupytext's node dictionaries as plain ones, all the way down."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
