"""Files on disk: read with a fault that names the place, written so that the old file survives whatever goes wrong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    if path.exists() and not path.is_file():
        with told(path):
            path.write_bytes(data)  # a device or a pipe takes the bytes; a move would put a file in its place
        return
    with whole_file(path) as place:
        place.write_bytes(data)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write to, beside the path; at the end it takes the path's place, after a fault nothing is left of it.

    Permissions are kept, a symbolic link is followed. Raises DocumentError as `write_bytes` does.
    """
    with told(path):
        place = path.resolve()
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.", suffix=".new")
        os.close(handle)
        try:
            yield Path(name)
            with open(name, "rb+") as file:
                os.fsync(file.fileno())
            os.chmod(name, _mode(place))
            os.replace(name, place)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)
            raise


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What the system says against writing there becomes a DocumentError."""
    try:
        yield
    except OSError as fault:
        text = _("cannot be saved: {why}; what was there before is unharmed")
        raise DocumentError(path, None, text.format(why=fault.strerror or str(fault))) from fault


def _mode(path: Path) -> int:
    """The permissions of the old file; for a new one what the user's mask leaves of rw-rw-rw-."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
