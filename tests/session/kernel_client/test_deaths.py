"""A kernel that died: its cause is told, and it is back."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.session.listener import SOON, Listener
from tutor.protocol import Failure
from tutor.session.kernel_client import KernelDied

pytestmark = pytest.mark.kernel


def test_killed_from_outside_it_is_back_by_itself(kernel: Listener) -> None:
    kernel.run_until_printed("go", "print('go')\nwhile True: pass")
    pid = kernel.client.pid
    assert pid is not None
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    kernel.until(lambda: kernel.deaths)
    assert time.monotonic() - began < SOON
    assert kernel.deaths == [KernelDied("killed", "SIGKILL")]
    assert kernel.ended[0].outcome == "interrupted"
    kernel.until_ready()
    kernel.forget()
    kernel.send("while True: pass")  # it may still be loading what a first backward needs
    assert kernel.stop() < SOON
    assert kernel.deaths in ([], [KernelDied("stopped")])
    kernel.until_ready()
    assert kernel.run("print('back')").outcome == "ok"
    assert kernel.text == "back\n"


def test_a_segmentation_fault_names_the_line(kernel: Listener) -> None:
    kernel.run("import ctypes\nprint('before')\nctypes.string_at(0)")
    assert kernel.text == "before\n"
    kernel.until(lambda: kernel.deaths)
    assert kernel.deaths == [KernelDied("segfault", "SIGSEGV", file="<cell-1>", line=3)]
    (failure,) = (event for event in kernel.events if isinstance(event, Failure))
    assert (failure.type, failure.step) == ("SIGSEGV", 1)
    assert failure.span is not None and failure.span.line == 3


def test_a_hard_exit_tells_its_status(kernel: Listener) -> None:
    kernel.run("import os\nos._exit(3)")
    kernel.until(lambda: kernel.deaths)
    assert kernel.deaths == [KernelDied("exit", 3)]
