"""Files on disk: read with a fault that names the place, written so that the old file survives whatever goes wrong."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from tutor.i18n import _


class DocumentError(Exception):
    """A fault of a file: `path:line: what is wrong, what would be right`."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        super().__init__(f"{path}:{reason_at(line, reason)}")


def reason_at(line: int | None, reason: str) -> str:
    return f" {reason}" if line is None else f"{line}: {reason}"


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises DocumentError when there is no such file, or it is a folder, or may not be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DocumentError(path, None, _("there is no such file; check the name and the folder")) from None
    except IsADirectoryError:
        raise DocumentError(path, None, _("this is a folder; name a file inside it")) from None
    except OSError as fault:
        raise DocumentError(path, None, _("cannot be read: {why}").format(why=fault.strerror)) from fault


def write_bytes(path: Path, data: bytes) -> None:
    """Replaces the file in one move, its permissions kept; on any fault the old file stays as it was.

    A symbolic link is followed. Raises DocumentError when the folder is missing, full or may not be written.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or a pipe takes the bytes; a move would put a file in its place
        else:
            _replace(path.resolve(), data)
    except OSError as fault:
        raise DocumentError(
            path,
            None,
            _("cannot be saved: {why}; what was there before is unharmed").format(why=fault.strerror),
        ) from fault


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _mode(path: Path) -> int:
    """The permissions of the old file; for a new one what the user's mask leaves of rw-rw-rw-."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
