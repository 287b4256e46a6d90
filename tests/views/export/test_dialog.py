"""The export dialog: the fields that the format needs, a preview with size and duration, progress, cancel, memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from tests.traces import golden
from tests.views.export.exported import left
from tutor.views.export.choices import Choices, choices_from
from tutor.views.export.dialog import ExportDialog
from tutor.views.export.request import FORMATS, Subject
from tutor.views.theme import DARK, LIGHT

Opened = Callable[..., ExportDialog]


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Opened:
    def make(choices: Choices | None = None, *, trace: str = "slope", step: int = 3) -> ExportDialog:
        dialog = ExportDialog(
            Subject(golden(trace)),
            choices or Choices(),
            LIGHT,
            step=step,
            ask_path=lambda form: tmp_path / ("film" if form == "frames" else f"out.{form}"),
        )
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return make


def choose(dialog: ExportDialog, form: str) -> None:
    dialog.form.format.setCurrentIndex(dialog.form.format.findData(form))


def shown(dialog: ExportDialog) -> set[str]:
    fields = (
        "step",
        "first",
        "last",
        "sizes",
        "scale",
        "film_scale",
        "theme",
        "speed",
        "fps",
        "caption",
        "code",
    )
    return {name for name in (*fields, "transparent", "whole") if getattr(dialog.form, name).isVisible()}


def close_button(dialog: ExportDialog) -> str:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Close).text()


def test_the_fields_are_those_of_the_format(opened: Opened) -> None:
    dialog = opened()
    still = {"step", "sizes", "scale", "theme", "caption", "code", "transparent"}
    film = {"first", "last", "sizes", "film_scale", "theme", "speed", "fps", "caption", "code", "whole"}
    expected = {
        **dict.fromkeys(("png",), still),
        **dict.fromkeys(("svg", "pdf"), still - {"scale"}),
        **dict.fromkeys(("gif", "mp4", "webm", "frames"), film),
        "dot": {"step"},
        "graphml": {"step"},
    }
    for form in FORMATS:
        choose(dialog, form)
        assert shown(dialog) == expected[form], form


def test_the_preview_tells_size_and_duration(opened: Opened, qtbot: QtBot) -> None:
    dialog = opened(Choices(size=(1280, 720), scale=2.0))
    qtbot.waitUntil(lambda: dialog.facts.text() == "2560 × 1440 pixels")
    assert not dialog.preview.pixmap().isNull()
    choose(dialog, "gif")
    qtbot.waitUntil(lambda: dialog.facts.text() == "1280 × 720 pixels · 10.6 s")
    dialog.form.last.setValue(1)
    qtbot.waitUntil(lambda: dialog.facts.text() == "1280 × 720 pixels · 4.0 s")


def test_the_timelines_step_is_exported(opened: Opened, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened(Choices(format="svg"), step=1)
    assert dialog.form.step.value() == 2
    with qtbot.waitSignal(dialog.exported) as told:
        dialog.start.click()
    assert told.args == [tmp_path / "out.svg"]
    text = (tmp_path / "out.svg").read_text()
    assert "x²" in text
    assert "None + 6 = 6" not in text


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_comes_out(form: str, opened: Opened, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened(Choices(format=form, speed=8.0, fps=10, film_scale=0.5))  # type: ignore[arg-type]
    with qtbot.waitSignal(dialog.exported):
        dialog.start.click()
    name = "film" if form == "frames" else f"out.{form}"
    assert name in left(tmp_path)
    assert not dialog.running
    assert dialog.start.isEnabled()


def test_an_export_shows_its_progress_and_can_be_cancelled(
    opened: Opened, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = opened(Choices(format="gif"))
    assert close_button(dialog) == "Close"
    dialog.start.click()
    assert dialog.running
    assert close_button(dialog) == "Cancel"
    assert not dialog.form.isEnabled()
    qtbot.waitUntil(lambda: dialog.progress.value() > 3)
    dialog.buttons.button(QDialogButtonBox.StandardButton.Close).click()
    assert not dialog.running
    assert dialog.isVisible()
    assert not dialog.progress.isVisible()
    assert left(tmp_path) == []


def test_closing_the_dialog_breaks_off_what_is_under_way(
    opened: Opened, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = opened(Choices(format="gif"))
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.progress.value() > 3)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert left(tmp_path) == []


def test_what_goes_wrong_is_said_in_the_dialog(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = ExportDialog(
        Subject(golden("slope")),
        Choices(),
        LIGHT,
        step=3,
        ask_path=lambda _form: tmp_path / "none" / "x.png",
    )
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.start.click()
    qtbot.waitUntil(lambda: not dialog.running)
    assert str(tmp_path / "none" / "x.png") in dialog.fault.text()


def test_who_names_no_file_exports_nothing(qtbot: QtBot) -> None:
    dialog = ExportDialog(Subject(golden("slope")), Choices(), LIGHT, step=3, ask_path=lambda _form: None)
    qtbot.addWidget(dialog)
    dialog.start.click()
    assert not dialog.running


def test_the_first_step_cannot_come_after_the_last(opened: Opened) -> None:
    dialog = opened(Choices(format="gif"))
    dialog.form.first.setValue(3)
    dialog.form.last.setValue(1)
    assert dialog.form.stretch.first <= dialog.form.stretch.last


def test_choices_are_remembered_and_a_damaged_memory_is_none(opened: Opened) -> None:
    chosen = Choices(
        format="webm",
        size=(1920, 1080),
        scale=3.0,
        film_scale=2.0,
        theme="dark",
        speed=2.0,
        fps=30,
        code=True,
        transparent=True,
        whole=True,
    )
    assert opened(choices_from(chosen.text())).choices == chosen
    for text in ("", "{", '{"format": "bmp"}', "[]", "7"):
        assert choices_from(text) == Choices()


def test_colours_are_the_windows_or_the_chosen_ones() -> None:
    assert Choices().look(DARK, "").palette == DARK
    assert Choices(theme="light").look(DARK, "").palette == LIGHT
    assert Choices(format="svg", scale=4.0).look(DARK, "").scale == 1.0
    assert Choices(format="png", scale=4.0).look(DARK, "").scale == 4.0


def test_the_file_is_as_large_as_the_preview_said(opened: Opened, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened(Choices(code=True))
    qtbot.waitUntil(lambda: bool(dialog.facts.text()))
    with qtbot.waitSignal(dialog.exported):
        dialog.start.click()
    size = QImage(str(tmp_path / "out.png")).size()
    assert dialog.facts.text() == f"{size.width()} × {size.height()} pixels"
    assert size.width() > QSize(600, 0).width()
