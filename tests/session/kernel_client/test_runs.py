"""The kernel client with a real kernel: what a run says, and what may be asked of what it left."""

from __future__ import annotations

import sys

import pytest

from tests.session.listener import SOON, Listener
from tutor.protocol import Evaluated, Failure, Output, RunBegan
from tutor.session.kernel_client import Completions

pytestmark = pytest.mark.kernel


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


def test_what_was_cut_is_counted(kernel: Listener) -> None:
    kernel.run("for i in range(100_000): print(f'{i:09d}')")
    outputs = [event for event in kernel.events if isinstance(event, Output)]
    assert len(kernel.text) + sum(output.cut for output in outputs) == 1_000_000
    assert kernel.text.endswith("000099999\n")


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
