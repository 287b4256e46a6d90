"""Writes requirements.lock: the exact versions in .venv of everything that pyproject.toml asks for, for every system.

`make lock`. What only another system needs is looked up by name with pip.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from itertools import product
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HEAD = """\
# Exact versions of everything, tools included; written by `make lock`, installed by `make setup`.
# torch stands without its hash: an environment that already has one in pyproject's range keeps it.
"""

System = tuple[str, str]


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    roots = [
        Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])
    ]
    needed: dict[str, set[System]] = {}
    versions: dict[str, str] = {}
    for system in product(SYSTEMS, PYTHONS):
        for name, version in _closure(roots, system, versions).items():
            needed.setdefault(name, set()).add(system)
            versions[name] = version
    lines = [_line(name, versions[name], needed[name]) for name in sorted(needed)]
    LOCK.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{LOCK.name}: {len(lines)} packages")


def _closure(roots: list[Requirement], system: System, known: dict[str, str]) -> dict[str, str]:
    """Name to version of all that is needed on a system, by the metadata of what is installed here."""
    found: dict[str, str] = {}
    waiting = [(requirement, "") for requirement in roots]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate(_environment(system, extra)):
            continue
        name = canonicalize_name(requirement.name)
        if name in found and not requirement.extras:
            continue
        found[name], texts = _installed(requirement, system[1], known)
        for wanted in ("", *sorted(requirement.extras)):
            waiting.extend((Requirement(text), wanted) for text in texts)
    return found


def _installed(requirement: Requirement, python: str, known: dict[str, str]) -> tuple[str, list[str]]:
    try:
        here = distribution(requirement.name)
    except PackageNotFoundError:
        name = canonicalize_name(requirement.name)
        return known.get(name) or _newest(requirement, python), []
    return Version(here.version).public, here.requires or []


def _newest(requirement: Requirement, python: str) -> str:
    """The newest version in the range of a package that this system does not need."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--python-version", python, requirement.name]
    asked = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = re.search(r"Available versions: (.+)", asked.stdout)
    fitting = list(requirement.specifier.filter(listed.group(1).split(", "))) if listed else []
    if not fitting:
        raise SystemExit(f"no version of {requirement} was found")
    return max(fitting, key=Version)


def _environment(system: System, extra: str) -> dict[str, str]:
    platform, python = system
    return {
        "extra": extra,
        "sys_platform": platform,
        "platform_system": SYSTEMS[platform],
        "os_name": "nt" if platform == "win32" else "posix",
        "platform_machine": "arm64" if platform == "darwin" else "x86_64",
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def _line(name: str, version: str, systems: set[System]) -> str:
    """A pin, with a marker where not every system needs it."""
    platforms = [one for one in SYSTEMS if any(system[0] == one for system in systems)]
    pythons = [one for one in PYTHONS if any(system[1] == one for system in systems)]
    marks = [
        _any_of("sys_platform", platforms, len(SYSTEMS)),
        _any_of("python_version", pythons, len(PYTHONS)),
    ]
    marker = " and ".join(mark for mark in marks if mark)
    return f"{name}=={version}" + (f" ; {marker}" if marker else "")


def _any_of(variable: str, values: list[str], of: int) -> str:
    if len(values) == of:
        return ""
    text = " or ".join(f'{variable} == "{value}"' for value in values)
    return f"({text})" if len(values) > 1 else text


if __name__ == "__main__":
    main()
