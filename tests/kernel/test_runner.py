"""The runner: a document runs as `python FILE` would run it, each run as if it were the first."""

from __future__ import annotations

import sys

import pytest
import torch

from tests.kernel.conftest import Bench
from tutor.protocol import (
    CellText,
    Environment,
    RunBegan,
    RunEnded,
    RunId,
    Warned,
)

pytestmark = pytest.mark.kernel


def test_a_run_begins_with_where_it_takes_place(bench: Bench) -> None:
    bench.run("1", seed=5)
    assert bench.events[0] == RunBegan(
        run=RunId(7),
        environment=Environment(
            torch=str(torch.__version__), python=sys.version.split()[0], device="cpu", seed=5
        ),
    )
    assert bench.events[-1] == RunEnded(run=RunId(7), outcome="ok")


def test_every_run_begins_with_an_empty_namespace(bench: Bench) -> None:
    bench.run("x = 1")
    assert bench.run("x").outcome == "error"
    assert bench.failure.message == "name 'x' is not defined"


def test_cells_run_in_order_in_one_namespace(bench: Bench) -> None:
    assert bench.run("x = 1", "x += 1", "print(x)").outcome == "ok"
    assert bench.text() == "2\n"


def test_a_script_runs_as_python_would_run_it(bench: Bench) -> None:
    path = str(bench.folder / "program.py")
    bench.run(
        "import os, sys\nprint(__name__)\nprint(__file__)\nprint(sys.argv)\nprint(os.getcwd())\nprint(sys.path[0])",
        path=path,
        arguments=("--lr", "0.1"),
    )
    folder = str(bench.folder)
    assert bench.text().splitlines() == ["__main__", path, str([path, "--lr", "0.1"]), folder, folder]


def test_modules_of_the_folder_are_imported_afresh(bench: Bench) -> None:
    module = bench.folder / "model_of_mine.py"
    module.write_text("width = 1\n")
    bench.run("import model_of_mine\nprint(model_of_mine.width)\nmodel_of_mine.width = 50")
    assert bench.text() == "1\n"
    module.write_text("width = 22\n")
    bench.run("import model_of_mine\nprint(model_of_mine.width)")
    assert bench.text() == "22\n"


def test_classes_of_the_program_can_be_pickled(bench: Bench) -> None:
    bench.run("import pickle\nclass Own: pass\nprint(type(pickle.loads(pickle.dumps(Own()))).__name__)")
    assert bench.text() == "Own\n"


def test_the_source_of_a_cell_can_be_read_by_inspect(bench: Bench) -> None:
    bench.run("def f():\n    return 1\n", "import inspect\nprint(inspect.getsource(f))")
    assert bench.text() == "def f():\n    return 1\n\n"


# ---------------------------------------------------------------- how it ends


def test_an_exception_ends_the_run_with_the_learners_own_frames(bench: Bench) -> None:
    ended = bench.run("import torch\ndef f(x):\n    return x @ torch.ones(3)\n", "f(torch.ones(2, 2))", "1")
    assert ended.outcome == "error"
    assert [(frame.function, frame.line, frame.text) for frame in bench.failure.frames] == [
        ("<module>", 1, "f(torch.ones(2, 2))"),
        ("f", 3, "return x @ torch.ones(3)"),
    ]
    assert bench.failure.type == "RuntimeError"


def test_a_cell_that_may_raise_does_not_end_the_run(bench: Bench) -> None:
    assert bench.run(CellText("a", "1 / 0", may_raise=True), "print('on')").outcome == "ok"
    assert bench.failure.type == "ZeroDivisionError"
    assert bench.text() == "on\n"


@pytest.mark.parametrize(
    ("leaving", "status", "printed"),
    [
        ("sys.exit()", None, ""),
        ("sys.exit(3)", 3, ""),
        ("exit(3)", 3, ""),
        ("quit()", None, ""),
        ("sys.exit(True)", 1, ""),
        ("sys.exit(2**70)", -1, ""),
        ("sys.exit('no data')", "no data", "no data\n"),
        (r"sys.exit('half \ud800')", r"half \ud800", "half \\ud800\n"),
    ],
)
def test_sys_exit_ends_the_run_with_its_status(
    bench: Bench, leaving: str, status: str | int | None, printed: str
) -> None:
    ended = bench.run(f"import sys\n{leaving}", "print('never')")
    assert (ended.outcome, ended.status) == ("exit", status)
    assert bench.text("stdout", "stderr") == printed


def test_an_interrupt_ends_the_run_where_it_is(bench: Bench) -> None:
    ended = bench.run(
        "import os, signal\nprint(1)\nos.kill(os.getpid(), signal.SIGINT)\nprint(2)", "print(3)"
    )
    assert ended.outcome == "interrupted"
    assert bench.text() == "1\n"


def test_a_fault_of_our_own_still_ends_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutor.kernel.runner.limit_memory", lambda: 1 / 0)
    ended = bench.run("1")
    assert ended.outcome == "error"
    assert ended.recorder_fault is not None and "ZeroDivisionError" in ended.recorder_fault
    assert bench.events[-1] == ended


def test_a_script_waits_for_its_threads(bench: Bench) -> None:
    bench.run(
        "import threading, time\nthreading.Timer(0.05, print, ['late']).start()",
        path=str(bench.folder / "p.py"),
    )
    assert bench.text() == "late\n"


