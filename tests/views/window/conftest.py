"""The window with its session, and a kernel that the test plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.views.window.opened import Opened
from tutor.app import build
from tutor.i18n import language, use_language
from tutor.session.files import NobodyThere
from tutor.session.settings import Settings


@pytest.fixture
def kernel(qapp: QApplication) -> FakeKernel:
    return FakeKernel()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    settings = Settings(store, tmp_path / "data")
    settings.language, settings.theme = "en", "light"
    return settings


@pytest.fixture
def opened(qapp: QApplication, qtbot: QtBot, settings: Settings, kernel: FakeKernel) -> Iterator[Opened]:
    before = language()
    window, session = build(qapp, settings, kernel)
    session.asker = NobodyThere()
    kernel.be_ready()
    window.resize(1024, 640)
    qtbot.addWidget(window)
    yield window, session
    session.keep()
    qapp.setStyleSheet("")
    use_language(before)
