"""What a program prints and displays: whole lines, in order with its steps, as Jupyter shows values, and capped."""

# ruff: noqa: T201  (printing is what is tested)

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Literal

import pytest

from tutor.kernel.descriptors import Descriptor
from tutor.kernel.display import Shown, shown
from tutor.kernel.output import KEPT_CHARACTERS, KEPT_PIECES, TAIL_CHARACTERS, Output, Streams
from tutor.kernel.program import compile_cell


class Recorder:
    """Remembers the pieces."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, str]] = []
        self.cut = 0

    def output(
        self,
        stream: Literal["stdout", "stderr", "display"],
        text: str,
        *,
        html: str | None = None,
        png: str | None = None,
        cut: int = 0,
    ) -> None:
        self.pieces.append((stream, text))
        self.cut += cut

    @property
    def text(self) -> str:
        return "".join(text for _stream, text in self.pieces)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def test_a_line_is_one_piece(recorder: Recorder) -> None:
    with Streams(Output(recorder)):
        print("a", 1, [2])
        print("b\nc")
    assert recorder.pieces == [("stdout", "a 1 [2]\n"), ("stdout", "b\nc\n")]


def test_a_begun_line_waits_for_its_end_or_a_flush(recorder: Recorder) -> None:
    with Streams(Output(recorder)):
        print("epoch", end=" ")
        assert recorder.pieces == []
        print(1, end="", flush=True)
        assert recorder.pieces == [("stdout", "epoch 1")]
        print(" done", end="")
    assert recorder.text == "epoch 1 done"


def test_streams_stay_apart(recorder: Recorder) -> None:
    with Streams(Output(recorder)):
        print("out")
        print("err", file=sys.stderr)
    assert recorder.pieces == [("stdout", "out\n"), ("stderr", "err\n")]


def test_other_threads_lines_come_with_the_next_of_the_own_thread(recorder: Recorder) -> None:
    with Streams(Output(recorder)):
        thread = threading.Thread(target=print, args=["elsewhere"])
        thread.start()
        thread.join()
        print("here")
    assert recorder.text == "elsewhere\nhere\n"


def test_beyond_so_many_lines_only_the_last_are_kept(recorder: Recorder) -> None:
    lines = KEPT_PIECES + TAIL_CHARACTERS
    with Streams(Output(recorder)):
        for number in range(lines):
            print(number)
    whole = "".join(f"{number}\n" for number in range(lines))
    assert len(recorder.text) + recorder.cut == len(whole)
    assert recorder.text.endswith(whole[-TAIL_CHARACTERS:])
    assert whole.startswith("".join(text for _stream, text in recorder.pieces[:KEPT_PIECES]))


def test_a_huge_piece_is_cut_too(recorder: Recorder) -> None:
    with Streams(Output(recorder)):
        print("x" * 3_000_000)
    assert len(recorder.text) == KEPT_CHARACTERS + TAIL_CHARACTERS
    assert recorder.cut == 3_000_001 - len(recorder.text)


def test_half_a_surrogate_pair_is_written_as_an_escape(recorder: Recorder) -> None:
    with Streams(Output(recorder)):
        print("\ud800é")
    assert recorder.text == "\\ud800é\n"


def test_bytes_are_text_in_the_trace(recorder: Recorder) -> None:
    with Streams(Output(recorder)):
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        sys.stdout.buffer.write("é".encode() + b"\xff\n")
    assert recorder.text == "é\ufffd\n"


def test_a_descriptor_that_a_program_closed_is_back_in_the_next_run(tmp_path: Path) -> None:
    number = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
    descriptor = Descriptor(number)
    os.close(number)
    descriptor.skip()
    os.write(number, b"heard")
    assert descriptor.read() == "heard"
    for one in (number, descriptor._file):
        os.close(one)


def test_a_descriptors_news_are_read_once(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab+", buffering=0) as file:
        file.write(b"before\n")
        descriptor = Descriptor(file.fileno())
        assert descriptor.read() == ""
        file.write("é".encode()[:1])
        assert descriptor.read() == ""
        file.write("é".encode()[1:])
        assert descriptor.read() == "é"
        os.close(descriptor._file)


# ---------------------------------------------------------------- values


class Rich:
    def __repr__(self) -> str:
        return "rich"

    def _repr_html_(self) -> str:
        return "<b>rich</b>"

    def _repr_png_(self) -> bytes:
        return b"\x89PNG"


def test_a_value_is_shown_as_jupyter_shows_it() -> None:
    assert shown([1, 2]) == Shown("[1, 2]")
    assert shown(Rich()) == Shown("rich", "<b>rich</b>", "iVBORw==")
    assert shown(Rich) == Shown(f"{Rich.__module__}.Rich")


class Broken(Rich):
    def _repr_html_(self) -> str:
        raise ValueError("no table")


def test_a_form_that_cannot_be_made_is_told_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Broken()) == Shown("rich", None, "iVBORw==")
    assert capsys.readouterr().err == "Broken._repr_html_: ValueError: no table\n"


# ---------------------------------------------------------------- programs


@pytest.mark.parametrize(
    ("text", "displayed"),
    [
        ("1 + 1", True),
        ("x = 1", False),
        ("1 + 1;", False),
        ("1 + 1 ; # quiet", False),
        ("", False),
        ("'é'; 2", True),
    ],
)
def test_the_closing_expression_is_displayed_unless_silenced(text: str, displayed: bool) -> None:
    assert (compile_cell(text, "<cell>", display=True).last is not None) == displayed
    assert compile_cell(text, "<cell>", display=False).last is None


def test_a_future_import_holds_for_the_cells_that_follow() -> None:
    first = compile_cell("from __future__ import annotations", "<one>", display=True)
    names: dict[str, object] = {}
    text = "def f(x: Undefined): ...\nf.__annotations__"
    second = compile_cell(text, "<two>", display=True, future_flags=first.future_flags)
    exec(second.body, names)
    assert second.last is not None
    assert eval(second.last, names) == {"x": "Undefined"}
