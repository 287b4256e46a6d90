"""Stop works whatever the program does, and the window lives meanwhile."""

from __future__ import annotations

import psutil
import pytest

from tests.session.listener import SOON, Listener
from tutor.session.kernel_client import KernelDied

pytestmark = pytest.mark.kernel


def test_an_endless_loop_stops_and_the_kernel_stays(patient: Listener) -> None:
    pid = patient.client.pid
    patient.run_until_printed("go", "print('go')\nwhile True: pass")
    assert patient.stop() < SOON
    assert patient.ended[0].outcome == "interrupted"
    assert (patient.client.pid, patient.deaths) == (pid, [])


def test_a_flood_of_output_stops_and_says_how_much_was_cut(patient: Listener) -> None:
    patient.run_until_printed("1", "while True: print(1)")
    assert patient.stop() < SOON
    assert patient.deaths == []
    assert len(patient.text) < 1_000_000


def test_a_swallowed_interrupt_ends_with_the_process(kernel: Listener) -> None:
    pid = kernel.client.pid
    kernel.run_until_printed(
        "go",
        "begun = False\nwhile True:\n    try:\n        begun = begun or not print('go')\n"
        "        while True:\n            sum(range(1000))\n"  # the jump back, too, lies inside the try
        "    except BaseException: pass",
    )
    assert kernel.stop() < SOON
    assert kernel.ended[0].outcome == "interrupted"
    assert kernel.deaths == [KernelDied("stopped")]
    kernel.until_ready()
    assert kernel.client.pid != pid
    assert kernel.run("1").outcome == "ok"


def test_a_long_call_into_torch_ends_with_the_process(kernel: Listener) -> None:
    kernel.run_until_printed(
        "go", "import torch\na = torch.rand(4000, 4000)\nprint('go')\ntorch.linalg.svd(a @ a)"
    )
    assert kernel.stop() < SOON
    kernel.until_ready()


STUBBORN = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c",
    "import signal, threading\\n"
    "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
    "print('stubborn', flush=True)\\n"
    "threading.Event().wait()"], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print("child", child.pid)
child.wait()
"""


def is_dead(process: psutil.Process) -> bool:
    """Also one that its parent has not yet asked about."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_stubborn_child_process_ends_with_the_run(kernel: Listener) -> None:
    kernel.run_until_printed("child", STUBBORN)
    child = psutil.Process(int(kernel.text.split()[-1]))
    assert kernel.stop() < SOON
    kernel.until(lambda: is_dead(child))


def test_run_while_running_stops_and_starts_again(patient: Listener) -> None:
    patient.run_until_printed("first", "print('first')\nwhile True: pass")
    patient.send("print('second')")
    patient.until(lambda: len(patient.ended) == 2)
    assert [ended.outcome for ended in patient.ended] == ["interrupted", "ok"]
    assert patient.text == "first\nsecond\n"


def test_stop_right_after_run_reaches_the_run(patient: Listener) -> None:
    pid = patient.client.pid
    patient.send("while True: pass")
    assert patient.stop() < SOON
    assert (patient.ended[0].outcome, patient.client.pid, patient.deaths) == ("interrupted", pid, [])
