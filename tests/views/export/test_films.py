"""Animations, read back frame by frame: GIF, MP4, WebM and numbered pictures show what the window would have shown."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from tests.views.export.exported import exported, left, requested
from tutor.views.export import video
from tutor.views.export.artist import Artist
from tutor.views.export.gif import pixels
from tutor.views.export.moments import frame_count, seconds
from tutor.views.export.request import Look, Stretch
from tutor.views.theme import DARK, LIGHT

QUICK = Stretch(0, 3, speed=6.0, fps=10)
SMALL = Look(size=(640, 320))

Rows = NDArray[np.int32]


def drawn(folder: Path, look: Look = SMALL) -> Rows:
    """The last step, drawn at once."""
    artist = Artist(requested(folder / "x.gif", look=look, stretch=QUICK))
    for _wait in (*artist.prepare(), *artist.show(QUICK.last)):
        pass
    image = artist.image()
    artist.close()
    return rgb(image)


def rgb(image: QImage) -> Rows:
    packed = pixels(image)
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.int32)


def gif_frames(path: Path) -> Iterator[tuple[Rows, int]]:
    """Each frame as it is seen, and its hundredths of a second."""
    with Image.open(path) as film:
        for number in range(film.n_frames):
            film.seek(number)
            yield np.array(film.convert("RGB"), np.int32), film.info["duration"] // 10


def decoded(path: Path, size: tuple[int, int]) -> tuple[Rows, str]:
    """All frames of a video, and what ffmpeg says of it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    frames = np.frombuffer(done.stdout, np.uint8).reshape(-1, size[1], size[0], 3)
    return frames.astype(np.int32), done.stderr.decode(errors="replace")


@pytest.mark.parametrize("look", [SMALL, Look(palette=DARK, size=(640, 400), code=True, caption="x")])
def test_a_gif_shows_every_step_and_ends_with_the_last(look: Look, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    assert exported(requested(path, look=look, stretch=QUICK)) is None
    frames = list(gif_frames(path))
    assert {frame.shape[1::-1] for frame, _time in frames} == {look.size}
    assert sum(time for _frame, time in frames) == round(100 * seconds(QUICK))
    picture = drawn(tmp_path, look)
    assert np.abs(frames[-1][0] - picture).max() < 48
    assert np.abs(frames[-1][0] - picture).mean() < 0.5


def test_frames_of_a_gif_in_which_nothing_moves_are_one_that_stays(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    assert exported(requested(path, look=SMALL, stretch=QUICK)) is None
    frames = list(gif_frames(path))
    assert len(frames) < frame_count(QUICK)
    assert all((one != other).any() for (one, _t), (other, _u) in pairwise(frames))


def test_the_grounds_of_a_gif_keep_their_exact_colours(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    assert exported(requested(path, look=SMALL, stretch=QUICK)) is None
    for frame, _time in gif_frames(path):
        assert tuple(frame[2, 2]) == QColor(LIGHT.ground).getRgb()[:3]


def test_a_gif_plays_again_and_again(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    assert exported(requested(path, look=SMALL, stretch=QUICK)) is None
    with Image.open(path) as film:
        assert film.info["loop"] == 0


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_a_video_has_all_the_frames_and_ends_with_the_last_step(
    ending: str, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / f"x.{ending}"
    assert exported(requested(path, look=SMALL, stretch=QUICK)) is None
    frames, said = decoded(path, (640, 320))
    assert "640x320" in said
    assert "10 fps" in said
    assert len(frames) == frame_count(QUICK)
    assert np.abs(frames[-1] - drawn(tmp_path)).mean() < 3.0
    assert np.abs(frames[0] - frames[-1]).mean() > 3.0


def test_an_animation_has_an_even_number_of_pixels(qtbot: QtBot, tmp_path: Path) -> None:
    """Videos cannot have another; sizes that were asked for are rounded up."""
    path = tmp_path / "x.mp4"
    assert exported(requested(path, look=Look(size=(321, 201)), stretch=Stretch(0, 0, 20.0, 5))) is None
    assert "322x202" in decoded(path, (322, 202))[1]


def test_a_long_picture_is_followed_or_shown_whole(qtbot: QtBot, tmp_path: Path) -> None:
    quick = Stretch(0, 12, speed=20.0, fps=5)
    seen = {}
    for name, whole in (("followed", False), ("whole", True)):
        folder = tmp_path / name
        look = Look(size=(400, 200), whole=whole)
        assert exported(requested(folder, "q", look=look, stretch=quick)) is None
        seen[name] = [rgb(QImage(str(path))) for path in sorted(folder.iterdir())]
    ink = np.array(QColor(LIGHT.ink).getRgb()[:3])
    inked = {name: (np.abs(frames[-1] - ink).sum(axis=-1) < 60).mean() for name, frames in seen.items()}
    assert inked["followed"] > 1.5 * inked["whole"]


def test_numbered_pictures_are_one_a_frame_and_an_older_longer_sequence_goes(
    qtbot: QtBot, tmp_path: Path
) -> None:
    pattern = tmp_path / "shot-%03d.png"
    (tmp_path / "shot-400.png").write_bytes(b"old")
    (tmp_path / "shot-9.png").write_bytes(b"another's")
    (tmp_path / "notes.txt").write_text("mine")
    assert exported(requested(pattern, look=SMALL, stretch=QUICK)) is None
    made = [f"shot-{number:03}.png" for number in range(1, frame_count(QUICK) + 1)]
    assert left(tmp_path) == sorted([*made, "notes.txt", "shot-9.png"])
    last = rgb(QImage(str(tmp_path / made[-1])))
    assert (last == drawn(tmp_path)).all()


def test_a_folder_of_pictures_is_made_where_there_is_none(qtbot: QtBot, tmp_path: Path) -> None:
    assert exported(requested(tmp_path / "new" / "film", look=SMALL, stretch=QUICK)) is None
    assert len(list((tmp_path / "new" / "film").glob("frame-*.png"))) == frame_count(QUICK)


def test_without_ffmpeg_it_is_said_what_brings_it_and_nothing_is_left(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_name: str) -> None:
        raise ImportError

    monkeypatch.setattr(video.importlib, "import_module", missing)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    fault = exported(requested(tmp_path / "x.mp4", look=SMALL, stretch=QUICK))
    assert fault is not None
    assert 'pip install "autograd-tutor[video]"' in fault
    assert left(tmp_path) == []


def test_an_ffmpeg_that_fails_is_told_in_its_own_words(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "_CODECS", {"mp4": ("-c:v", "no-such-codec")})
    fault = exported(requested(tmp_path / "x.mp4", look=SMALL, stretch=QUICK))
    assert fault is not None
    assert "no-such-codec" in fault
    assert left(tmp_path) == []
