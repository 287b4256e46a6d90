"""Taking away from the window: the menu, the clipboard, what a question covers, and that the window goes on meanwhile."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.traces import FOLDER
from tests.views.export.exported import left
from tests.views.window.opened import Opened
from tutor.session.settings import Settings
from tutor.views.export.choices import choices_from
from tutor.views.theme import DARK

SLOPE_PART = 1


@pytest.fixture
def lesson(opened: Opened) -> Opened:
    """The first lesson, where its question about the slope is open; at its end."""
    window, session = opened
    window.show()
    session.open_lesson("00-slope")
    session.go_to_part(SLOPE_PART)
    session.player.last()
    return opened


def copied(lesson: Opened, qtbot: QtBot) -> str:
    """The texts of the picture on the clipboard."""
    window, _session = lesson
    QGuiApplication.clipboard().setText("before")
    window.actions_["copy_picture"].trigger()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().mimeData().hasFormat("image/svg+xml"))
    svg = bytes(QGuiApplication.clipboard().mimeData().data("image/svg+xml").data())
    return " ".join(text for text in ElementTree.fromstring(svg).itertext() if text.strip())


def test_the_picture_is_copied_as_an_image_and_as_svg(lesson: Opened, qtbot: QtBot) -> None:
    window, _session = lesson
    assert "PowBackward0" in copied(lesson, qtbot)
    image = QGuiApplication.clipboard().image()
    assert image.width() > 800
    assert window.message_bar.text == "The picture is on the clipboard."


def test_what_the_question_covers_is_covered_in_the_copy(lesson: Opened, qtbot: QtBot) -> None:
    window, session = lesson
    assert "None + ? = ?" in copied(lesson, qtbot)
    session.set_covered(frozenset({"y"}))
    text = copied(lesson, qtbot)
    assert "9" not in text
    assert window.message_bar.text


def test_the_canvas_offers_both_by_its_context_menu(lesson: Opened) -> None:
    window, _session = lesson
    menu = window.workspace.graph.closer.menu(QPoint())
    assert {window.actions_["copy_picture"], window.actions_["export"]} <= set(menu.actions())


def test_exported_in_the_windows_colours_with_everything_where_the_window_has_it(
    lesson: Opened, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, _session = lesson
    window.actions_["theme"].trigger()
    path = tmp_path / "slope"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    window.actions_["export"].trigger()
    dialog = window.exports.dialog
    assert dialog is not None
    with qtbot.waitSignal(dialog.exported):
        dialog.start.click()
    image = QImage(str(tmp_path / "slope.png"))
    assert image.pixelColor(2, 2) == QColor(DARK.ground)
    assert "Exported to" in window.message_bar.text
    assert dialog._subject.drawn is window.workspace.graph.arrangement


def test_the_window_goes_on_while_an_export_runs(
    lesson: Opened, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, session = lesson
    path = tmp_path / "slope.gif"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    window.actions_["export"].trigger()
    dialog = window.exports.dialog
    assert dialog is not None
    dialog.form.format.setCurrentIndex(dialog.form.format.findData("gif"))
    dialog.form.speed.setCurrentIndex(dialog.form.speed.findData(8.0))
    with qtbot.waitSignal(dialog.exported):
        dialog.start.click()
        qtbot.waitUntil(lambda: dialog.progress.value() > 0)
        session.open_lesson("02-q")
        session.player.first()
    assert QImage(str(path)).width() > 300
    assert session.lesson is not None
    assert session.lesson.id == "02-q"


def test_choices_are_remembered_when_the_dialog_is_closed(lesson: Opened, settings: Settings) -> None:
    window, _session = lesson
    window.actions_["export"].trigger()
    dialog = window.exports.dialog
    assert dialog is not None
    dialog.form.format.setCurrentIndex(dialog.form.format.findData("pdf"))
    dialog.close()
    assert window.exports.dialog is None
    assert choices_from(settings.choices("export")).format == "pdf"
    window.actions_["export"].trigger()
    again = window.exports.dialog
    assert again is not None
    assert again.choices.format == "pdf"
    again.close()


def test_a_folded_group_is_folded_in_the_copy_too(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    window.show()
    session.open_path(FOLDER / "loop.json")
    session.set_show_all(True)
    session.unfold_all()
    assert "AddmmBackward0" in copied(opened, qtbot)
    session.fold_all()
    assert "AddmmBackward0" not in copied(opened, qtbot)


def test_when_the_program_ends_a_running_export_leaves_nothing(
    lesson: Opened, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, _session = lesson
    path = tmp_path / "film" / "slope.gif"
    path.parent.mkdir()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    window.actions_["export"].trigger()
    dialog = window.exports.dialog
    assert dialog is not None
    dialog.form.format.setCurrentIndex(dialog.form.format.findData("gif"))
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.progress.value() > 0)
    assert left(path.parent)
    window.exports.close()
    assert not dialog.running
    assert left(path.parent) == []


def test_there_is_nothing_to_export_before_there_is_a_picture_or_while_it_grows(
    opened: Opened, kernel: FakeKernel
) -> None:
    window, session = opened
    window.show()
    session.new_sandbox()
    assert not window.actions_["export"].isEnabled()
    assert not window.actions_["copy_picture"].isEnabled()
    session.open_lesson("00-slope")
    assert window.actions_["export"].isEnabled()
    window.show_home()
    assert not window.actions_["export"].isEnabled()
    window.show_workspace()
    window.actions_["run"].trigger()
    assert session.run.running
    assert not window.actions_["copy_picture"].isEnabled()
