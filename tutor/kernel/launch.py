"""Starts the kernel process: run as a script by the window, never imported by it.

The folder that holds the package is on `sys.path` only while the package is found, so that the learner's own
modules are looked up as `python FILE` would look them up.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).resolve().parents[2])


def main() -> None:
    sys.path.insert(0, ROOT)
    from tutor.kernel.parent import end_with_parent

    end_with_parent()  # before torch is loaded, which takes seconds
    import tutor.kernel.extension  # noqa: F401

    sys.path.remove(ROOT)
    _without_debugger()
    from ipykernel.kernelapp import IPKernelApp

    app: Any = IPKernelApp.instance(extensions=["tutor.kernel.extension"])
    app.initialize()
    app.start()


def _without_debugger() -> None:
    """ipykernel would load its debugger at every start, half a second of it, for nobody."""
    modules: dict[str, Any] = sys.modules
    modules["debugpy"] = None
    import ipykernel.debugger  # noqa: F401

    del modules["debugpy"]


if __name__ == "__main__":
    main()
