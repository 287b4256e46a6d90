"""The set-up: a fit Python, .venv, the pinned packages, Qt's system libraries; then it runs or tests the program.

`python3 tools/setup.py [setup|run|test|test-all] [ARGUMENTS]`, the same on every system; the Makefile calls it too.
Standard library only, in words that Python 3.7 can read, since an old Python is the one that says that it is too old.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".autograd-tutor-setup"
PURPOSES = ("setup", "run", "test", "test-all")
NEWEST_FIRST = ("3.14", "3.13", "3.12", "3.11")
LEAST = (3, 11)
TORCH_RANGE = ((2, 13), (3, 0))
"""As in pyproject.toml: a torch in here is kept."""

QT_PACKAGES = [
    *("libglib2.0-0", "libgl1", "libegl1", "libx11-6", "libdbus-1-3", "libfontconfig1", "libxkbcommon0"),
    *("libxcb-cursor0", "libxkbcommon-x11-0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-shape0"),
]
TEST_PACKAGES = ["xvfb", "xauth"]

LOAD_QT = """
import ctypes, os, pathlib, sys
import PySide6
from PySide6 import QtCore, QtGui, QtSvg, QtWidgets
if sys.platform == "linux":
    plugins = pathlib.Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms"
    for name in ("libqoffscreen.so", "libqxcb.so") if "WAYLAND_DISPLAY" not in os.environ else ("libqoffscreen.so",):
        ctypes.CDLL(str(plugins / name))
"""


def main(arguments: list[str]) -> int:
    purpose, rest = (arguments[0], arguments[1:]) if arguments else ("run", [])
    if purpose not in PURPOSES:
        stop("usage: setup.py [{}] [ARGUMENTS]".format("|".join(PURPOSES)))
    if sys.version_info < LEAST and not usable_venv():
        return again_with_newer(arguments)
    make_ready(tests=purpose.startswith("test"))
    if purpose == "run":
        return open_window(rest)
    return check(purpose, rest) if purpose != "setup" else 0


def open_window(arguments: list[str]) -> int:
    """In this process's place where the system can do that, so that Ctrl+C reaches the window alone."""
    command = [str(venv_python()), str(ROOT / "main.py"), *arguments]
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


def make_ready(*, tests: bool) -> None:
    make_venv()
    done = fingerprint(tests=tests)
    if not (STAMP.is_file() and STAMP.read_text(encoding="utf-8") == done):
        install()
        check_system(tests=tests)
        STAMP.write_text(done, encoding="utf-8")


