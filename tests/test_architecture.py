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


def test_every_module_says_what_it_is() -> None:
    def said(path: Path) -> str:
        return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""

    filled = [path for path in CODE if path.read_text(encoding="utf-8").strip()]
    assert [_name(path) for path in filled if not 1 <= len(said(path).splitlines()) <= 6] == []


def test_every_file_can_be_read_in_one_sitting() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_files_name_tells_its_job() -> None:
    assert [_name(path) for path in CODE if path.stem in SAYING_NOTHING] == []


def test_no_except_hides_what_went_wrong() -> None:
    """Neither a bare `except:` nor an `except Exception:` that does nothing."""
    faults = [
        f"{_name(path)}:{node.lineno}"
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and _hides(node)
    ]
    assert faults == []


def _hides(handler: ast.ExceptHandler) -> bool:
    broad = isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    return handler.type is None or (broad and all(isinstance(line, ast.Pass) for line in handler.body))
