"""An export comes whole or not at all, and whoever waits for it sees how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QPainter
from pytestqt.qtbot import QtBot

from tests.views.export.exported import exported, left, requested
from tutor.session import layout_client
from tutor.views.export import exporting as module
from tutor.views.export import stage
from tutor.views.export.artist import Artist
from tutor.views.export.exporting import exporting
from tutor.views.export.job import ExportJob
from tutor.views.export.moments import frame_count
from tutor.views.export.request import Look, Stretch

STRETCH = Stretch(0, 3, speed=2.0, fps=12)
SMALL = Look(size=(320, 160))


@pytest.mark.parametrize("name", ["x.gif", "x.mp4", "x.webm", "x-%04d.png", "x"])
@pytest.mark.parametrize("after", [0, 3, 25])
def test_a_cancelled_export_leaves_nothing(after: int, name: str, qtbot: QtBot, tmp_path: Path) -> None:
    job, work = ExportJob(), exporting(requested(tmp_path / name, look=SMALL, stretch=STRETCH))
    loop, done = QEventLoop(), []
    job.progressed.connect(lambda count, _total: job.cancel() if count >= after else None)
    job.over.connect(loop.quit)
    job.done.connect(done.append)
    job.start(work)
    loop.exec()
    assert done == []
    assert not job.running
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["x.png", "x.gif", "x.mp4"])
def test_what_was_there_before_a_failed_export_is_unharmed(
    name: str, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(b"an older one")
    drawn: list[object] = []

    def painting(artist: Artist, painter: QPainter) -> Iterator[bool]:
        drawn.append(artist)
        if len(drawn) > 12 or name == "x.png":
            raise OSError(28, "No space left on device")
        yield from plain(artist, painter)

    plain = Artist.painting
    monkeypatch.setattr(Artist, "painting", painting)
    fault = exported(requested(path, look=SMALL, stretch=STRETCH))
    assert fault is not None
    assert "No space left on device" in fault
    assert left(tmp_path) == [name]
    assert path.read_bytes() == b"an older one"


def test_the_progress_counts_the_frames(qtbot: QtBot, tmp_path: Path) -> None:
    job, work = ExportJob(), exporting(requested(tmp_path / "x.gif", look=SMALL, stretch=STRETCH))
    told: list[tuple[int, int]] = []
    job.progressed.connect(lambda done, total: told.append((done, total)))
    with qtbot.waitSignal(job.done):
        job.start(work)
    assert {total for _done, total in told} == {frame_count(STRETCH)}
    counts = [done for done, _total in told]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == frame_count(STRETCH)
    assert len(set(counts)) > 2


def test_a_fault_of_the_program_itself_ends_the_job_and_leaves_nothing(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_stretch: Stretch) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "moments", broken)
    job, work = ExportJob(), exporting(requested(tmp_path / "x.gif", look=SMALL, stretch=STRETCH))
    with qtbot.captureExceptions() as faults, qtbot.waitSignal(job.over):
        job.start(work)
    assert [fault[0] for fault in faults] == [ZeroDivisionError]
    assert not job.running
    assert left(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(qtbot: QtBot, tmp_path: Path) -> None:
    fault = exported(requested(tmp_path / "none" / "x.png"))
    assert fault is not None
    assert str(tmp_path / "none" / "x.png") in fault


def test_a_large_graph_is_laid_out_by_the_helper_process(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exported(requested(tmp_path / "at_once.svg", "q")) is None
    monkeypatch.setattr(layout_client, "AT_ONCE", 0)
    assert exported(requested(tmp_path / "helped.svg", "q")) is None
    texts = [path.read_text().replace(path.stem, "") for path in sorted(tmp_path.iterdir())]
    assert texts[0] == texts[1]


def test_while_the_helper_lays_out_the_export_can_be_cancelled(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout_client, "AT_ONCE", 0)
    job, work = ExportJob(), exporting(requested(tmp_path / "x.svg", "q"))
    job.progressed.connect(lambda _done, _total: job.cancel())
    with qtbot.waitSignal(job.over):
        job.start(work)
    assert left(tmp_path) == []


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_picture_of_many_items_is_cancelled_in_the_middle(
    ending: str, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_AT_ONCE", 0)
    monkeypatch.setattr(stage, "_SOME", 1)
    work = exporting(requested(tmp_path / f"x.{ending}", "q"))
    turns = sum(1 for _progress in work)
    assert turns > 20
    for after in (5, 15):
        (tmp_path / f"x.{ending}").unlink(missing_ok=True)
        work = exporting(requested(tmp_path / f"x.{ending}", "q"))
        for _turn in range(after):
            next(work, None)
        work.close()
        assert left(tmp_path) == []
