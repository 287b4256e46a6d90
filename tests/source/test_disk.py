"""Files are read with faults that speak, and written so that the old one survives."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from tutor.source import disk
from tutor.source.disk import DocumentError, read_bytes, write_bytes
from tutor.source.formats import read_document, write_document


def test_a_file_is_replaced_whole_with_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_permissions_that_the_mask_leaves(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a.py", b"")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o640


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_bytes(b"old")
    link = tmp_path / "link.py"
    link.symlink_to(tmp_path / "real.py")
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real.py").read_bytes() == b"new"


def test_the_old_file_survives_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(DocumentError, match="No space left on device"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
def test_a_pipe_takes_the_bytes_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(pipe, b"text")
    assert os.read(reader, 10) == b"text"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    os.close(reader)


def test_a_folder_or_a_missing_one_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be saved"):
        write_bytes(tmp_path, b"")
    with pytest.raises(DocumentError, match="cannot be saved"):
        write_bytes(tmp_path / "none" / "a.py", b"")
    with pytest.raises(DocumentError, match="this is a folder"):
        read_bytes(tmp_path)
    with pytest.raises(DocumentError, match="no such file"):
        read_bytes(tmp_path / "none.py")


def test_a_fault_reads_path_line_reason() -> None:
    assert str(DocumentError(Path("a.py"), 3, "wrong; do right")) == "a.py:3: wrong; do right"
    assert str(DocumentError(Path("a.py"), None, "wrong")) == "a.py: wrong"


def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    document = read_document(written(tmp_path / "b.py"))
    with pytest.raises(DocumentError, match=r"\.ipynb"):
        read_document(path)
    with pytest.raises(DocumentError, match=r"\.ipynb"):
        write_document(document, path)
    assert path.read_text() == "x"


def test_the_suffix_chooses_whatever_its_case(tmp_path: Path) -> None:
    document = read_document(written(tmp_path / "A.PY"))
    assert document.kind == "script"
    write_document(document, tmp_path / "b.IPYNB")
    assert read_document(tmp_path / "b.IPYNB").kind == "notebook"


def written(path: Path) -> Path:
    path.write_text("x = 1\n")
    return path
