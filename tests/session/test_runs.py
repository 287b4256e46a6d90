"""What the window learns of runs and of the kernel, in states and in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.session.fake_kernel import Died, FakeKernel
from tutor.protocol import CellText, RunSettings, Step
from tutor.session.message import Message
from tutor.session.runs import Program, Runs, texts
from tutor.source.document import Cell, CellId, Document
from tutor.trace.trace import Trace

PROGRAM = Program((CellText("cell-1", "x = 1"),), None, RunSettings(seed=3))


class Heard:
    """Everything that a Runs told."""

    def __init__(self, runs: Runs) -> None:
        self.messages: list[Message] = []
        self.traces: list[Trace] = []
        self.grew = 0
        runs.told.connect(self.messages.append)
        runs.began.connect(self.traces.append)
        runs.grew.connect(self._on_grew)

    def _on_grew(self) -> None:
        self.grew += 1

    @property
    def text(self) -> str:
        return self.messages[-1].text


@pytest.fixture
def runs(kernel: FakeKernel) -> Runs:
    return Runs(kernel)


def test_a_run_carries_texts_settings_and_its_folder(runs: Runs, kernel: FakeKernel) -> None:
    runs.run(PROGRAM, Path("/home/ana/a.py"))
    command = kernel.ran[0]
    assert command.cells == [CellText("cell-1", "x = 1")]
    assert (command.path, command.directory) == ("/home/ana/a.py", "/home/ana")
    assert command.settings == RunSettings(seed=3)


def test_a_run_before_torch_is_loaded_is_queued_and_says_so(qapp: object) -> None:
    kernel = FakeKernel("starting")
    runs = Runs(kernel)
    heard = Heard(runs)
    runs.run(PROGRAM, None)
    assert runs.status.queued
    assert "torch is loading" in heard.text
    kernel.be_ready(["cpu", "cuda:0"])
    kernel.begin()
    assert not runs.status.queued
    assert heard.text == ""
    assert runs.devices == ("cpu", "cuda:0")


def test_a_queued_run_that_is_stopped_is_announced_no_more(qapp: object) -> None:
    runs = Runs(FakeKernel("starting"))
    heard = Heard(runs)
    runs.run(PROGRAM, None)
    runs.stop()
    assert not runs.status.queued
    assert heard.text == ""


def test_each_run_has_a_trace_of_its_own(runs: Runs, kernel: FakeKernel) -> None:
    heard = Heard(runs)
    for _run in range(2):
        runs.run(PROGRAM, None)
        kernel.begin()
        kernel.send(Step(kind="operation", id=0))
        kernel.end()
    assert [len(trace.steps) for trace in heard.traces] == [1, 1]
    assert heard.traces[0] is not heard.traces[1]
    assert runs.program == PROGRAM
    assert runs.status.outcome == "ok"
    environment = heard.traces[1].environment
    assert environment is not None
    assert environment.seed == 3


@pytest.mark.parametrize(
    ("cause", "detail", "words"),
    [
        ("killed", 9, "killed from outside"),
        ("memory", None, "more memory"),
        ("segfault", None, "segmentation fault"),
        ("exit", 3, "exit status 3"),
        ("stopped", None, "did not react to Stop"),
        ("unknown", None, "ended unexpectedly"),
    ],
)
def test_a_death_is_told_in_plain_words_and_so_is_the_return(
    runs: Runs, kernel: FakeKernel, cause: str, detail: int | None, words: str
) -> None:
    heard = Heard(runs)
    kernel.go("restarting")
    kernel.died.emit(Died(cause, detail))
    assert words in heard.text
    assert "your text is intact" in heard.text
    kernel.be_ready()
    assert words in heard.text
    assert "It is back" in heard.text


def test_after_a_death_the_program_can_be_run_again(runs: Runs, kernel: FakeKernel) -> None:
    heard = Heard(runs)
    runs.run(PROGRAM, Path("/home/ana/a.py"))
    kernel.go("restarting")
    kernel.died.emit(Died("killed"))
    kernel.be_ready()
    action = heard.messages[-1].action
    assert action is not None
    action[1]()
    assert kernel.ran[1].cells == kernel.ran[0].cells
    assert kernel.ran[1].path == "/home/ana/a.py"


def test_stop_exit_and_a_recorder_fault_are_told(runs: Runs, kernel: FakeKernel) -> None:
    heard = Heard(runs)
    runs.run(PROGRAM, None)
    runs.stop()
    kernel.end("interrupted")
    assert kernel.stops == 1
    assert heard.text.startswith("Stopped")
    runs.run(PROGRAM, None)
    kernel.end("exit", status=3)
    assert "sys.exit(3)" in heard.text
    runs.run(PROGRAM, None)
    kernel.end("ok", fault="KeyError: 5")
    assert "KeyError: 5" in heard.text


def test_a_kernel_that_does_not_start_offers_to_try_again(runs: Runs, kernel: FakeKernel) -> None:
    heard = Heard(runs)
    kernel.go("failed")
    action = heard.messages[-1].action
    assert action is not None
    action[1]()
    assert runs.status.phase == "starting"


def test_a_script_is_one_text_and_a_tagged_cell_may_raise() -> None:
    cells = (Cell(CellId("c"), "code", "1/0", {"tags": ["raises-exception"]}),)
    assert texts(Document("script", None, cells), cells)[0].id is None
    assert texts(Document("notebook", None, cells), cells) == (CellText("c", "1/0", may_raise=True),)
