"""A kernel ends with its window, and is given up where it cannot start."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QApplication

from tests.session.listener import Listener, command
from tutor.session.kernel_client import KernelClient, KernelDied
from tutor.session.kernel_folder import make_folder

pytestmark = pytest.mark.kernel


def test_after_shutdown_nothing_is_left(qapp: QApplication) -> None:
    client = KernelClient()
    heard = Listener(client)
    client.start()
    pid = client.pid
    assert pid is not None
    client.shutdown()
    assert not psutil.pid_exists(pid)
    assert heard.deaths == []
    client.shutdown()


def test_a_kernel_that_cannot_start_is_given_up(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    client = KernelClient()
    heard = Listener(client)
    client.start()
    heard.until(lambda: client.phase == "failed")
    assert heard.deaths == [KernelDied("exit", 1)] * 3
    monkeypatch.undo()
    client.run(command("1"))
    assert (client.phase, client.queued) == ("restarting", True)
    client.shutdown()


WINDOW = """
import sys
from PySide6.QtCore import QCoreApplication
from tutor.protocol import *
from tutor.session.kernel_client import KernelClient
app = QCoreApplication([])
client = KernelClient()
client.start()
client.run(RunCells(run=RunId(1), cells=[CellText("c", "import time\\ntime.sleep(0.5)\\nsum(range(10**11))")], path=None,
                    directory="/", settings=RunSettings()))
if sys.argv[1] == "loading":
    print(client.pid, flush=True)
client.events.connect(lambda events: print(client.pid, flush=True))
app.exec()
"""


def test_the_files_of_a_window_that_was_killed_are_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    left = tmp_path / f"autograd-tutor-kernel-{gone.pid}-abc"
    left.mkdir()
    ours, another = make_folder(), make_folder()
    assert sorted(tmp_path.iterdir()) == sorted([ours, another])


@pytest.mark.parametrize("kernel_is", ["loading", "running"])
def test_no_kernel_outlives_a_window_that_was_killed(kernel_is: str) -> None:
    window = subprocess.Popen(
        [sys.executable, "-c", WINDOW, kernel_is],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert window.stdout is not None
    try:
        kernel = psutil.Process(int(window.stdout.readline()))
    finally:
        window.kill()
        window.communicate()
    gone, _alive = psutil.wait_procs([kernel], timeout=30)
    assert gone == [kernel]
