"""Reads a trace file; whatever is wrong with it is told with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tutor.i18n import _
from tutor.trace.file.faults import TraceFileError, line_at, line_of, twice
from tutor.trace.file.references import Fault, first_fault
from tutor.trace.file.rows import FORMAT, TraceFile, trace_of
from tutor.trace.file.versions import VERSION, oldest, upgraded
from tutor.trace.trace import Trace

_T = TypeVar("_T")
_BYTE = re.compile(r"\(byte (\d+)\)$")
_PLACE = re.compile(r" - at `\$\.(\w+)(?:\[(\d+)\])?(.*)`$")
_NO_NUMBER = re.compile(rb"-?(?:NaN|Infinity)")
_BOM = b"\xef\xbb\xbf"
_OTHER_KINDS = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd")


class _Header(msgspec.Struct):
    format: Any = None
    version: Any = None


_file_decoder = msgspec.json.Decoder(TraceFile)
_header_decoder = msgspec.json.Decoder(_Header)
_any_decoder = msgspec.json.Decoder()


def read_trace(path: Path) -> Trace:
    """Raises OSError when the file cannot be read, TraceFileError when it is no trace."""
    return decode_trace(path.read_bytes(), path)


def decode_trace(data: bytes, path: Path) -> Trace:
    """Reads a trace file's bytes; `path` is for messages. Raises TraceFileError."""
    data = data.removeprefix(_BOM)
    version = _version(data, path)
    repeated = twice(data)
    if repeated is not None:
        reason = _("“{name}” is there twice; keep one of them").format(name=repeated[0])
        raise TraceFileError(path, repeated[1], reason)
    trace = trace_of(_decoded(data, path) if version == VERSION else _converted(data, version, path))
    fault = first_fault(trace)
    if fault is not None:
        raise TraceFileError(path, line_of(data, fault.section, fault.index), _dangling(fault))
    return trace


# ---------------------------------------------------------------- which file it is


def _version(data: bytes, path: Path) -> int:
    """The file's version, which can be read here."""
    header = _parsed(_header_decoder, data, path)
    if header.format != FORMAT:
        reason = _("this is no trace file: its “format” should be “{format}”").format(format=FORMAT)
        raise TraceFileError(path, line_of(data, "format"), reason)
    version = header.version
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        reason = _("“version” should be a whole number from 1")
    elif version > VERSION:
        text = _("version {version} was written by a newer program; this one reads up to {newest}")
        reason = text.format(version=version, newest=VERSION)
    elif version < oldest():
        text = _("version {version} is too old; this program reads versions from {oldest}: record it anew")
        reason = text.format(version=version, oldest=oldest())
    else:
        return version
    raise TraceFileError(path, line_of(data, "version"), reason)


# ---------------------------------------------------------------- its rows


def _decoded(data: bytes, path: Path) -> TraceFile:
    try:
        return _parsed(_file_decoder, data, path)
    except msgspec.ValidationError as error:
        raise _wrong(error, data, path) from error


def _converted(data: bytes, version: int, path: Path) -> TraceFile:
    """A file of an older version."""
    fields = upgraded(_parsed(_any_decoder, data, path), version)
    try:
        return msgspec.convert(fields, TraceFile)
    except msgspec.ValidationError as error:
        raise _wrong(error, data, path) from error


def _parsed(decoder: msgspec.json.Decoder[_T], data: bytes, path: Path) -> _T:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        if not str(error).startswith("Expected `object`, got"):
            raise
        raise TraceFileError(path, 1, _("a trace file is one JSON object, {…}")) from error
    except UnicodeDecodeError as error:
        raise TraceFileError(path, _undecodable(data), _("this is not UTF-8 text")) from error
    except RecursionError as error:
        raise TraceFileError(path, 1, _("lists are nested too deeply in it")) from error
    except msgspec.DecodeError as error:
        raise _no_json(error, data, path) from error


def _no_json(error: msgspec.DecodeError, data: bytes, path: Path) -> TraceFileError:
    found = _BYTE.search(str(error))
    offset = int(found[1]) if found is not None else len(data.rstrip())
    return TraceFileError(path, line_at(data, offset), _why_no_json(error, data, offset))


def _why_no_json(error: msgspec.DecodeError, data: bytes, offset: int) -> str:
    if not data.strip():
        return _("the file is empty; a trace file is one JSON object, {…}")
    if data.startswith(_OTHER_KINDS):
        return _("this is a compressed file; unpack it first")
    if b"\0" in data[:4]:
        return _("this is not UTF-8 text")
    if offset >= len(data.rstrip()):
        return _("the file ends in the middle: it was cut off, or not written to its end")
    if (wrong := _NO_NUMBER.match(data, offset)) is not None:
        text = _("{wrong} is not JSON; a trace file writes “nan”, “inf” and “-inf” in quotation marks")
        return text.format(wrong=wrong[0].decode())
    return _("this is not JSON: {why}").format(why=_BYTE.sub("", str(error)).strip())


def _undecodable(data: bytes) -> int:
    """The line of the first byte that is not UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return line_at(data, error.start)
    return 1


def _wrong(error: msgspec.ValidationError, data: bytes, path: Path) -> TraceFileError:
    """msgspec names the place: `$.steps[3].id`."""
    found = _PLACE.search(str(error))
    if found is None:
        return TraceFileError(path, 1, _("this is no whole trace file: {why}").format(why=error))
    section, index, field = found[1], found[2], found[3]
    place = f"{section}[{index}]{field}" if index is not None else f"{section}{field}"
    why = str(error)[: found.start()]
    line = line_of(data, section, None if index is None else int(index))
    return TraceFileError(path, line, _("“{place}”: {why}").format(place=place, why=why))


def _dangling(fault: Fault) -> str:
    place = f"{fault.section}[{fault.index}].{fault.field}"
    if fault.field == "id" and fault.target == fault.section:
        text = _("“{place}” should be {right}, its place in the list, and is {named}")
        return text.format(place=place, right=fault.count, named=fault.named)
    if not fault.target:
        return _("“{place}” is {named}, which cannot be").format(place=place, named=fault.named)
    text = _("“{place}” is {named}, but “{target}” has only {count} rows")
    count = fault.count - (fault.target == "steps")
    return text.format(place=place, named=fault.named, target=fault.target, count=count)
