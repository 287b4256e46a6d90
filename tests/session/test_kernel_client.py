"""The kernel client with a real kernel: whatever the program does, Stop works, the window lives, the kernel is back."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from tutor.protocol import (
    CellText,
    Evaluated,
    Event,
    Failure,
    KernelReady,
    Output,
    RunBegan,
    RunCells,
    RunEnded,
    RunId,
    RunSettings,
)
from tutor.session.kernel_client import Completions, KernelClient, KernelDied
from tutor.session.kernel_folder import make_folder

pytestmark = pytest.mark.kernel

SOON = 10.0
"""Seconds. Where nothing else runs, Stop takes less than two; here the processor may be another's."""
STOOD_STILL = 1.0
"""Seconds of its own time that the window may be busy."""

_runs = itertools.count(1)


def _own_time() -> float:
    """Seconds, without those in which this thread was ready to run and other programs had the processor (Linux)."""
    waited = Path("/proc/thread-self/schedstat")
    delay = int(waited.read_text().split()[1]) / 1e9 if waited.exists() else 0.0
    return time.perf_counter() - delay


class Listener:
    """What a client has said, and how long the window was ever busy."""

    def __init__(self, client: KernelClient) -> None:
        self.client = client
        self.ready: list[KernelReady] = []
        self.events: list[Event] = []
        self.ended: list[RunEnded] = []
        self.deaths: list[KernelDied] = []
        self.phases: list[str] = []
        client.ready.connect(self.ready.append)
        client.events.connect(self.events.extend)
        client.run_ended.connect(self.ended.append)
        client.died.connect(self.deaths.append)
        client.phase_changed.connect(self._on_phase)
        self.longest_gap = 0.0
        self._last = _own_time()
        self._ticks = QTimer(client)
        self._ticks.timeout.connect(self._on_tick)
        self._ticks.start(5)

    def _on_phase(self) -> None:
        self.phases.append(self.client.phase)

    def _on_tick(self) -> None:
        now = _own_time()
        self.longest_gap = max(self.longest_gap, now - self._last)
        self._last = now

    def forget(self) -> None:
        for heard in (self.ready, self.events, self.ended, self.deaths, self.phases):
            heard.clear()
        self._last = _own_time()
        self.longest_gap = 0.0

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Output))

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        """Lets Qt's loop run until the condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.client.phase, self.phases, self.ended, self.client.log())
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)

    def until_ready(self) -> None:
        self.until(lambda: self.client.phase == "ready")

    def send(self, *cells: str, device: str = "cpu") -> None:
        self.client.run(command(*cells))

    def run(self, *cells: str) -> RunEnded:
        """Runs the cells to their end."""
        self.forget()
        self.send(*cells)
        self.until(lambda: self.ended)
        return self.ended[0]

    def run_until_printed(self, text: str, cell: str) -> None:
        """Starts a cell and waits until it says that it has come so far."""
        self.forget()
        self.send(cell)
        self.until(lambda: text in self.text)

    def stop(self) -> float:
        """Stops the run; how many seconds it took until it was over."""
        began = time.monotonic()
        self.client.stop()
        self.until(lambda: self.ended)
        return time.monotonic() - began


def command(*cells: str) -> RunCells:
    return RunCells(
        run=RunId(next(_runs)),
        cells=[CellText(f"cell-{number}", text) for number, text in enumerate(cells, 1)],
        path=None,
        directory="/",
        settings=RunSettings(),
    )


@pytest.fixture(autouse=True)
def nothing_stays() -> None:
    """Here one kernel lasts from test to test, and some tests replace it: what stays is looked for at the end."""


@pytest.fixture(scope="module")
def shared(qapp: QApplication) -> Iterator[Listener]:
    """One kernel for the whole module; whoever kills it finds it back."""
    client = KernelClient()
    heard = Listener(client)
    client.start()
    yield heard
    client.shutdown()
    assert psutil.Process().children(recursive=True) == []


@pytest.fixture
def kernel(shared: Listener) -> Iterator[Listener]:
    shared.until_ready()
    shared.forget()
    yield shared
    assert shared.longest_gap < STOOD_STILL, "the window stood still"


@pytest.fixture
def patient(kernel: Listener) -> Iterator[Listener]:
    """Never kills a kernel that is slow to react, however busy the computer is."""
    before, kernel.client.patience = kernel.client.patience, 60_000
    yield kernel
    kernel.client.patience = before


def test_a_run_before_the_kernel_is_ready_waits_for_it(shared: Listener) -> None:
    assert shared.client.phase == "starting"
    shared.send("import torch", "print(torch.ones(2).sum())")
    assert shared.client.queued
    shared.until(lambda: shared.ended)
    assert shared.ready[0].devices[0] == "cpu"
    assert shared.ready[0].pid == shared.client.pid
    assert shared.ended[0].outcome == "ok"
    assert shared.text == "tensor(2.)\n"
    assert shared.phases == ["starting", "ready", "running", "ready"]


def test_a_run_says_where_it_takes_place_first_and_how_it_ended_last(kernel: Listener) -> None:
    ended = kernel.run("1")
    assert isinstance(kernel.events[0], RunBegan)
    assert kernel.events[-1] == ended


def test_what_is_printed_arrives_while_the_program_runs(kernel: Listener) -> None:
    kernel.run_until_printed("early", "print('early')\nwhile True: pass")
    assert kernel.client.phase == "running"
    assert kernel.stop() < SOON


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


def test_what_was_cut_is_counted(kernel: Listener) -> None:
    kernel.run("for i in range(100_000): print(f'{i:09d}')")
    outputs = [event for event in kernel.events if isinstance(event, Output)]
    assert len(kernel.text) + sum(output.cut for output in outputs) == 1_000_000
    assert kernel.text.endswith("000099999\n")


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
    "import signal, time\\n"
    "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
    "print('stubborn', flush=True)\\n"
    "while True: time.sleep(1)"], stdout=subprocess.PIPE, text=True)
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


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux only")
def test_out_of_memory_is_an_error_that_torch_raises(kernel: Listener) -> None:
    """Twice what the address space may hold, whatever else runs on this computer."""
    ended = kernel.run(
        "import resource, torch\nlimit, _ = resource.getrlimit(resource.RLIMIT_AS)\n"
        "kept = [torch.UntypedStorage(limit // 4) for _ in range(8)]"
    )
    assert (ended.outcome, kernel.deaths) == ("error", [])
    (failure,) = (event for event in kernel.events if isinstance(event, Failure))
    assert failure.span is not None and failure.span.line == 3 and "allocate" in failure.message


def test_sys_exit_ends_the_run_with_its_status(kernel: Listener) -> None:
    ended = kernel.run("import sys\nsys.exit(4)", "print('never')")
    assert (ended.outcome, ended.status, kernel.text) == ("exit", 4, "")


def test_output_that_passes_python_by_is_heard_too(kernel: Listener) -> None:
    kernel.run("import os\nprint('one')\nos.system('echo two')\nprint('three')")
    assert kernel.text == "one\ntwo\nthree\n"


def evaluated(kernel: Listener, expression: str) -> Evaluated:
    answers: list[Evaluated] = []
    kernel.client.evaluate(expression, answers.append)
    kernel.until(lambda: answers)
    return answers[0]


def test_an_expression_is_evaluated_over_what_the_run_left(kernel: Listener) -> None:
    kernel.run("import torch\nx = torch.tensor([2.0, float('inf')])")
    assert evaluated(kernel, "x").value == [2.0, "inf"]
    assert evaluated(kernel, "x.shape").value == [2]
    assert evaluated(kernel, "len(x) > 1").value is True
    assert evaluated(kernel, "y").error == "NameError: name 'y' is not defined"


def completed(kernel: Listener, code: str) -> Completions:
    answers: list[Completions] = []
    kernel.client.complete(code, len(code), answers.append)
    kernel.until(lambda: answers)
    return answers[0]


def test_completion_knows_torch_and_the_names_of_the_run(kernel: Listener) -> None:
    kernel.run("import torch\nlearning_rate = 0.1")
    assert "learning_rate" in completed(kernel, "learn").matches
    found = completed(kernel, "torch.nn.Lin")
    assert "torch.nn.Linear" in {"torch.nn.Lin"[: found.start] + match for match in found.matches}
    assert completed(kernel, "%tim").matches == ()


def test_restart_forgets_everything_and_stop_takes_a_waiting_run_back(kernel: Listener) -> None:
    kernel.run("x = 1")
    kernel.forget()
    pid = kernel.client.pid
    kernel.client.restart()
    kernel.send("print('never')")
    kernel.client.stop()
    assert not kernel.client.queued
    kernel.until_ready()
    assert (kernel.text, kernel.ended, kernel.deaths) == ("", [], [])
    assert kernel.client.pid != pid
    assert evaluated(kernel, "x").error == "NameError: name 'x' is not defined"


def test_completion_while_running_answers_at_once_with_nothing(kernel: Listener) -> None:
    kernel.run_until_printed("go", "print('go')\nwhile True: pass")
    assert completed(kernel, "torch.") == Completions((), 6, 6)
    kernel.stop()


# ---------------------------------------------------------------- clients of their own


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
