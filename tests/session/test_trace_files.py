"""A recorded run in the session: its sources as cells to be read, every step, and no change."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.traces import golden
from tests.traces.recording import record_text
from tutor.course.catalogue import lesson_path
from tutor.protocol import Environment, RunSettings, Source, SourceId, Span
from tutor.session.message import Message
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.trace.file import write_trace

RECORDING = lesson_path("02-q", "en").with_suffix(".trace.json")


@pytest.fixture
def session(kernel: FakeKernel, tmp_path: Path) -> Iterator[Session]:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(kernel, Settings(store, tmp_path / "data"))
    session.open_path(RECORDING)
    yield session
    session.deleteLater()
    gc.unfreeze()


def test_a_recording_shows_its_sources_and_its_last_step(session: Session) -> None:
    assert session.from_recording
    assert session.read_only
    assert session.recording_path == RECORDING
    assert [cell.text for cell in session.visible_cells] == [source.text for source in session.trace.sources]
    assert session.player.step == session.player.count - 1 == len(session.trace.steps) - 1
    assert {row.name for row in session.rows} >= {"a", "b", "Q"}
    assert not session.stale


def test_a_recording_can_be_scrubbed_and_lights_its_code(session: Session) -> None:
    session.player.first()
    session.player.next()
    span = session.current_span
    assert span is not None
    assert session.source_cell(span) == session.visible_cells[0].id


def test_a_recording_can_neither_be_run_nor_changed(session: Session, kernel: FakeKernel) -> None:
    told: list[Message] = []
    session.message.connect(told.append)
    before = session.document
    session.run_all()
    session.set_value(session.rows[0].tensor, [1.0, 1.0])
    session.set_cell_text(before.cells[0].id, "x = 1")
    session.add_cell(before.cells[0].id)
    assert session.document == before
    assert kernel.ran == []
    assert "recording" in told[-1].text


def test_a_damaged_recording_says_where(session: Session, tmp_path: Path) -> None:
    told: list[Message] = []
    session.message.connect(told.append)
    path = tmp_path / "half.json"
    path.write_text(RECORDING.read_text()[:500])
    session.open_path(path)
    assert told[-1].level == "error"
    assert "half.json" in told[-1].text
    assert session.document.path != path


@pytest.mark.parametrize("name", ["nothing.json", "."])
def test_a_file_that_cannot_be_read_is_told(session: Session, tmp_path: Path, name: str) -> None:
    told: list[Message] = []
    session.message.connect(told.append)
    folder = tmp_path / "run.json"
    folder.mkdir()
    session.open_path(folder / name)
    assert told[-1].level == "error"
    assert "run.json" in told[-1].text


def test_the_files_of_a_program_are_shown_each_under_its_name(session: Session, tmp_path: Path) -> None:
    trace = golden("untracked")
    trace.sources[:] = [
        structs.replace(trace.sources[0], path="train.py"),
        Source(id=SourceId(1), path="lib/model.py", cell=None, text="width = 3\n"),
    ]
    write_trace(trace, tmp_path / "run.json")
    session.open_path(tmp_path / "run.json")
    assert [cell.text for cell in session.visible_cells] == [
        *("`train.py`", trace.sources[0].text, "`model.py`", "width = 3\n"),
    ]
    assert session.source_cell(Span(SourceId(1), 1, 1, 0, 5)) == session.visible_cells[3].id
    span = session.current_span
    assert span is not None and session.source_cell(span) == session.visible_cells[1].id


def test_a_large_file_is_announced_and_then_opened(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr("tutor.session.library._LARGE", 0.0)
    told: list[Message] = []
    session.message.connect(told.append)
    path = tmp_path / "run.json"
    write_trace(golden("loop"), path)
    known = gc.get_freeze_count()
    with qtbot.waitSignal(session._reader.timeout):
        session.open_path(path)
        assert told[-1].text.startswith("Opening run.json")
        assert session.recording_path == RECORDING
    assert session.recording_path == path
    assert told[-1].text == ""
    assert gc.get_freeze_count() > known  # the collector has not to go through it


def test_what_is_opened_meanwhile_stays(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr("tutor.session.library._LARGE", 0.0)
    path = tmp_path / "run.json"
    write_trace(golden("loop"), path)
    session.open_path(path)
    session.open_lesson("00-slope")
    with qtbot.waitSignal(session._reader.timeout):
        pass
    assert session.lesson is not None


def test_a_recording_shows_the_settings_that_it_was_made_with(session: Session, tmp_path: Path) -> None:
    trace = golden("untracked")
    trace.environment = Environment(torch="2.13.0", python="3.11.7", device="cuda:0", seed=2**62)
    write_trace(trace, tmp_path / "run.json")
    own = session.preferences.run_settings
    session.open_path(tmp_path / "run.json")
    assert session.settings == RunSettings(device="cuda:0", seed=2**62)
    session.new_sandbox()
    assert session.settings == own


@pytest.mark.kernel
def test_a_step_inside_a_function_lights_it_in_the_cell_where_it_is_written(
    session: Session, tmp_path: Path
) -> None:
    cells = (
        "import torch\ndef f(x):\n    return x.sin() * 2\n",
        "x = torch.tensor(1.0, requires_grad=True)\ny = f(x) + 1\ny.backward()\n",
    )
    record_text("# %%\n".join(cells)).save(tmp_path / "run.json")
    session.open_path(tmp_path / "run.json")
    lit = []
    for step in range(session.player.count):
        session.player.seek(step)
        found = session.current_span
        assert found is not None
        text = cells[found.source].splitlines()[found.line - 1][found.col : found.end_col]
        cell = session.source_cell(found)
        lit.append((text, [one.id for one in session.document.code_cells].index(cell)))
    assert lit[:5] == [
        ("torch.tensor(1.0, requires_grad=True)", 1),
        ("x.sin()", 0),
        ("x.sin() * 2", 0),
        ("f(x) + 1", 1),
        ("f(x) + 1", 1),
    ]
    assert ("x.sin()", 0) in lit[5:]
