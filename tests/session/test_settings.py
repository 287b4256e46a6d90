"""What is remembered, and what becomes of damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from tutor.protocol import RunSettings
from tutor.session.settings import RECENT_LIMIT, Settings
from tutor.source.document import Cell, CellId, Document, sandbox


def again(folder: Path) -> Settings:
    """The preferences as the next start finds them."""
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    return Settings(store, folder / "data")


@pytest.fixture
def settings(tmp_path: Path, qapp: object) -> Settings:
    return again(tmp_path)


def test_what_was_chosen_is_there_at_the_next_start(settings: Settings, tmp_path: Path) -> None:
    settings.language, settings.theme, settings.text_size = "en", "dark", 125
    settings.reduced_motion, settings.speed = True, 2.0
    settings.run_settings = RunSettings(device="cuda:0", seed=41)
    settings.set_window("state", QByteArray(b"\0\1docks"))
    settings.graph_direction = "down"
    settings.mark_started()
    settings.sync()
    found = again(tmp_path)
    assert (found.language, found.theme, found.text_size) == ("en", "dark", 125)
    assert (found.reduced_motion, found.speed) == (True, 2.0)
    assert found.run_settings == RunSettings(device="cuda:0", seed=41)
    assert found.window("state") == QByteArray(b"\0\1docks")
    assert found.graph_direction == "down"
    assert not found.first_start


def test_a_first_start_has_sensible_defaults(settings: Settings) -> None:
    assert settings.first_start
    assert settings.text_size == 100
    assert settings.theme == "system"
    assert settings.run_settings == RunSettings()
    assert settings.window("state").isEmpty()


def test_nonsense_in_the_file_falls_back(tmp_path: Path, qapp: object) -> None:
    (tmp_path / "settings.ini").write_text(
        "[General]\nlanguage=tlh\ntheme=7\ntext_size=big\nseed=x\nspeed=fast\ngraph_direction=up\n"
    )
    settings = again(tmp_path)
    assert settings.theme == "system"
    assert settings.text_size == 100
    assert settings.run_settings.seed == 0
    assert settings.speed == 1.0
    assert settings.graph_direction == "auto"


def test_recent_files_newest_first_without_those_that_are_gone(settings: Settings, tmp_path: Path) -> None:
    files = [tmp_path / f"ñ {number}.py" for number in range(RECENT_LIMIT + 2)]
    for file in files:
        file.touch()
        settings.add_recent(file)
    settings.add_recent(files[5])
    assert settings.recent[0] == files[5]
    assert len(settings.recent) == RECENT_LIMIT
    files[5].unlink()
    assert files[5] not in settings.recent


def test_the_sandbox_is_kept(settings: Settings, tmp_path: Path) -> None:
    document = Document("sandbox", None, (Cell(CellId("cell-1"), "code", "x = 'ñ'\n"),))
    settings.write_sandbox(document)
    assert again(tmp_path).read_sandbox() == document


def test_a_broken_sandbox_file_gives_an_empty_one(settings: Settings) -> None:
    settings.folder.mkdir(parents=True)
    (settings.folder / "sandbox.json").write_text("[{")
    assert settings.read_sandbox() == sandbox()
