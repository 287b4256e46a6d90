"""The JSON Schema of the trace file: it is what the code writes, and refuses what the code would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.traces import golden, names
from tools.schema import PATH, generated
from tutor.shipped import shipped
from tutor.trace.file import TraceFileError, decode_trace, encode_trace
from tutor.trace.trace import Trace

File = dict[str, Any]
RECORDED = sorted(shipped("lessons").rglob("*.trace.json"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads(PATH.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_schema_is_that_of_the_code() -> None:
    assert PATH.read_text(encoding="utf-8") == generated(), "run `make schema` and look at what changed"


@pytest.mark.parametrize("name", names())
def test_recorded_traces_keep_to_it(name: str, validator: Draft202012Validator) -> None:
    validator.validate(json.loads(encode_trace(golden(name))))


@pytest.mark.parametrize("path", RECORDED[::6], ids=lambda path: path.parent.name)
def test_the_lessons_traces_keep_to_it(path: Path, validator: Draft202012Validator) -> None:
    validator.validate(json.loads(path.read_text(encoding="utf-8")))


def test_an_empty_trace_keeps_to_it(validator: Draft202012Validator) -> None:
    validator.validate(json.loads(encode_trace(Trace())))


def _without(*path: str | int) -> Callable[[File], None]:
    def damage(file: File) -> None:
        *way, last = path
        for key in way:
            file = file[key]  # type: ignore[index]
        del file[last]  # type: ignore[arg-type]

    return damage


def _with(value: object, *path: str | int) -> Callable[[File], None]:
    def damage(file: File) -> None:
        *way, last = path
        for key in way:
            file = file[key]  # type: ignore[index]
        file[last] = value  # type: ignore[index]

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        _without("steps"),
        _without("nodes", 0, "name"),
        _without("backwards", 0, "roots"),
        _with(2, "version"),
        _with("x", "tensors", 0, "shape"),
        _with(-1, "operations", 2, "inputs", 0),
        _with("jump", "steps", 0, "kind"),
        _with(1.5, "backwards", 0, "steps", 0, "node"),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(
    damage: Callable[[File], None], validator: Draft202012Validator
) -> None:
    file = json.loads(encode_trace(golden("q")))
    damage(file)

    assert not validator.is_valid(file)
    with pytest.raises(TraceFileError):
        decode_trace(json.dumps(file).encode(), Path("run.json"))


def test_a_field_says_what_it_is() -> None:
    parts = json.loads(generated())["$defs"]

    assert parts["Backward"]["properties"]["end_step"]["description"]
    assert parts["Operation"]["properties"]["autocast"]["description"].startswith("The dtype")
    assert parts["Operation"]["properties"]["inputs"]["items"] == {"$ref": "#/$defs/TensorId"}
    assert not any("event" in part.get("properties", {}) for part in parts.values())


DESIGNED = {
    "sources": {"id", "path", "cell", "text"},
    "warnings": {"category", "message", "span"},
    "tensors": {"id", "name", "shape", "dtype", "device", "requires_grad", "is_leaf"},
    "values": {"tensor", "step", "version", "value", "stats"},
    "operations": {
        *("id", "function", "span", "grad_enabled", "module", "inputs", "outputs", "nodes", "backward"),
    },
    "nodes": {"id", "name", "operation", "tensor", "saved", "created_by"},
    "edges": {"from", "output", "to", "input"},
    "backwards": {
        *("entry", "parent", "roots", "inputs", "retain_graph", "create_graph", "steps", "accumulations"),
        *("results", "error"),
    },
    "steps": {"kind", "id", "backward"},
}


@pytest.mark.parametrize("section", DESIGNED)
def test_every_designed_key_is_always_there(section: str, validator: Draft202012Validator) -> None:
    """Others read the file by these keys."""
    rows = json.loads(encode_trace(golden("q")))[section]
    name = validator.schema["properties"][section]["items"]["$ref"].rpartition("/")[2]

    assert set(validator.schema["$defs"][name]["required"]) >= DESIGNED[section]
    assert all(row.keys() >= DESIGNED[section] for row in rows)
