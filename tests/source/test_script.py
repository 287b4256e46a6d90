"""Scripts in and out of their bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.source import script
from tutor.source.disk import DocumentError
from tutor.source.document import Cell, CellId, Document

PATH = Path("s.py")
SCRIPT = CellId("script")


def changed(raw: bytes, text: str) -> bytes:
    return script.render(PATH, script.parse(PATH, raw).with_text(SCRIPT, text))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"x = 1",
        b"x = 1\n",
        b"x = 1\r\ny = 2\r\n",
        b"x = 1\ry = 2\r",
        b"x = 1\r\ny = 2\nz = 3\r",
        b"\xef\xbb\xbfx = 1\n",
        "# -*- coding: latin-1 -*-\nx = 'ñ'\n".encode("latin-1"),
        b"x = '\x0c\x1c\xe2\x80\xa8'\n",
        "x = '😀'\n".encode(),
        b"\n\n\n",
    ],
)
def test_without_an_edit_every_byte_stays(raw: bytes) -> None:
    assert script.render(PATH, script.parse(PATH, raw)) == raw


def test_a_script_is_one_code_cell() -> None:
    document = script.parse(PATH, b"x = 1\r\ny = 2")
    assert document.kind == "script"
    assert [(cell.id, cell.kind, cell.text) for cell in document.cells] == [
        ("script", "code", "x = 1\ny = 2")
    ]


def test_an_edit_keeps_line_ends_and_the_byte_order_mark() -> None:
    assert changed(b"\xef\xbb\xbfa\r\nb\r\n", "a\nnew\nb\n") == b"\xef\xbb\xbfa\r\nnew\r\nb\r\n"
    assert changed(b"a\r\nb\nc\r\nd\r\n", "a\nb\nc\nnew\nd\n") == b"a\r\nb\nc\r\nnew\r\nd\r\n"
    assert changed(b"a", "a\nb") == b"a\nb"


def test_an_edit_keeps_the_declared_encoding() -> None:
    raw = "# coding: latin-1\nx = 'ñ'\n".encode("latin-1")
    assert changed(raw, "# coding: latin-1\nx = 'ñé'\n") == "# coding: latin-1\nx = 'ñé'\n".encode("latin-1")


def test_a_letter_that_the_encoding_lacks_is_a_fault_with_its_line() -> None:
    with pytest.raises(DocumentError) as fault:
        changed(b"# coding: latin-1\nx = 1\n", "# coding: latin-1\nx = 1\ny = '→'\n")
    assert (fault.value.line, "→" in fault.value.reason, "utf-8" in fault.value.reason) == (3, True, True)


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b"x = 1\ny = '\xff'\n", 2, "not text in utf-8"),
        (b"a\nb\nc\0\n", 3, "null byte"),
        (b"# coding: klingon\n", 1, "klingon"),
        (b"#!/usr/bin/python\n# coding: klingon\n", 2, "klingon"),
    ],
)
def test_what_is_no_text_is_a_fault_with_its_line(raw: bytes, line: int, words: str) -> None:
    with pytest.raises(DocumentError) as fault:
        script.parse(PATH, raw)
    assert fault.value.line == line
    assert words in fault.value.reason


def test_other_documents_become_one_text_with_their_prose_as_comments() -> None:
    cells = (Cell(CellId("a"), "markdown", "# T\n\nwhy"), Cell(CellId("b"), "code", "x = 1\n"))
    assert script.render(PATH, Document("notebook", None, cells)) == b"# # T\n#\n# why\n\nx = 1\n"


_TEXTS = st.lists(st.sampled_from(["a", "", "x = 'é'", "\t#"]), max_size=6)
_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(_TEXTS, st.lists(_ENDS, min_size=6, max_size=6))
def test_any_mixture_of_line_ends_comes_back(lines: list[str], ends: list[str]) -> None:
    raw = "".join(line + end for line, end in zip(lines, ends, strict=False)).encode()
    assert script.render(PATH, script.parse(PATH, raw)) == raw


@given(_TEXTS, st.lists(_ENDS, min_size=6, max_size=6), _TEXTS)
def test_an_edited_text_reads_back_as_it_was_edited(
    lines: list[str], ends: list[str], edited: list[str]
) -> None:
    raw = "".join(line + end for line, end in zip(lines, ends, strict=False)).encode()
    text = "\n".join(edited)
    assert script.parse(PATH, changed(raw, text)).cell(SCRIPT).text == text
