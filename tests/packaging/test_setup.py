"""The set-up: what it keeps, what it says when something is missing, and that the lock fits the project."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import setup

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _pins() -> dict[str, str]:
    plain = [pin.split(";")[0].strip() for pin in setup.pins()]
    return {pin.partition("==")[0]: pin.partition("==")[2] for pin in plain}


def test_everything_that_the_project_asks_for_is_pinned_within_its_range() -> None:
    pins = _pins()
    for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]):
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text


def test_the_locks_other_systems_are_behind_markers() -> None:
    lines = setup.LOCK.read_text(encoding="utf-8").splitlines()
    marked = {line.split("==")[0]: line.partition(";")[2] for line in lines if ";" in line}
    assert "darwin" in marked["appnope"]
    assert "win32" not in marked["pexpect"]
    assert "torch" not in marked
    assert "appnope" not in {pin.split("==")[0] for pin in setup.pins()} or sys.platform != "linux"


def test_the_range_of_a_torch_to_keep_is_the_projects() -> None:
    wanted = next(Requirement(text) for text in PROJECT["dependencies"] if text.startswith("torch"))
    for version in ("2.12.1", "2.13.0", "2.13.0+cpu", "2.99.0", "3.0.0", ""):
        inside = bool(version) and wanted.specifier.contains(version)
        assert setup.torch_fits(version) == inside, version


def test_what_is_there_is_not_asked_for_again() -> None:
    here = {"torch": "2.13.0+cpu", "numpy": "2.4.5"}
    assert setup.is_there("torch==2.13.0", here)
    assert not setup.is_there("numpy==2.4.6", here)
    assert not setup.is_there("appnope==1.0.0 ; sys_platform == 'darwin'", here)


def test_without_root_the_exact_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    with pytest.raises(SystemExit) as stopped:
        setup.get_packages(setup.QT_PACKAGES, "Qt cannot be loaded: libEGL.so.1")
    text = str(stopped.value)
    assert "libEGL.so.1" in text
    assert "sudo apt-get install -y --no-install-recommends libglib2.0-0" in text


def test_as_root_it_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def call(command: list[str], **_options: object) -> int:
        ran.append(command)
        return 0

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(subprocess, "call", call)
    setup.get_packages(["libegl1"], "Qt cannot be loaded")
    assert [command[1] for command in ran] == ["update", "install"]
    assert ran[1][-1] == "libegl1"


def test_a_python_that_is_too_old_is_told_when_there_is_no_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer"):
        setup.again_with_newer(["run"])


def test_an_old_python_can_read_the_set_up() -> None:
    """Python 3.7 has neither `match` nor `:=` nor `|` outside annotations."""
    ast.parse((ROOT / "tools" / "setup.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_when_nothing_changed_nothing_is_installed_or_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed: list[bool] = []
    monkeypatch.setattr(setup, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(setup, "make_venv", lambda: None)
    monkeypatch.setattr(setup, "install", lambda: installed.append(True))
    monkeypatch.setattr(setup, "check_system", lambda *, tests: None)
    setup.make_ready(tests=False)
    assert installed == [True]
    setup.make_ready(tests=False)
    assert installed == [True]
    assert capsys.readouterr().out == ""
    setup.make_ready(tests=True)
    assert installed == [True, True]


@pytest.mark.parametrize(
    "name", ["Makefile", "tools/setup.py", "tools/lock.py", "requirements.lock", ".ci/run"]
)
def test_no_registry_is_named(name: str) -> None:
    """pip's own settings say where packages come from."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--index-url|--extra-index-url|pypi\.", text)
