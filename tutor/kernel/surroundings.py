"""What a run finds around it: no keyboard, Jupyter's `display`, warnings that are recorded, and no event loop of ours."""

from __future__ import annotations

import asyncio
import builtins
import getpass
import pdb
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol, TextIO

from tutor.kernel.display import Shown, shown
from tutor.kernel.refused import NoInput, refuse_input


class WarningRecorder(Protocol):
    def warned(self, category: str, message: str, filename: str, line: int) -> None: ...


@contextmanager
def surroundings(recorder: WarningRecorder, display: Callable[[Shown], None]) -> Iterator[None]:
    """Everything around one run; all of it is as before afterwards."""
    with ExitStack() as stack:
        stack.enter_context(_no_keyboard())
        stack.enter_context(_exits())
        stack.enter_context(_display(display))
        stack.enter_context(_warnings(recorder))
        stack.enter_context(_no_event_loop())
        yield


@contextmanager
def _no_keyboard() -> Iterator[None]:
    """Nothing in a run can wait for a person to type."""
    asking: tuple[tuple[Any, str], ...] = (
        (builtins, "input"),
        (getpass, "getpass"),
        (sys, "breakpointhook"),
        (pdb, "set_trace"),
        (pdb, "post_mortem"),
        (pdb, "pm"),
    )
    before = [(module, name, getattr(module, name)) for module, name in asking]
    for module, name in asking:
        setattr(module, name, refuse_input)
    stdin, sys.stdin = sys.stdin, NoInput()
    try:
        yield
    finally:
        sys.stdin = stdin
        for module, name, function in before:
            setattr(module, name, function)


@contextmanager
def _exits() -> Iterator[None]:
    """`exit` and `quit`, which IPython takes away."""
    builtin: Any = builtins
    before = {name: getattr(builtin, name) for name in ("exit", "quit") if hasattr(builtin, name)}
    builtin.exit = builtin.quit = sys.exit
    try:
        yield
    finally:
        del builtin.exit, builtin.quit
        for name, function in before.items():
            setattr(builtin, name, function)


@contextmanager
def _display(display: Callable[[Shown], None]) -> Iterator[None]:
    def display_all(*values: object, **_options: object) -> None:
        """Shows the values as a cell's last expression is shown."""
        for value in values:
            display(shown(value))

    builtin: Any = builtins
    before = getattr(builtin, "display", None)
    builtin.display = display_all
    try:
        yield
    finally:
        if before is None:
            del builtin.display
        else:
            builtin.display = before


@contextmanager
def _warnings(recorder: WarningRecorder) -> Iterator[None]:
    """A warning is printed as Python prints it, and recorded with the line it is about."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        (file or sys.stderr).write(text)
        if file is None:
            recorder.warned(category.__name__, str(message), filename, lineno)

    before = warnings.showwarning
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


@contextmanager
def _no_event_loop() -> Iterator[None]:
    """ipykernel's loop runs in this thread; `asyncio.run` in the learner's code must not see it."""
    events: Any = asyncio.events
    running = events._get_running_loop()
    events._set_running_loop(None)
    try:
        yield
    finally:
        events._set_running_loop(running)
        if running is not None:
            asyncio.set_event_loop(running)


def join_threads(before: frozenset[threading.Thread]) -> None:
    """Waits for the threads a script has started, as Python does before it ends."""
    for thread in threading.enumerate():
        if thread not in before and not thread.daemon:
            thread.join()
