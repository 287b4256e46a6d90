"""Writes a trace as its file: JSON, one row a line; the same trace gives the same bytes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from tutor.protocol import Record
from tutor.trace.file.rows import file_of
from tutor.trace.file.versions import VERSION
from tutor.trace.trace import Backward, Trace

_encoder = msgspec.json.Encoder()


def encode_trace(trace: Trace) -> bytes:
    """The trace file's bytes."""
    file = file_of(trace, version=VERSION)
    members = ((name, getattr(file, name)) for name in file.__struct_fields__)
    return b"{\n" + b",\n".join(_member(name, value) for name, value in members) + b"\n}\n"


def _member(name: str, value: object) -> bytes:
    head = _encoder.encode(name) + b": "
    if isinstance(value, list) and value:
        return head + b"[\n" + b",\n".join(_rows(value)) + b"\n]"
    return head + _row(value)


def _rows(records: Iterable[object]) -> list[bytes]:
    return [_row(record) for record in records]


def _row(value: object) -> bytes:
    """A value, or a record without its wire tag, which comes first in it."""
    if isinstance(value, Backward):
        return _encoder.encode(value if value.error is None else _untagged(msgspec.to_builtins(value)))
    data = _encoder.encode(value)
    return b"{" + data[data.index(b",") + 1 :] if isinstance(value, Record) else data


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _untagged(part) for key, part in value.items() if key != "event"}
    if isinstance(value, list):
        return [_untagged(part) for part in value]
    return value


def write_trace(trace: Trace, path: Path) -> None:
    """Writes beside the file and moves over it, so that whatever goes wrong leaves the old one whole. Raises OSError."""
    target = path.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        part.write_bytes(encode_trace(trace))
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
