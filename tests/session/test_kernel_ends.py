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
import socket
import sys
from PySide6.QtCore import QCoreApplication
from tutor.protocol import *
from tutor.session.kernel_client import KernelClient
app = QCoreApplication([])
client = KernelClient()
client.start()
door = socket.create_server(("127.0.0.1", 0))
program = f"import socket\\nsocket.create_connection({door.getsockname()}).recv(1)\\nsum(range(10**11))"
client.run(RunCells(run=RunId(1), cells=[CellText("c", program)], path=None, directory="/", settings=RunSettings()))
if sys.argv[1] == "loading":
    print(client.pid, flush=True)

def on_events(_events):
    door.accept()[0].send(b"!")
    print(client.pid, flush=True)

client.events.connect(on_events)
app.exec()
"""
"""Its program goes on only once the window has heard of it, into a call that lets nothing else in its process run."""


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