def test_a_script_says_its_farewells_at_its_end(bench: Bench) -> None:
    bench.run(
        "import atexit\nprint('work')\natexit.register(print, 'last')\n"
        "@atexit.register\ndef fails(): 1 / 0\natexit.register(print, 'first')\nexit(2)",
        path=str(bench.folder / "p.py"),
    )
    assert bench.text() == "work\nfirst\nlast\n"
    assert bench.text("stderr").startswith(
        f'Traceback (most recent call last):\n  File "{bench.folder / "p.py"}", line 5, in fails\n'
    )
    bench.run("print('other')", path=str(bench.folder / "p.py"))
    assert bench.text() == "other\n"


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "text",
    [
        "input()",
        "import sys; sys.stdin.readline()",
        "import getpass; getpass.getpass()",
        "breakpoint()",
        "import pdb; pdb.set_trace()",
        "import sys; sys.stdin.buffer.read()",
    ],
)
def test_input_is_refused_and_never_waits(bench: Bench, text: str) -> None:
    assert bench.run(text).outcome == "error"
    assert bench.failure.type == "InputRefusedError"
    assert bench.failure.span is not None and bench.failure.span.line == 1


@pytest.mark.parametrize(
    "text", ["%matplotlib inline", "!pip install torch", "%%time", "torch.nn?", "x = !ls"]
)
def test_ipythons_commands_are_refused_at_their_line(bench: Bench, text: str) -> None:
    assert bench.run(f"a = 1\n{text}\n").outcome == "error"
    assert bench.failure.type == "MagicRefusedError"
    assert bench.failure.message.startswith(f"{text}: ")
    assert bench.failure.span is not None and bench.failure.span.line == 2


@pytest.mark.parametrize("text", ["x = 5 % % 2", "if x\n    y", "f(", "a != = 2"])
def test_other_faults_of_syntax_stay_what_they_are(bench: Bench, text: str) -> None:
    bench.run(text)
    assert bench.failure.type == "SyntaxError"


# ---------------------------------------------------------------- as if it were the first


def test_the_same_seed_gives_the_same_numbers(bench: Bench) -> None:
    text = "import random, numpy, torch\nprint(random.random(), numpy.random.rand(), torch.rand(1).item())"
    bench.run(text, seed=3)
    first = bench.text()
    bench.run(text, seed=3)
    assert bench.text() == first
    bench.run(text, seed=4)
    assert bench.text() != first


CHANGES = """
import gc, os, sys, warnings, torch, numpy
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.autograd.set_detect_anomaly(True)
torch.set_printoptions(precision=1)
numpy.set_printoptions(precision=1)
torch.set_num_threads(1)
warnings.simplefilter("ignore")
sys.setrecursionlimit(5000)
gc.disable()
os.environ["CHANGED"] = "1"
os.chdir("/")
sys.path.append("/nowhere")
"""
STATE = """
import gc, os, sys, warnings, torch, numpy
print(torch.get_default_dtype(), torch.is_grad_enabled(), torch.is_anomaly_enabled(), torch.tensor(1 / 3),
      numpy.array(1 / 3), torch.get_num_threads(), len(warnings.filters), sys.getrecursionlimit(), gc.isenabled(),
      os.environ.get("CHANGED"), os.getcwd(), sys.path)
"""


def test_what_a_run_changed_is_put_back(bench: Bench) -> None:
    bench.run(STATE)
    first = bench.text()
    assert bench.run(CHANGES).outcome == "ok"
    bench.run(STATE)
    assert bench.text() == first


def test_an_inference_mode_that_was_left_open_is_closed(bench: Bench) -> None:
    bench.run("import torch\nkept = torch.inference_mode()\nkept.__enter__()")
    bench.run(
        "import torch\nprint(torch.is_inference_mode_enabled(), torch.ones(1, requires_grad=True).is_leaf)"
    )
    assert bench.text() == "False True\n"


def test_a_warning_is_printed_with_its_line_and_recorded_in_every_run(bench: Bench) -> None:
    for _run in range(2):
        bench.run("import warnings\nfor _ in range(3):\n    warnings.warn('old ways')")
        assert bench.text("stderr") == "<cell-1>:3: UserWarning: old ways\n  warnings.warn('old ways')\n"
        (warned,) = (event for event in bench.events if isinstance(event, Warned))
        assert (warned.category, warned.message) == ("UserWarning", "old ways")
        assert warned.span is not None and warned.span.line == 3


def test_the_same_text_gives_the_same_events(bench: Bench) -> None:
    text = "import torch\nw = torch.randn(3, requires_grad=True)\n(w * w).sum().backward()\nprint(w.grad)\nw"
    bench.run(text)
    first = list(bench.events)
    bench.run(text)
    assert bench.events == first


def test_asyncio_run_works_although_the_kernel_has_a_loop_of_its_own(bench: Bench) -> None:
    import asyncio

    async def kernel() -> None:
        bench.run("import asyncio\nasync def f():\n    return 5\nprint(asyncio.run(f()))")
        await asyncio.sleep(0)

    asyncio.run(kernel())
    assert bench.text() == "5\n"
