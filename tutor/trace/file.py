"""The trace file: a run as JSON, one row a line, with everything that a window needs to show every step of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tutor.protocol import (
    Change,
    Data,
    Edge,
    Environment,
    Failure,
    Gap,
    HookRan,
    NameForgotten,
    Node,
    Operation,
    OptimizerStepped,
    Output,
    Source,
    Step,
    Tangent,
    Tensor,
    TensorNamed,
    Truncation,
    Unseen,
    Value,
    Warned,
)
from tutor.trace.trace import Backward, ModuleCall, Trace

FORMAT = "autograd-tutor-trace"
VERSION = 1

Row = dict[str, Any]
"""A row of the file as JSON has it; checked by msgspec when it is read."""

_T = TypeVar("_T")


class TraceFileError(ValueError):
    """A file that is no trace, told as `path:line: reason`."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


def encode_trace(trace: Trace) -> bytes:
    """The trace file's bytes: the same trace gives the same bytes."""
    names = {named.tensor: named.name for named in trace.names}
    fields: Row = {
        "format": FORMAT,
        "version": VERSION,
        "environment": _row(trace.environment),
        "sources": _rows(trace.sources),
        "output": trace.output,
        "stderr": trace.stderr,
        "warnings": _rows(trace.warnings),
        "error": _row(trace.error),
        "tensors": [_tensor_row(tensor, names.get(tensor.id)) for tensor in trace.tensors],
        "values": _rows(trace.values),
        "operations": _rows(trace.operations),
        "nodes": _rows(trace.nodes),
        "edges": _rows(trace.edges),
        "backwards": _rows(trace.backwards),
        "steps": _rows(trace.steps),
        "truncated": _row(trace.truncated),
        "names": _rows(trace.names),
        "forgotten": _rows(trace.forgotten),
        "changes": _rows(trace.changes),
        "outputs": _rows(trace.outputs),
        "module_calls": _rows(trace.module_calls),
        "hooks": _rows(trace.hooks),
        "optimizer_steps": _rows(trace.optimizer_steps),
        "tangents": _rows(trace.tangents),
        "gaps": _rows(trace.gaps),
        "unseen": _rows(trace.unseen),
    }
    return b"{\n" + b",\n".join(_line(name, value) for name, value in fields.items()) + b"\n}\n"


def _line(name: str, value: Any) -> bytes:
    head = msgspec.json.encode(name) + b": "
    if not isinstance(value, list) or not value:
        return head + msgspec.json.encode(value)
    return head + b"[\n" + b",\n".join(msgspec.json.encode(row) for row in value) + b"\n]"


def _rows(records: Iterable[object]) -> list[Row]:
    return [row for row in map(_row, records) if row is not None]


def _row(record: object) -> Row | None:
    """A record without its wire tag."""
    return None if record is None else _untagged(msgspec.to_builtins(record))


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _untagged(part) for key, part in value.items() if key != "event"}
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return [_untagged(part) for part in value]
    return value


def _tensor_row(tensor: Tensor, name: str | None) -> Row:
    """`name` is the last one that the tensor had; the one it was born with is kept beside it where they differ."""
    row = _row(tensor) or {}
    if name is not None and name != tensor.name:
        row |= {"name": name, "first_name": tensor.name}
    return row


def decode_trace(data: bytes, path: Path) -> Trace:
    """Reads a trace file's bytes; `path` is for messages. Raises TraceFileError."""
    fields = _parsed(data, path)
    _check_header(fields, path)
    return Trace(
        environment=_one(fields, "environment", Environment, path),
        sources=_many(fields, "sources", Source, path),
        outputs=_many(fields, "outputs", Output, path),
        warnings=_many(fields, "warnings", Warned, path),
        error=_one(fields, "error", Failure, path),
        tensors=_many({"tensors": _first_names(fields)}, "tensors", Tensor, path),
        names=_many(fields, "names", TensorNamed, path),
        forgotten=_many(fields, "forgotten", NameForgotten, path),
        values=_many(fields, "values", Value, path),
        operations=_many(fields, "operations", Operation, path),
        nodes=_many(fields, "nodes", Node, path),
        edges=_many(fields, "edges", Edge, path),
        changes=_many(fields, "changes", Change, path),
        backwards=_many(fields, "backwards", Backward, path),
        steps=_many(fields, "steps", Step, path),
        module_calls=_many(fields, "module_calls", ModuleCall, path),
        hooks=_many(fields, "hooks", HookRan, path),
        optimizer_steps=_many(fields, "optimizer_steps", OptimizerStepped, path),
        tangents=_many(fields, "tangents", Tangent, path),
        gaps=_many(fields, "gaps", Gap, path),
        unseen=_many(fields, "unseen", Unseen, path),
        truncated=_one(fields, "truncated", Truncation, path),
    )


def _parsed(data: bytes, path: Path) -> Mapping[str, Data]:
    try:
        fields = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TraceFileError(path, _line_of(data, str(error)), f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise TraceFileError(path, 1, "a trace file is a JSON object")
    return fields


def _line_of(data: bytes, message: str) -> int:
    """msgspec names the byte at which it stopped."""
    digits = message.rpartition("byte ")[2].rstrip(")")
    return data[: int(digits)].count(b"\n") + 1 if digits.isdigit() else data.count(b"\n") + 1


def _check_header(fields: Mapping[str, Data], path: Path) -> None:
    if fields.get("format") != FORMAT:
        raise TraceFileError(path, 1, f'no trace file: "format" should be "{FORMAT}"')
    version = fields.get("version")
    if not isinstance(version, int) or version < 1:
        raise TraceFileError(path, 1, '"version" should be a positive number')
    if version > VERSION:
        raise TraceFileError(
            path, 1, f"version {version} was written by a newer program; this one reads up to {VERSION}"
        )


def _first_names(fields: Mapping[str, Data]) -> Data:
    rows = fields.get("tensors", [])
    if not isinstance(rows, list):
        return rows
    return [
        {**row, "name": row["first_name"]} if isinstance(row, dict) and "first_name" in row else row
        for row in rows
    ]


def _one(fields: Mapping[str, Data], name: str, kind: type[_T], path: Path) -> _T | None:
    value = fields.get(name)
    return None if value is None else _converted(value, kind, name, path)


def _many(fields: Mapping[str, Data], name: str, kind: type[_T], path: Path) -> list[_T]:
    rows = fields.get(name, [])
    if not isinstance(rows, list):
        raise TraceFileError(path, 1, f'"{name}" should be a list')
    return [_converted(row, kind, f"{name}[{index}]", path) for index, row in enumerate(rows)]


def _converted(value: Data, kind: type[_T], place: str, path: Path) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise TraceFileError(path, 1, f'"{place}": {error}') from error


def read_trace(path: Path) -> Trace:
    """Raises OSError when the file cannot be read, TraceFileError when it is no trace."""
    return decode_trace(path.read_bytes(), path)


def write_trace(trace: Trace, path: Path) -> None:
    """Writes beside the file and moves over it, so that a crash leaves the old one whole. Raises OSError."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(encode_trace(trace))
    os.replace(part, path)
