"""The command line: `trace` runs a program without a window and leaves a whole trace file, whatever the program does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest

from tutor.cli import main
from tutor.process_tree import kill_tree
from tutor.trace.file import read_trace

MAIN = Path(__file__).parents[1] / "main.py"
PROGRAM = """\
import sys
import torch
a = torch.tensor([2., 3.], requires_grad=True)
(3 * a**3).sum().backward()
print(a.grad)
print("arguments", sys.argv[1:])
print("to stderr", file=sys.stderr)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder; programs and traces are named relative to it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    return tmp_path


def traced(program: str, *options: str) -> Mapping[str, Any]:
    """Writes a program, traces it and reads the file."""
    Path("program.py").write_text(program)
    assert main(["trace", "program.py", "-o", "out.json", *options]) == 0
    read_trace(Path("out.json"))
    content: Mapping[str, Any] = json.loads(Path("out.json").read_text())
    return content


@pytest.mark.kernel
def test_a_program_runs_is_shown_and_leaves_its_trace(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trace = traced(PROGRAM, "--seed", "5", "--", "--epochs", "2")
    printed = capfd.readouterr()
    assert printed.out == "tensor([36., 81.])\narguments ['--epochs', '2']\n"
    assert printed.err.splitlines() == ["to stderr", "Trace written to out.json."]
    assert (trace["format"], trace["version"], trace["error"]) == ("autograd-tutor-trace", 1, None)
    assert trace["output"] == printed.out
    assert trace["stderr"] == "to stderr\n"
    assert trace["environment"]["seed"] == 5
    assert trace["sources"] == [{"id": 0, "path": "program.py", "cell": None, "text": PROGRAM}]
    assert trace["backwards"][0]["accumulations"][0]["after"] == [36.0, 81.0]


@pytest.mark.kernel
def test_what_led_to_an_exception_is_shown_and_told_without_the_folder(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    raising = "    raise ValueError('no such layer') from fault\n"
    trace = traced("try:\n    {}['w']\nexcept KeyError as fault:\n" + raising)
    assert capfd.readouterr().err.splitlines() == [
        "Traceback (most recent call last):",
        '  File "program.py", line 2, in <module>',
        "    {}['w']",
        "KeyError: 'w'",
        "The exception above is the cause of this one:",
        "Traceback (most recent call last):",
        '  File "program.py", line 4, in <module>',
        "    raise ValueError('no such layer') from fault",
        "ValueError: no such layer",
        "Trace written to out.json.",
    ]
    assert str(folder) not in json.dumps(trace)


@pytest.mark.kernel
def test_the_same_program_gives_the_same_bytes(folder: Path) -> None:
    traced(
        "import torch\nw = torch.randn(3, requires_grad=True)\n(w * w).sum().backward()\nprint({'a', 'b', 'c'})"
    )
    first = Path("out.json").read_bytes()
    assert main(["trace", "program.py", "-o", "out.json"]) == 0
    assert Path("out.json").read_bytes() == first


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("ending", "kind", "line"),
    [
        ("1 / 0", "ZeroDivisionError", 3),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV", 3),
        ("import os; os._exit(3)", "ProcessExit", None),
        (
            "import os, threading; threading.Timer(0.3, os.kill, (os.getpid(), 9)).start()\n"
            "x = torch.ones(2, requires_grad=True)\nwhile True: (x * x).sum().backward()",
            "SIGKILL",
            None,
        ),
    ],
)
def test_whatever_ends_the_program_the_file_tells_it(
    folder: Path, ending: str, kind: str, line: int | None
) -> None:
    trace = traced(f"import torch\nprint(torch.ones(1) + 1)\n{ending}\nprint('never')")
    assert trace["output"] == "tensor([2.])\n"
    assert trace["error"]["type"] == kind
    assert (trace["error"]["span"] or {"line": None})["line"] == line
    assert trace["steps"][-1]["kind"] == "error"
    assert trace["operations"]


@pytest.mark.kernel
def test_after_the_timeout_the_program_ends_with_all_that_it_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the clock's first reading and the program's loop no time passes; then the four seconds, and no more."""
    readings, looping = count(), folder / "looping"
    clock = lambda: 4.5 if next(readings) and looping.exists() else 0.0  # noqa: E731
    monkeypatch.setattr("tutor.recorded_run.monotonic", clock)
    trace = traced(
        "import subprocess, sys; file = None\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
        "print(child.pid, flush=True)\n"
        "while True: file = file or open('looping', 'w')\n",
        "--timeout",
        "4",
    )
    assert (trace["error"]["type"], trace["error"]["span"]["line"]) == ("TimeoutError", 4)
    with suppress(psutil.NoSuchProcess):
        child = psutil.Process(int(trace["output"]))
        try:
            child.wait(60)
        finally:
            child.kill()


PATIENT = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import tutor.recorded_run
tutor.recorded_run.PATIENCE = 60.0
from tutor.cli import main
sys.exit(main())
"""
"""The program's door, for one that an interrupt ends, however busy the computer is and
whatever the terminal of the tests lets through."""


@contextmanager
def tracing(**options: Any) -> Iterator[subprocess.Popen[str]]:
    """A terminal's `trace program.py`, once the program has said that it has begun."""
    with subprocess.Popen(
        [sys.executable, "-c", PATIENT, "trace", "program.py", "-o", "out.json"],
        env={**os.environ, "PYTHONPATH": str(MAIN.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n", process.communicate()
            yield process
        finally:
            kill_tree(process.pid)


@pytest.mark.kernel
def test_ctrl_c_ends_the_program_and_writes_what_it_did(folder: Path) -> None:
    program = "begun = False\nwhile True: begun = begun or not print('begun', flush=True)\n"
    (folder / "program.py").write_text(program)
    with tracing() as process:
        os.kill(process.pid, signal.SIGINT)
        errors = process.communicate()[1]
    assert process.returncode == 130
    assert 'File "program.py", line 2' in errors
    error = read_trace(folder / "out.json").error
    assert error is not None and error.type == "KeyboardInterrupt"


@pytest.mark.kernel
def test_a_request_to_end_leaves_a_sound_file(folder: Path) -> None:
    """The whole group hears it, as when a terminal or a batch system ends a job."""
    (folder / "program.py").write_text(
        "import torch\nx = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()\n"
        "print('begun', flush=True)\nwhile True: (x * x).sum().backward()\n"
    )
    with tracing(start_new_session=True) as process:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143
    trace = read_trace(folder / "out.json")
    assert trace.error is not None and trace.error.type == "KeyboardInterrupt"
    assert trace.backwards


@pytest.mark.kernel
def test_a_program_that_goes_on_ends_at_the_second_request(folder: Path) -> None:
    (folder / "program.py").write_text(
        "import torch\nx = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()\nbegun = False\n"
        "while True:\n    try:\n        begun = begun or not print('begun', flush=True)\n"
        "        while True:\n            sum(range(1000))\n"  # the jump back, too, lies inside the try
        "    except KeyboardInterrupt: print('and on', flush=True)\n"
    )
    with tracing(start_new_session=True) as process:
        assert process.stdout is not None
        os.killpg(process.pid, signal.SIGTERM)
        assert process.stdout.readline() == "and on\n"
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143
    trace = read_trace(folder / "out.json")
    assert trace.error is not None and trace.error.type == "KeyboardInterrupt"
    assert len(trace.backwards) == 1


@pytest.mark.kernel
def test_readers_that_go_away_do_no_harm(folder: Path) -> None:
    """As in `trace program.py 2>&1 | head -1`."""
    (folder / "program.py").write_text("for i in range(3000): print(i, 'x' * 40)\n")
    command = [sys.executable, str(MAIN), "trace", "program.py", "-o", "out.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
    assert process.returncode == 0
    assert read_trace(folder / "out.json").output.count("\n") == 3000


@pytest.mark.kernel
def test_the_programs_own_modules_are_in_the_file_by_their_names(folder: Path) -> None:
    (folder / "parts").mkdir()
    (folder / "parts" / "layers.py").write_text("def double(x):\n    return x * 2\n")
    trace = traced(
        "import torch\nfrom parts.layers import double\ny = double(torch.ones(2))\nimport sys; sys.exit('done')"
    )
    assert [source["path"] for source in trace["sources"]] == ["program.py", "parts/layers.py"]
    assert trace["operations"][1]["span"] == {"source": 1, "line": 2, "end_line": 2, "col": 11, "end_col": 16}
    assert (trace["error"], trace["stderr"]) == (None, "done\n")
    assert str(folder) not in json.dumps(trace)


NOTEBOOK = """\
---
kernelspec:
  name: python3
---

```{code-cell} ipython3
x = 2
x
```

```{code-cell} ipython3
:tags: [raises-exception]
1 / 0
```

```{code-cell} ipython3
:tags: [solution]
print("solved")
```

```{code-cell} ipython3
x + 1
```
"""


@pytest.mark.kernel
def test_cells_run_in_order_and_solutions_do_not(folder: Path) -> None:
    (folder / "lesson.md").write_text(NOTEBOOK)
    assert main(["trace", "lesson.md"]) == 0
    trace = read_trace(folder / "lesson.trace.json")
    assert trace.output == "2\n3\n"
    assert [source.cell for source in trace.sources] == ["cell-1", "cell-2", "cell-4"]


@pytest.mark.kernel
def test_a_device_that_does_not_exist_is_told(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "program.py").write_text("print('ran')")
    assert main(["trace", "program.py", "-o", "out.json", "--device", "abacus"]) == 1
    printed = capfd.readouterr()
    assert "abacus" in printed.err
    assert (printed.out, (folder / "out.json").exists()) == ("", False)


def refused(*arguments: str) -> int:
    """The exit status; also argparse's own."""
    try:
        return main(["trace", *arguments])
    except SystemExit as leaving:
        assert isinstance(leaving.code, int)
        return leaving.code


def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused("nothing.py", "-o", "out.json") == 2
    assert capsys.readouterr().err == "nothing.py: there is no such file; check the name and the folder\n"
    (folder / "broken.ipynb").write_text('{"cells": [\n')
    assert refused("broken.ipynb", "-o", "out.json") == 2
    assert capsys.readouterr().err.startswith("broken.ipynb:2: this is not JSON")
    assert not (folder / "out.json").exists()


def test_a_place_that_cannot_be_written_is_told_before_the_program_runs(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "program.py").write_text("print('ran')")
    for out in ("nowhere/out.json", ".", "program.py"):
        assert refused("program.py", "-o", out) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[0] == "nowhere/out.json: there is no such folder to write into"
    assert (folder / "program.py").read_text() == "print('ran')"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told_before_the_program_runs(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "program.py").write_text("print('ran')")
    (folder / "locked").mkdir(mode=0o500)
    assert refused("program.py", "-o", "locked/out.json") == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("locked/out.json: cannot be saved: Permission denied")


@pytest.mark.parametrize(
    "options", [["--seed", "-1"], ["--seed", "x"], ["--timeout", "0"], ["--no-such"], []]
)
def test_a_wrong_command_line_is_refused(folder: Path, options: list[str]) -> None:
    assert refused(*(["program.py", *options] if options else [])) == 2