def check(purpose: str, arguments: list[str]) -> int:
    """Format, lint, imports, types, then the suite; stops at the first that fails. pytest's closing line is the last."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    tools = str(venv_python().parent)
    os.environ["PATH"] = tools + os.pathsep + os.environ.get("PATH", "")
    if purpose == "test-all":
        os.environ["AUTOGRAD_TUTOR_THOROUGH"] = "yes"
    chosen = arguments or ["-n", "2", *([] if purpose == "test-all" else ["-m", "not slow"])]
    commands = [
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["lint-imports"],
        ["mypy"],
        [str(venv_python()), "-m", "pytest", *chosen],
    ]
    for command in commands:
        say("$ " + " ".join(command))
        status = subprocess.call(command, cwd=str(ROOT))
        if status != 0:
            return status
    return 0


# Python


def again_with_newer(arguments: list[str]) -> int:
    """Starts over with a newer Python of this machine, or says that there is none."""
    for version in NEWEST_FIRST:
        found = shutil.which("python" + version)
        if found and runs(found, "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"):
            return subprocess.call([found, str(Path(__file__)), *arguments])
    here = ".".join(str(part) for part in sys.version_info[:3])
    stop(
        "Autograd Tutor needs Python 3.11 or newer; this is {}, and no newer one was found.".format(here),
        "Get it from python.org, or with your system's packages (Debian, Ubuntu: apt-get install python3.11-venv).",
    )
    return 1


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def usable_venv() -> bool:
    return runs(str(venv_python()), "import sys, pip; sys.exit(sys.version_info < (3, 11))")


def make_venv() -> None:
    if usable_venv():
        return
    if VENV.exists():
        say("The Python in .venv cannot be used any more; making .venv anew.")
    else:
        say("Making .venv with Python {}.".format(sys.version.split()[0]))
    if not runs(sys.executable, "import venv, ensurepip"):
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        get_packages([package], "Python's venv module is missing")
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)]) != 0:
        stop("The environment .venv could not be made; what Python says stands above.")


# packages


def fingerprint(*, tests: bool) -> str:
    """Differs whenever something has to be done: other pins, another Python, tests after only running."""
    digest = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    config = (VENV / "pyvenv.cfg").read_text(encoding="utf-8")
    tested = STAMP.is_file() and STAMP.read_text(encoding="utf-8").endswith("tests")
    return " ".join(
        [digest, hashlib.sha256(config.encode()).hexdigest(), "tests" if tests or tested else "run"]
    )


def install() -> None:
    here = installed()
    keep = here.get("torch", "") if torch_fits(here.get("torch", "")) else ""
    wanted = [pin for pin in pins() if not is_there(pin, here) and not (keep and pin.startswith("torch=="))]
    if not wanted:
        say("All packages are there.")
        return
    say_size(len(wanted), keep=keep, torch=any(pin.startswith("torch==") for pin in wanted))
    chosen = VENV / "requirements.txt"
    chosen.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    pip = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "install"]
    if subprocess.call([*pip, "-r", str(chosen)]) != 0:
        stop(
            "pip could not install the packages; what it says stands above.",
            "Without a network, or behind a proxy, pip's own settings help: pip config, or its PIP_… variables.",
            "Nothing is lost: the same command goes on where it stopped.",
        )
    say("All packages are there.")


def pins() -> list[str]:
    """The lock's lines for this system; what a marker says about Python's version is left to pip."""
    lines = [
        line for line in LOCK.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    return [line for line in lines if "sys_platform" not in line or '"{}"'.format(sys.platform) in line]


def is_there(pin: str, here: dict[str, str]) -> bool:
    name, _equals, version = pin.partition("==")
    return here.get(name, "").split("+")[0] == version.split(";")[0].strip()


def installed() -> dict[str, str]:
    """What is in .venv: names as the lock writes them, and versions."""
    code = "import importlib.metadata as m; print(*(f'{d.name} {d.version}' for d in m.distributions()), sep='\\n')"
    asked = subprocess.run([str(venv_python()), "-c", code], stdout=subprocess.PIPE)
    rows = (line.split() for line in asked.stdout.decode().splitlines())
    return {re.sub(r"[-_.]+", "-", row[0]).lower(): row[1] for row in rows if len(row) == 2}


def torch_fits(version: str) -> bool:
    numbers = tuple(int(part) for part in version.split("+")[0].split(".")[:2] if part.isdigit())
    return TORCH_RANGE[0] <= numbers < TORCH_RANGE[1]


def say_size(count: int, *, keep: str, torch: bool) -> None:
    whole = count > len(pins()) // 2
    say(
        "Downloading and installing {} package(s){}.".format(
            count, ": about 250 MB, 930 MB on the disk" if whole else ""
        )
    )
    if keep:
        say("torch {} is already there and stays.".format(keep))
    if not torch:
        return
    sizes = {"linux": "3 GB, 7 GB on the disk: it brings CUDA", "darwin": "100 MB", "win32": "120 MB"}
    say(
        "torch comes on top: the usual build for this system has about {}.".format(
            sizes.get(sys.platform, "200 MB")
        )
    )
    if sys.platform == "linux":
        say(
            "The build for the CPU alone has 200 MB; pip takes it where its own settings (PIP_EXTRA_INDEX_URL,"
        )
        say("PIP_FIND_LINKS) lead to one, and a torch put into .venv by hand stays.")


# the system


def check_system(*, tests: bool) -> None:
    fault = fault_of_qt()
    if fault:
        get_packages(QT_PACKAGES, "Qt cannot be loaded: " + fault)
        fault = fault_of_qt()
    if fault:
        stop("Qt still cannot be loaded: " + fault)
    if tests and sys.platform == "linux" and not shutil.which("xvfb-run"):
        get_packages(TEST_PACKAGES, "Some tests need a virtual screen (Xvfb)", needed=False)


def fault_of_qt() -> str:
    """Qt really loaded, in a process of its own; the last line of what goes wrong."""
    tried = subprocess.run(
        [str(venv_python()), "-c", LOAD_QT], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = tried.stdout.decode(errors="replace").strip().splitlines()
    return "" if tried.returncode == 0 else (lines or ["it crashed"])[-1]


def get_packages(packages: list[str], why: str, *, needed: bool = True) -> None:
    """Installs Debian packages as root, otherwise names the line that does."""
    if not shutil.which("apt-get"):
        if needed:
            stop(
                why + ".", "Install the library that is named, with your system's packages, and start again."
            )
        return
    line = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if os.name == "posix" and os.geteuid() == 0:
        say(why + "; installing: " + line)
        quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        subprocess.call(["apt-get", "update", "-q"], env=quiet)
        if subprocess.call(line.split(), env=quiet) == 0 or not needed:
            return
        stop("apt-get could not install them; what it says stands above.")
    if needed:
        stop(
            why + ".",
            "On Debian and Ubuntu this line brings what is missing; then start again:",
            "    sudo " + line,
        )
    say(why + "; they are left out. This brings it: sudo " + line)


def runs(python: str, code: str) -> bool:
    try:
        return (
            subprocess.call([python, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
        )
    except OSError:
        return False


def say(text: str) -> None:
    print(text, flush=True)


def stop(*lines: str) -> None:
    sys.exit("\n".join(lines))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
