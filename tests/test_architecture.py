"""The rules about who imports whom, and about the shape of a file, hold for the tree as it is."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "tutor").rglob("*.py"))
CODE = [*MODULES, *sorted((ROOT / "tools").glob("*.py")), ROOT / "main.py"]
LONGEST_FILE = 400
SAYING_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _fresh(code: str) -> str:
    """What a new process prints after this code."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_contracts_of_import_linter_hold() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml")) == 0


def test_the_windows_process_knows_no_torch() -> None:
    code = "import sys, tutor.app, tutor.cli; print(sorted(m for m in sys.modules if m.split('.')[0] == 'torch')[:5])"
    assert _fresh(code) == "[]"


@pytest.mark.kernel
def test_the_kernels_process_knows_no_qt() -> None:
    names = [f"tutor.kernel.{path.stem}" for path in sorted((ROOT / "tutor" / "kernel").glob("*.py"))]
    imports = "; ".join(f"import {name.removesuffix('.__init__')}" for name in names)
    qt = "('PySide6', 'shiboken6', 'pyqtgraph', 'qtconsole', 'qtpy')"
    assert (
        _fresh(f"import sys; {imports}; print([m for m in sys.modules if m.split('.')[0] in {qt}][:5])")
        == "[]"
    )


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_a_module_says_in_one_to_six_lines_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        return
    said = ast.get_docstring(ast.parse(text))
    assert said, f"{_name(path)} does not open with what it is and where it stands"
    assert len(said.splitlines()) <= 6 or path.parent.name == "tools"


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_a_files_name_tells_its_job(path: Path) -> None:
    assert path.stem not in SAYING_NOTHING


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_except_hides_what_went_wrong(path: Path) -> None:
    """Neither a bare `except:` nor an `except Exception:` that does nothing."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            broad = isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            idle = all(isinstance(line, ast.Pass) for line in node.body)
            assert node.type is not None and not (broad and idle), f"{_name(path)}:{node.lineno}"
