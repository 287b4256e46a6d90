"""Notebooks in and out of their JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.source import notebook
from tutor.source.disk import DocumentError
from tutor.source.document import Cell, CellId, Document
from tutor.source.formats import read_document, write_document

PATH = Path("n.ipynb")
OUTPUT = {"name": "stdout", "output_type": "stream", "text": ["3\n"]}


def code(source: Any, **other: Any) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": 7, "id": "a1", "metadata": {}, "outputs": [OUTPUT]} | {
        "source": source,
        **other,
    }


def content(*cells: dict[str, Any], **other: Any) -> dict[str, Any]:
    kept = {
        "metadata": {"kernelspec": {"name": "python3", "display_name": "é", "x": [1, 2]}, "unknown": None}
    }
    return {"cells": list(cells), **kept, "nbformat": 4, "nbformat_minor": 5} | other


def data(whole: Any, **style: Any) -> bytes:
    return (json.dumps(whole, **{"indent": 1, "ensure_ascii": False} | style) + "\n").encode()


def test_a_notebook_is_its_cells(tmp_path: Path) -> None:
    text = {"cell_type": "markdown", "id": "b", "metadata": {"tags": ["given", "x"]}, "source": "# T"}
    document = notebook.parse(PATH, data(content(code(["a = 1\n", "a"]), text)))
    assert document.kind == "notebook"
    assert [(cell.id, cell.kind, cell.text, cell.tags) for cell in document.cells] == [
        ("a1", "code", "a = 1\na", ()),
        ("b", "markdown", "# T", ("given", "x")),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        data(content(code(["a = 1\n", "a"]))),
        data(content(code("a = 1\na")), indent=4),
        data(content(code(["ñ"])), ensure_ascii=True),
        data(content(code(["ñ"])), indent=None),
        data(content(code(["a"])), indent=None, separators=(",", ":")),
        data(content(code(["a\r\n", "b"]))),
        data(
            {
                "nbformat": 4,
                "nbformat_minor": 2,
                "metadata": {},
                "cells": [{k: v for k, v in code([]).items() if k != "id"}],
            }
        ),
        data(content(code(["a"]))).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + data(content()),
        data(content(code(["'\\ud800'"]))),
        data(content(code(["a"]))).rstrip(),
    ],
)
def test_without_an_edit_the_file_stays_as_it_is(raw: bytes) -> None:
    assert notebook.render(notebook.parse(PATH, raw)) == raw


def test_an_edit_changes_its_own_lines_and_nothing_else() -> None:
    raw = data(
        content(code(["a = 1\n", "a"]), code(["b"], id="b2", attachments={"é": 1}, outputs=[])), indent=2
    )
    document = notebook.parse(PATH, raw)
    changed = notebook.render(document.with_text(CellId("a1"), "a = 2\na"))
    assert changed == raw.replace(b"a = 1", b"a = 2")
    assert notebook.render(notebook.parse(PATH, changed).with_text(CellId("a1"), "a = 1\na")) == raw


def test_an_edit_keeps_escapes_line_ends_and_the_order_of_keys() -> None:
    whole = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "cells": [dict(reversed(code(["ñ"]).items()))],
        "metadata": {},
    }
    raw = data(whole, ensure_ascii=True).replace(b"\n", b"\r\n")
    changed = notebook.render(notebook.parse(PATH, raw).with_text(CellId("a1"), "ñ1"))
    assert changed == raw.replace(b"\\u00f1", b"\\u00f11")


def test_a_new_cell_is_a_sound_one(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(data(content(code(["a"]))))
    document = read_document(path)
    write_document(document.with_cell_added(CellId("a1"), Cell(CellId("new"), "markdown", "# é")), path)
    cells = json.loads(path.read_bytes())["cells"]
    assert cells[1] == {"cell_type": "markdown", "id": "new", "metadata": {}, "source": ["# é"]}


def test_missing_and_doubled_ids_are_made_anew() -> None:
    document = notebook.parse(PATH, data(content(code(["a"]), code(["b"]), code(["c"], id=""))))
    ids = [cell.id for cell in document.cells]
    assert ids[0] == "a1"
    assert len(set(ids)) == 3


def test_an_old_notebook_is_read_in_the_new_form() -> None:
    cells = [{"cell_type": "code", "input": ["a = 1"], "language": "python", "metadata": {}, "outputs": []}]
    old = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}
    document = notebook.parse(PATH, data(old))
    assert [cell.text for cell in document.cells] == ["a = 1"]


def test_another_kind_of_document_becomes_a_notebook(tmp_path: Path) -> None:
    lesson = tmp_path / "l.md"
    lesson.write_text("# T\n\n```{code-cell} ipython3\n:tags: [given]\n\nx = 1\n```\n")
    path = tmp_path / "n.ipynb"
    write_document(read_document(lesson), path)
    document = read_document(path)
    assert [(cell.kind, cell.text, cell.tags) for cell in document.cells] == [
        ("markdown", "# T", ()),
        ("code", "x = 1", ("given",)),
    ]
    assert "line" not in json.loads(path.read_bytes())["cells"][0]


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b"", 1, "not JSON"),
        (b'{"cells": [\n  {,\n]}', 2, "not JSON"),
        (b"[" * 100_000, 1, "nested too deeply"),
        (b"[]", 1, "not a notebook"),
        (b'{"cells": []}', 1, "nbformat"),
        (b'{\n"nbformat": 9, "cells": []}', 2, "nbformat 9"),
        (data(content({"cell_type": "code"})), 1, "not a sound notebook"),
        (data(content(code(3))), 1, "not a sound notebook"),
        (b'{"cells": "\xff"}', 1, "not text in utf-8"),
        (b"\n\n\0", 3, "null byte"),
    ],
)
def test_faults_name_the_line_and_what_is_wrong(raw: bytes, line: int, words: str) -> None:
    with pytest.raises(DocumentError) as fault:
        notebook.parse(PATH, raw)
    assert fault.value.line == line
    assert words in fault.value.reason
    assert str(fault.value).startswith(f"n.ipynb:{line}: ")


@given(st.lists(st.text(max_size=12).filter(lambda text: "\r" not in text), max_size=4))
def test_every_text_survives_saving_and_opening(texts: list[str]) -> None:
    cells = tuple(Cell(CellId(f"cell-{at}"), "code", text) for at, text in enumerate(texts))
    saved = notebook.render(Document("sandbox", None, cells))
    assert [cell.text for cell in notebook.parse(PATH, saved).cells] == texts
