"""MP4 and WebM through ffmpeg, in a process of its own: the event loop runs while it works."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QProcess
from PySide6.QtGui import QImage

from tutor.i18n import _
from tutor.views.export.request import ExportError

Video = Literal["mp4", "webm"]
_COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
_CODECS: dict[Video, tuple[str, ...]] = {
    "mp4": (
        "-c:v",
        "libx264",
        "-preset",
        "medium",
        "-crf",
        "16",
        "-tune",
        "animation",
        "-movflags",
        "+faststart",
    ),
    "webm": ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1", "-cpu-used", "4"),
}
_AHEAD = 4
"""Frames that may wait for ffmpeg."""
_SAID = 300


def ffmpeg() -> str:
    """The program. Raises ExportError that says what brings it."""
    try:
        found = importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        found = shutil.which("ffmpeg")
    if not found:
        text = _(
            "MP4 and WebM need ffmpeg, which is not there. This brings it: {command}. GIF needs nothing."
        )
        raise ExportError(text.format(command='pip install "autograd-tutor[video]"'))
    return str(found)


class VideoWriter:
    """Raw frames go in at one end, the file comes out at the other. What returns an iterator yields True while it waits."""

    def __init__(self, path: Path, size: tuple[int, int], fps: int, video: Video) -> None:
        program = ffmpeg()
        self._process = QProcess()
        self._process.setStandardOutputFile(QProcess.nullDevice())
        source = (
            "-f",
            "rawvideo",
            "-pix_fmt",
            "bgr0",
            "-s",
            f"{size[0]}x{size[1]}",
            "-r",
            str(fps),
            "-i",
            "-",
        )
        made = ("-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", *_COLOURS)
        written = (*made, *_CODECS[video], "-f", video, str(path))
        self._process.start(program, ["-hide_banner", "-loglevel", "error", "-y", *source, *written])

    def add(self, image: QImage, frames: int) -> Iterator[bool]:
        """An image that is seen for so many frames."""
        opaque = image.convertToFormat(QImage.Format.Format_RGB32)
        data = bytes(opaque.constBits())
        for _frame in range(frames):
            while self._process.bytesToWrite() > _AHEAD * len(data):
                self._check()
                yield True
            self._process.write(data)

    def close(self) -> Iterator[bool]:
        """Waits for the end of the file. Raises ExportError when ffmpeg could not write it."""
        self._process.closeWriteChannel()
        while self._process.state() != QProcess.ProcessState.NotRunning:
            yield True
        if self._process.exitStatus() != QProcess.ExitStatus.NormalExit or self._process.exitCode() != 0:
            raise ExportError(_("ffmpeg could not write the video: {why}").format(why=self._complaint()))
        self._process.deleteLater()

    def abandon(self) -> None:
        """Ends ffmpeg at once."""
        self._process.kill()
        self._process.waitForFinished(2000)
        self._process.deleteLater()

    def _check(self) -> None:
        if self._process.state() == QProcess.ProcessState.NotRunning:
            raise ExportError(_("ffmpeg could not write the video: {why}").format(why=self._complaint()))

    def _complaint(self) -> str:
        said = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip()
        return said[-_SAID:] or self._process.errorString()
