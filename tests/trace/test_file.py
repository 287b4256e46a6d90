"""The trace file: everything comes back, faults are told with their place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.traces import golden, names
from tutor.trace.file import TraceFileError, decode_trace, encode_trace, read_trace, write_trace

DESIGNED = [
    *(
        "format",
        "version",
        "environment",
        "sources",
        "output",
        "stderr",
        "warnings",
        "error",
        "tensors",
        "values",
    ),
    *("operations", "nodes", "edges", "backwards", "steps", "truncated"),
]


@pytest.mark.parametrize("name", names())
def test_every_field_of_a_trace_comes_back(name: str, tmp_path: Path) -> None:
    trace = golden(name)

    write_trace(trace, tmp_path / "out.json")

    assert read_trace(tmp_path / "out.json") == trace


@pytest.mark.parametrize("name", names())
def test_the_same_trace_gives_the_same_bytes(name: str) -> None:
    assert encode_trace(golden(name)) == encode_trace(golden(name))


def test_the_designed_keys_come_first_and_in_order() -> None:
    fields = msgspec.json.decode(encode_trace(golden("q")))

    assert list(fields)[: len(DESIGNED)] == DESIGNED
    assert fields["format"] == "autograd-tutor-trace"
    assert [tensor["name"] for tensor in fields["tensors"]][:2] == ["a", "b"]
    assert {edge["from"] for edge in fields["edges"]} <= {node["id"] for node in fields["nodes"]}


def test_damaged_json_is_told_with_its_line() -> None:
    data = encode_trace(golden("slope"))
    broken = data.replace(b'"steps": [', b'"steps": [[', 1)

    with pytest.raises(TraceFileError) as caught:
        decode_trace(broken, Path("run.json"))

    assert caught.value.line == broken[: broken.index(b'"truncated"')].count(b"\n") + 1
    assert str(caught.value).startswith("run.json:")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"[]", "JSON object"),
        (b'{"format": "other"}', '"autograd-tutor-trace"'),
        (b'{"format": "autograd-tutor-trace", "version": 99}', "newer program"),
        (b'{"format": "autograd-tutor-trace", "version": 1, "steps": 3}', '"steps" should be a list'),
        (
            b'{"format": "autograd-tutor-trace", "version": 1, "steps": [{"kind": "jump", "id": 1}]}',
            "steps[0]",
        ),
    ],
)
def test_what_is_no_trace_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(TraceFileError) as caught:
        decode_trace(data, Path("run.json"))

    assert reason in caught.value.reason
