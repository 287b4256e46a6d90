"""About, the report, the keys, and the vector of a backward."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

import tutor
from tests.views.fake_session import FakeSession, Kernel
from tutor.session.runs import RunStatus
from tutor.views.window import about
from tutor.views.window.about import AboutDialog, copy_report, report, versions
from tutor.views.window.backward_dialog import BackwardDialog
from tutor.views.window.dialogs import KeyboardDialog


@pytest.fixture
def session(tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> FakeSession:
    monkeypatch.setattr(about, "log_path", lambda: tmp_path / "log.txt")
    monkeypatch.setattr(
        about,
        "log_tail",
        lambda path=None: (
            (path or tmp_path / "log.txt").read_text() if (path or tmp_path / "log.txt").exists() else ""
        ),
    )
    return FakeSession(tmp_path)


def test_about_shows_every_version(session: FakeSession, qtbot: QtBot) -> None:
    dialog = AboutDialog(session)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    texts = {label.text() for label in dialog.findChildren(QLabel)}
    assert {tutor.__version__, "2.13.0"} <= texts
    assert any("MIT" in text for text in texts)


def test_a_torch_that_is_not_loaded_is_not_made_up(session: FakeSession) -> None:
    session.run = RunStatus(phase="starting")
    assert versions(session)["torch"] == "not loaded yet"  # type: ignore[arg-type]


def test_the_report_holds_both_logs_and_hides_the_persons_folder(
    session: FakeSession, tmp_path: Path
) -> None:
    (tmp_path / "log.txt").write_text(f"ERROR tutor: {Path.home()}/net.py broke")
    session.kernel = Kernel("kernel says no")
    text = report(session)  # type: ignore[arg-type]
    assert "~/net.py broke" in text
    assert "kernel says no" in text
    assert f"Autograd Tutor: {tutor.__version__}" in text
    assert str(Path.home()) + "/" not in text


def test_copy_report_fills_the_clipboard(session: FakeSession, qtbot: QtBot) -> None:
    dialog = AboutDialog(session)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text() == copy_report(session)  # type: ignore[arg-type]
    assert dialog.copy_button.text() == "Copied"


def test_the_keyboard_help_names_the_keys_that_play(qtbot: QtBot, qapp: QApplication) -> None:
    dialog = KeyboardDialog()
    qtbot.addWidget(dialog)
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    for keys, what in (("Space", "Play, pause"), ("F5", "Run the whole program"), ("Ctrl+Z", "Take back")):
        place = texts.index(keys)
        assert texts[place + 1].startswith(what)


def test_backward_dialog_starts_with_ones_of_the_tensors_shape(qtbot: QtBot) -> None:
    dialog = BackwardDialog("Q", [3, 3])
    qtbot.addWidget(dialog)
    assert dialog.v == [[1.0] * 3] * 3 and not dialog.table.isHidden() and dialog.sliders.isHidden()
    dialog.table.item(0, 1).setText("0,5")
    assert dialog.v == [[1.0, 0.5, 1.0], [1.0] * 3, [1.0] * 3]
    ok = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    dialog.table.item(1, 1).setText("one")
    assert not ok.isEnabled()
    dialog.table.item(1, 1).setText("1")
    assert ok.isEnabled()
    dialog.ones.click()
    assert dialog.v == [[1.0] * 3] * 3


def test_backward_dialog_has_a_slider_for_each_of_a_few_elements(qtbot: QtBot) -> None:
    dialog = BackwardDialog("Q", [2, 2])
    qtbot.addWidget(dialog)
    assert dialog.v == [[1.0, 1.0], [1.0, 1.0]] and dialog.table.isHidden()
    dialog.sliders.sliders[1].setValue(-5)
    assert dialog.v == [[1.0, -0.5], [1.0, 1.0]] and dialog.sliders.fields[1].text() == "−0.5"
    ok = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    for text, number in (("x", None), ("", None), ("7,25", 7.25), ("0.0001", 0.0001), ("nan", None)):
        dialog.sliders.fields[3].clear()
        qtbot.keyClicks(dialog.sliders.fields[3], text)
        assert ok.isEnabled() == (number is not None)
        if number is not None:
            assert dialog.v == [[1.0, -0.5], [1.0, number]], (
                "what was typed counts, not what a slider can show"
            )
    dialog.ones.click()
    assert dialog.v == [[1.0, 1.0], [1.0, 1.0]] and ok.isEnabled()


def test_a_vector_too_long_to_ask_for_is_all_ones(qtbot: QtBot) -> None:
    dialog = BackwardDialog("Q", [1000])
    qtbot.addWidget(dialog)
    assert dialog.table.isHidden()
    assert dialog.v == [1.0] * 1000
