"""Documents in and out of files: .py, .ipynb and .md, chosen by the suffix. Each format has a module of its own."""

from __future__ import annotations

from pathlib import Path

from tutor.i18n import _
from tutor.source import myst, notebook, script
from tutor.source.disk import DocumentError, read_bytes, write_bytes
from tutor.source.document import Document

__all__ = ["SUFFIXES", "DocumentError", "read_document", "write_document"]

SUFFIXES = (".py", ".ipynb", ".md")


def read_document(path: Path) -> Document:
    """The document in a file. Raises DocumentError (`path:line: what is wrong, what would be right`)."""
    data = read_bytes(path)
    match path.suffix.lower():
        case ".py":
            return script.parse(path, data)
        case ".ipynb":
            return notebook.parse(path, data)
        case ".md":
            return myst.parse(path, data)
        case _:
            raise _unknown(path)


def write_document(document: Document, path: Path) -> None:
    """Saves the document in the format of the path's suffix. Raises DocumentError; the old file is never lost."""
    match path.suffix.lower():
        case ".py":
            data = script.render(path, document)
        case ".ipynb":
            data = notebook.render(document)
        case ".md":
            data = myst.render(path, document)
        case _:
            raise _unknown(path)
    write_bytes(path, data)


def _unknown(path: Path) -> DocumentError:
    return DocumentError(
        path,
        None,
        _("the suffix “{suffix}” is not one of a script (.py), a notebook (.ipynb) or a lesson (.md)").format(
            suffix=path.suffix
        ),
    )
