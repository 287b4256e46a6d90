"""A learner's exception as it is told: whatever it is, by its own words and in their own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.conftest import Bench
from tutor.protocol import Batch, RunId, decode_batch, encode_batch

pytestmark = pytest.mark.kernel


def test_a_keyboard_interrupt_of_the_programs_own_is_an_error_at_its_line(bench: Bench) -> None:
    assert bench.run("x = 1\nraise KeyboardInterrupt").outcome == "error"
    assert (bench.failure.type, [frame.line for frame in bench.failure.frames]) == ("KeyboardInterrupt", [2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"raise E('half \ud800')", r"half \ud800"),
        ("E.__str__ = lambda self: 1 / 0\nraise E", "<exception str() failed>"),
        ("E.__str__ = lambda self: exit()\nraise E", "<exception str() failed>"),
        ("e = E('a')\ne.add_note('and more')\nraise e", "a\nand more"),
        (
            "raise ExceptionGroup('both', [E('a'), E('b')])",
            "both (2 sub-exceptions)\n  E: a\n  E: b",
        ),
        ("raise E('x' * 3_000_000)", "x" * 20_000 + "…"),
        ("y = '\0'", "source code cannot contain null characters"),
    ],
)
def test_whatever_an_exception_says_is_told(bench: Bench, text: str, message: str) -> None:
    ended = bench.run(f"class E(Exception): pass\n{text}")
    assert (ended.outcome, ended.recorder_fault) == ("error", None)
    assert bench.failure.message == message
    assert bench.failure.span is not None
    assert decode_batch(encode_batch(Batch(run=RunId(7), events=bench.events))).events == bench.events


def test_the_learners_modules_are_in_the_traceback(bench: Bench) -> None:
    package = bench.folder / "parts"
    package.mkdir()
    (package / "inner.py").write_text("def f():\n    return 1 / 0\n")
    (package / "outer.py").write_text(
        "import json\nfrom . import inner\njson.loads('1', parse_int=lambda _: inner.f())\n"
    )
    bench.run("import parts.outer", path=str(bench.folder / "p.py"))
    frames = bench.failure.frames
    assert [(Path(frame.path).name, frame.line, frame.function) for frame in frames] == [
        ("p.py", 1, "<module>"),
        ("outer.py", 3, "<module>"),
        ("outer.py", 3, "<lambda>"),
        ("inner.py", 2, "f"),
    ]
    assert frames[-1].text == "return 1 / 0"
    assert bench.failure.span == frames[0].span is not None


def test_a_fault_of_syntax_in_a_module_names_its_line(bench: Bench) -> None:
    (bench.folder / "broken.py").write_text("x = 1\nif x\n")
    bench.run("import broken", path=str(bench.folder / "p.py"))
    assert [(Path(frame.path).name, frame.line) for frame in bench.failure.frames] == [
        ("p.py", 1),
        ("broken.py", 2),
    ]


@pytest.mark.parametrize("odd", ["\x0c", "\u2028", "\x85"])
def test_an_odd_character_in_a_string_moves_no_line(bench: Bench, odd: str) -> None:
    assert bench.run(f"a = 'one{odd}two'\n1 / 0\n").outcome == "error"
    assert (bench.failure.frames[0].line, bench.failure.frames[0].text) == (2, "1 / 0")
    assert bench.run(f"a = 'one{odd}two'\na;\n").outcome == "ok"
    assert bench.text("display") == ""
    assert bench.run(f"a = 'one{odd}two'\n%timeit a\n").outcome == "error"
    assert bench.failure.type == "MagicRefusedError"


def test_what_led_to_an_exception_is_told(bench: Bench) -> None:
    bench.run(
        "def f():\n    return {}['a']\ntry:\n    try:\n        f()\n    except KeyError as error:\n"
        "        raise ValueError('b') from error\nexcept ValueError:\n    1 / 0\n"
    )

    assert [(cause.type, cause.message, cause.direct) for cause in bench.failure.causes] == [
        ("ValueError", "b", False),
        ("KeyError", "'a'", True),
    ]
    assert [frame.line for frame in bench.failure.causes[1].frames] == [5, 2]


def test_what_an_exception_hides_is_not_told(bench: Bench) -> None:
    bench.run("try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('b') from None\n")

    assert bench.failure.causes == []
