"""The wheel carries everything, and what is installed from it works from any folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import tutor

ROOT = Path(__file__).resolve().parents[2]


def _run(command: list[str], folder: Path, **environment: str) -> str:
    own = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    home = {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "LANGUAGE": "en",
    }
    done = subprocess.run(
        command, cwd=folder, env=own | home | environment, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that has the wheel, and borrows what the wheel depends on."""
    place = tmp_path_factory.mktemp("installed") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=60)
    programs = place / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "-q"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=100)
    packages = sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)})
    (Path(packages) / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return programs


def test_the_wheel_holds_resources_lessons_and_licence_and_no_rubbish(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "resources/fonts/Inter-Regular.otf",
        "resources/translations/es.po",
        "resources/themes/window.qss",
    ):
        assert f"tutor/_data/{part}" in names
    assert any(name.startswith("tutor/_data/lessons/") and name.endswith("es.md") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "tools/"))]


def test_the_installed_program_tells_its_version_from_any_folder(installed: Path, tmp_path: Path) -> None:
    assert tutor.__version__ in _run([str(installed / "autograd-tutor"), "--version"], tmp_path)


def test_the_installed_program_finds_what_ships_with_it(installed: Path, tmp_path: Path) -> None:
    code = """if True:
        from tutor.shipped import shipped
        from tutor.course.catalogue import lessons
        from tutor.i18n import _, use_language
        use_language("es")
        print(shipped("resources"), len(lessons("es")), _("Run"), sep="\\n")
    """
    folder, count, run = _run([str(installed / "python"), "-c", code], tmp_path).splitlines()
    assert folder.startswith(str(installed.parent))
    assert int(count) >= 1
    assert run == "Ejecutar"


def test_the_installed_window_opens(installed: Path, tmp_path: Path) -> None:
    """With its fonts, icons, lessons and styles; closed again by a timer."""
    code = """if True:
        import sys
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication
        from tutor import app
        application = QApplication(sys.argv)
        QTimer.singleShot(1500, application.quit)
        status = app.run()
        print(application.font().family(), status)
    """
    shown = _run([str(installed / "python"), "-c", code], tmp_path, QT_QPA_PLATFORM="offscreen")
    assert shown.split() == ["Inter", "0"]


@pytest.mark.kernel
def test_the_installed_program_traces_a_script(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "import torch\nx = torch.tensor(3., requires_grad=True)\n(x**2).backward()\nprint(x.grad)\n"
    )
    _run([str(installed / "autograd-tutor"), "trace", "net.py", "-o", "net.json"], tmp_path)
    trace = json.loads((tmp_path / "net.json").read_text(encoding="utf-8"))
    assert trace["output"] == "tensor(6.)\n"
