"""The command line: `export` draws a run without a window, whole or not at all, and says what is wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from tests.traces import FOLDER
from tests.views.export.exported import left
from tutor import export_command
from tutor.cli import main
from tutor.shipped import shipped
from tutor.trace_command import TraceOptions
from tutor.views.theme import DARK

ROOT = Path(__file__).parents[1]
MAIN = ROOT / "main.py"
LESSON = shipped("lessons") / "00-slope"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> Path:
    """The current folder, with a recorded run in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    shutil.copy(FOLDER / "q.json", tmp_path / "q.json")
    return tmp_path


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has its recording is not run again."""

    def run(options: TraceOptions, *_rest: object) -> None:
        raise AssertionError(f"{options.program} was run")

    monkeypatch.setattr(export_command, "recorded", run)


def texts(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


def test_a_trace_file_becomes_a_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "q.json", "-o", "q.svg"]) == 0
    assert "PowBackward0" in texts("q.svg")
    assert capsys.readouterr().err == "Exported to q.svg.\n"


def test_size_theme_and_language_are_obeyed(folder: Path) -> None:
    assert (
        main(["export", "q.json", "-o", "q.png", "--size", "640x360", "--theme", "dark", "--scale", "1"]) == 0
    )
    image = QImage("q.png")
    assert (image.width(), image.height()) == (640, 360)
    assert image.pixelColor(1, 1) == QColor(DARK.ground)
    assert main(["export", "q.json", "-o", "q.svg", "--lang", "es", "--caption", "Figura 1"]) == 0
    assert ">valor</text>" in texts("q.svg")
    assert ">Figura 1</text>" in texts("q.svg")


def test_a_png_has_two_pixels_a_unit_unless_said_otherwise(folder: Path) -> None:
    assert main(["export", "q.json", "-o", "two.png"]) == 0
    assert main(["export", "q.json", "-o", "one.png", "--scale", "1"]) == 0
    assert QImage("two.png").width() == 2 * QImage("one.png").width()


def test_steps_are_counted_as_in_the_window(folder: Path) -> None:
    for step in (0, 1, 2):
        assert main(["export", "q.json", "-o", f"{step}.dot", "--step", str(step)]) == 0
    assert [texts(f"{step}.dot").count("kind=") for step in (0, 1)] == [0, 1]


def test_a_part_of_the_steps_becomes_an_animation(folder: Path) -> None:
    options = ["--from", "3", "--to", "4", "--speed", "10", "--fps", "5", "--size", "320x160"]
    assert main(["export", "q.json", "-o", "q.gif", *options]) == 0
    assert main(["export", "q.json", "-o", "film", *options]) == 0
    assert main(["export", "q.json", "-o", "film-%02d.png", *options]) == 0
    assert QImage("q.gif").width() == 320
    assert len(list(Path("film").iterdir())) == len(list(folder.glob("film-*.png"))) > 10


def test_a_lessons_recording_is_drawn_and_its_question_stays_covered(
    folder: Path, nothing_runs: None
) -> None:
    assert main(["export", str(LESSON / "en.md"), "-o", "covered.svg"]) == 0
    assert main(["export", str(LESSON / "en.md"), "-o", "open.svg", "--answers"]) == 0
    assert "None + ? = ?" in texts("covered.svg")
    assert "None + 6 = 6" not in texts("covered.svg")
    assert "None + 6 = 6" in texts("open.svg")


def test_a_lesson_speaks_its_own_language_and_its_folder_has_both(folder: Path, nothing_runs: None) -> None:
    assert main(["export", str(LESSON / "es.md"), "-o", "own.svg"]) == 0
    assert main(["export", str(LESSON), "--lang", "es", "-o", "asked.svg"]) == 0
    assert main(["export", str(LESSON), "-o", "system.svg"]) == 0
    assert [">valor</text>" in texts(f"{name}.svg") for name in ("own", "asked", "system")] == [
        True,
        True,
        False,
    ]


def test_a_part_of_a_lesson_ends_with_its_own_code(folder: Path, nothing_runs: None) -> None:
    assert main(["export", str(LESSON), "-o", "one.svg", "--part", "1"]) == 0
    assert main(["export", str(LESSON), "-o", "two.svg", "--part", "2"]) == 0
    assert ["adds to x.grad" in texts(f"{name}.svg") for name in ("one", "two")] == [False, True]


def test_numbers_are_covered_by_hand(folder: Path) -> None:
    assert main(["export", "q.json", "-o", "q.graphml", "--cover", "a.grad, Q"]) == 0
    assert "[36, 81]" not in texts("q.graphml")
    assert "[−12, 65]" not in texts("q.graphml")


def test_one_iteration_of_a_loop_or_all_of_them(folder: Path) -> None:
    shutil.copy(FOLDER / "loop.json", "loop.json")
    for which in ("1", "2", "all"):
        assert main(["export", "loop.json", "-o", f"{which}.dot", "--iteration", which]) == 0
    assert texts("1.dot") != texts("2.dot")
    assert texts("all.dot").count("AddmmBackward0") > texts("1.dot").count("AddmmBackward0")


def test_groups_are_open_to_a_depth_or_all(folder: Path) -> None:
    shutil.copy(FOLDER / "loop.json", "loop.json")
    counts = {}
    for depth in ("0", "1", "all"):
        options = ["--iteration", "all", "--unfold", depth]
        assert main(["export", "loop.json", "-o", f"{depth}.dot", *options]) == 0
        assert main(["export", "loop.json", "-o", f"{depth}.svg", *options]) == 0
        counts[depth] = (
            texts(f"{depth}.dot").count('kind="group"'),
            texts(f"{depth}.svg").count("AddmmBackward0"),
        )
    assert counts["0"] == (5, 0)
    assert counts["1"] == counts["all"] == (0, 5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "q.bmp"], "q.bmp: the ending “.bmp” is none of"),
        (["-o", "q.png", "--from", "2"], "--from: q.png shows one step; use --step"),
        (["-o", "q.svg", "--fps", "5"], "--fps: q.svg shows one step"),
        (["-o", "q.gif", "--step", "2"], "--step: an animation has many steps"),
        (["-o", "q.gif", "--to", "900"], "--to: the run has 24 steps"),
        (["-o", "q.gif", "--from", "4", "--to", "2"], "--to: step 2 comes before step 4"),
        (["-o", "none/q.gif"], "none/q.gif: there is no such folder"),
        (["-o", "q.json"], "q.json: the ending “.json”"),
        (["-o", "q.png", "--iteration", "7"], "--iteration: the run has iterations 1 to 2"),
        (["-o", "q.png", "--part", "1"], "--part: q.json is no lesson"),
        (["-o", "q.png", "--cover", "a.gard"], "--cover: no tensor is called “a.gard”"),
        (["-o", "q.png", "--size", "8000x8000", "--scale", "3"], "--scale: 3 × 8000x8000 is more than 8192"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    options: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "q.json", *options]) == 2
    assert said in capsys.readouterr().err
    assert left(folder) == ["q.json"]


@pytest.mark.parametrize(
    "options",
    [
        ["--size", "12"],
        ["--size", "20x20"],
        ["--size", "99999x100"],
        ["--scale", "nan"],
        ["--speed", "0"],
        ["--fps", "0"],
        ["--step", "-1"],
        ["--iteration", "none"],
        ["--unfold", "-1"],
        ["--theme", "pink"],
        ["--lang", "fr"],
    ],
)
def test_a_wrong_value_is_refused_by_name(
    options: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["export", "q.json", "-o", "q.png", *options])
    assert stopped.value.code == 2
    assert f"argument {options[0]}" in capsys.readouterr().err
    assert left(folder) == ["q.json"]


def test_a_file_that_cannot_be_read_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.json").write_text("{")
    assert main(["export", "none.json", "-o", "x.png"]) == 2
    assert main(["export", "broken.json", "-o", "x.png"]) == 2
    said = capsys.readouterr().err
    assert "none.json: there is no such file" in said
    assert "broken.json:1: " in said
    assert left(folder) == ["broken.json", "q.json"]


def test_the_readmes_picture_is_a_small_animation() -> None:
    path = ROOT / "docs" / "first-lesson.gif"
    assert "(docs/first-lesson.gif)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert path.stat().st_size < 2_000_000
    with Image.open(path) as film:
        assert film.n_frames > 40  # type: ignore[attr-defined]


PROGRAM = """\
import sys
import torch
x = torch.tensor(float(sys.argv[1]), requires_grad=True)
(x**2).backward()
print(x.grad)
"""


@pytest.mark.kernel
def test_a_script_is_run_first_with_its_own_arguments(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("square.py").write_text(PROGRAM)
    assert main(["export", "square.py", "-o", "square.svg", "--", "5"]) == 0
    assert capfd.readouterr().out == "tensor(10.)\n"
    assert "None + 10 = 10" in texts("square.svg")
    assert left(folder) == ["q.json", "square.py", "square.svg"]


@pytest.mark.kernel
def test_a_lesson_whose_text_was_changed_is_run(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = (LESSON / "en.md").read_text(encoding="utf-8").replace("torch.tensor(3.0", "torch.tensor(4.0")
    Path("mine.md").write_text(text, encoding="utf-8")
    assert main(["export", "mine.md", "-o", "mine.svg", "--answers"]) == 0
    assert "None + 8 = 8" in texts("mine.svg")


@pytest.mark.kernel
def test_a_program_that_fails_is_drawn_as_far_as_it_came(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("fails.py").write_text("import torch\ny = torch.ones(2, requires_grad=True) * 2\ny.backward()\n")
    assert main(["export", "fails.py", "-o", "fails.svg"]) == 0
    assert "grad can be implicitly created only for scalar outputs" in capfd.readouterr().err
    assert "MulBackward0" in texts("fails.svg")


def _started(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The command in a process of its own, without any screen and without a sign of one."""
    screen = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_RUNTIME_DIR")
    own = {name: value for name, value in os.environ.items() if name not in screen}
    return subprocess.Popen(
        [sys.executable, str(MAIN), "export", *options],
        cwd=folder,
        env={**own, "LANGUAGE": "en"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_works_where_there_is_no_screen(folder: Path) -> None:
    child = _started(folder, "q.json", "-o", "q.png")
    out, said = child.communicate(timeout=60)
    assert (child.returncode, out, said) == (0, "", "Exported to q.png.\n")


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("name", "number", "status"),
    [("q.gif", signal.SIGINT, 130), ("q.mp4", signal.SIGTERM, 143), ("film", signal.SIGINT, 130)],
)
def test_a_signal_ends_it_and_nothing_is_left(
    name: str, number: signal.Signals, status: int, folder: Path, qtbot: QtBot
) -> None:
    child = _started(folder, "q.json", "-o", name, "--fps", "60", "--speed", "0.1")
    qtbot.waitUntil(lambda: left(folder)[0].startswith("."))  # it writes
    child.send_signal(number)
    child.communicate(timeout=60)
    assert child.returncode == status
    assert left(folder) == ["q.json"]
