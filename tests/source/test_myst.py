"""Lessons and other MyST Markdown in and out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.source import myst
from tutor.source.disk import DocumentError
from tutor.source.document import Cell, CellId, CellKind, Document
from tutor.source.formats import read_document, write_document

PATH = Path("l.md")
LESSON = """\
---
jupytext:
  notebook_metadata_filter: tutor
tutor:   {id: one, minutes: 5}   # kept word for word
---

# Título

Sea $Q = 3a^3$.

```{code-cell} ipython3
:label: leaves
:tags: [given, hide-input]

import torch
a = torch.tensor([2., 3.])
```

:::{note}
Text.
:::

```{code-cell} ipython3
---
tags: [exercise]
tutor:
  checks:
  - {kind: allclose, expr: a.grad}
---
# your turn
```
"""


def parsed(text: str) -> Document:
    return myst.parse(PATH, text.encode())


def test_a_lesson_is_told_by_its_front_matter() -> None:
    document = parsed(LESSON)
    assert document.kind == "lesson"
    assert document.metadata["tutor"] == {"id": "one", "minutes": 5}
    assert parsed("# Only text\n").kind == "notebook"


def test_cells_have_their_labels_and_tags_and_code_its_line() -> None:
    document = parsed(LESSON)
    assert [(cell.id, cell.kind, cell.tags) for cell in document.cells] == [
        ("cell-1", "markdown", ()),
        ("leaves", "code", ("given", "hide-input")),
        ("cell-2", "markdown", ()),
        ("cell-3", "code", ("exercise",)),
    ]
    assert [cell.rest["line"] for cell in document.code_cells] == [12, 24]
    assert document.cells[1].text == "import torch\na = torch.tensor([2., 3.])"
    assert document.cells[3].metadata["tutor"] == {"checks": [{"kind": "allclose", "expr": "a.grad"}]}


@pytest.mark.parametrize(
    "raw",
    [
        LESSON.encode(),
        LESSON.replace("\n", "\r\n").encode(),
        LESSON.rstrip().encode(),
        b"# No front matter\n\n\n\ntext   \n",
        b"",
        b"```python\nx\n```\n",
        b"---\n---\n\ntext\n",
    ],
)
def test_without_an_edit_every_byte_stays(raw: bytes) -> None:
    assert myst.render(PATH, myst.parse(PATH, raw)) == raw


def test_an_edit_changes_its_own_lines_and_the_front_matter_stays_word_for_word() -> None:
    whole = myst.canonical(parsed(LESSON))
    document = parsed(whole)
    changed = myst.render(PATH, document.with_text(CellId("leaves"), "import torch\nb = 1")).decode()
    assert changed == whole.replace("a = torch.tensor([2., 3.])", "b = 1")
    assert "# kept word for word" in changed
    assert (
        myst.render(PATH, parsed(changed).with_text(CellId("leaves"), document.cells[1].text)).decode()
        == whole
    )


def test_an_edit_keeps_the_line_ends() -> None:
    document = myst.parse(PATH, LESSON.replace("\n", "\r\n").encode())
    changed = myst.render(PATH, document.with_text(CellId("leaves"), "a = 1\nb = 2"))
    assert changed.count(b"\n") == changed.count(b"\r\n")


def test_a_lesson_comes_back_from_a_notebook(tmp_path: Path) -> None:
    lesson, book, again = tmp_path / "l.md", tmp_path / "n.ipynb", tmp_path / "again.md"
    lesson.write_text(LESSON, encoding="utf-8")
    write_document(read_document(lesson), book)
    write_document(read_document(book), again)
    first, second = read_document(lesson), read_document(again)
    assert [(cell.kind, cell.text, cell.tags) for cell in second.cells] == [
        (cell.kind, cell.text, cell.tags) for cell in first.cells
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\na: 1\nb: [\n---\ntext\n", 4, "not YAML"),
        ("---\n- a\n---\n", 2, "key: value"),
        ("text\n\n```{code-cell} ipython3\n---\ntags: [\n---\nx\n```\n", None, "options of this cell"),
        ("a\n\0\n", 2, "null byte"),
    ],
)
def test_faults_name_the_line_and_what_is_wrong(text: str, line: int | None, words: str) -> None:
    with pytest.raises(DocumentError) as fault:
        parsed(text)
    assert words in fault.value.reason
    assert line is None or fault.value.line == line


def test_code_that_markdown_cannot_hold_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "l.md"
    path.write_text(LESSON, encoding="utf-8")
    document = read_document(path).with_text(CellId("leaves"), "s = '\u2028'")
    with pytest.raises(DocumentError, match=r"ipynb"):
        write_document(document, path)
    assert path.read_text(encoding="utf-8") == LESSON


_LINES = st.sampled_from(
    ["x = 1", "", "```", "'''", "---", ":tags: [a]", "# %%", "%time f()", "    é", "+++", "~~~~"]
)
_TEXTS = st.lists(_LINES, min_size=1, max_size=5).map(lambda lines: "\n".join(lines).strip("\n"))
_KINDS: st.SearchStrategy[CellKind] = st.sampled_from(["code", "code", "markdown"])


@given(st.lists(st.tuples(_KINDS, _TEXTS), max_size=4))
@settings(max_examples=60, deadline=None)
def test_code_survives_saving_and_opening_whatever_stands_in_it(cells: list[tuple[CellKind, str]]) -> None:
    made = tuple(
        Cell(CellId(f"cell-{at}"), kind, text if kind == "code" else "word")
        for at, (kind, text) in enumerate(cells)
    )
    try:
        saved = myst.render(PATH, Document("notebook", None, made))
    except DocumentError:
        return
    code = [cell.text for cell in myst.parse(PATH, saved).code_cells]
    assert code == [cell.text for cell in made if cell.kind == "code"]
