"""The trace file: everything comes back, faults are told with their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.traces import golden, names
from tests.traces.recording import record_text
from tutor.trace.file import (
    TraceFileError,
    decode_trace,
    encode_trace,
    read_trace,
    reading,
    versions,
    write_trace,
    writing,
)

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


HEAD = b'{"format": "autograd-tutor-trace", "version": 1, '
Q = encode_trace(golden("q"))


def fault(data: bytes) -> TraceFileError:
    with pytest.raises(TraceFileError) as caught:
        decode_trace(data, Path("run.json"))
    return caught.value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"[]", "one JSON object"),
        (b"not JSON", "this is not JSON"),
        (b"\x1f\x8b\x08\x00", "unpack it first"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"format": "other"}', "“format” should be “autograd-tutor-trace”"),
        (b"{}", "“format” should be “autograd-tutor-trace”"),
        (b'{"format": "autograd-tutor-trace"}', "“version” should be a whole number"),
        (b'{"format": "autograd-tutor-trace", "version": 0}', "“version” should be a whole number"),
        (b'{"format": "autograd-tutor-trace", "version": "2"}', "“version” should be a whole number"),
        (b'{"format": "autograd-tutor-trace", "version": true}', "“version” should be a whole number"),
        (b'{"format": "autograd-tutor-trace", "version": 99}', "newer program"),
        (HEAD + b'"steps": 3}', "“steps”: Expected `array`"),
        (HEAD + b'"steps": [{"kind": "jump", "id": 1}]}', "steps[0].kind"),
        (HEAD + b'"environment": null}', "missing required field `sources`"),
        (HEAD + b'"x": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_trace_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    assert reason in fault(data).reason


def line_with(data: bytes, text: bytes) -> int:
    return data[: data.index(text)].count(b"\n") + 1


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        (b'"name":"PowBackward0"', b'"name":7', ".name”: Expected `str`, got `int`"),
        (b'"to":2', b'"to":99', ".to” is 99, but “nodes” has only 10 rows"),
        (b'"kind":"node","id":4', b'"kind":"node","id":400', "but “nodes” has only"),
        (b'"inputs":[0]', b'"inputs":[0,-1]', ".inputs” is -1, but “tensors” has only"),
        (b'"version":0', b'"version":NaN', "NaN is not JSON"),
        (b'"line":2', b'"line":99999999999999999999', "which cannot be"),
        (b'"input":0', b'"input":-5', ".input” is -5, which cannot be"),
        (b'"input":0', b'"input":2000000', ".input” is 2000000, which cannot be"),
        (b'"output":0', b'"output":2000000', ".output” is 2000000, which cannot be"),
        (b'"shape":[2],"dtype"', b'"shape":[2,-3],"dtype"', ".shape” is -3, which cannot be"),
        (b'"source":0', b'"source":5', ".span.source” is 5, but “sources” has only 3 rows"),
        (b'"name":"b"', b'"name":"\xff"', "not UTF-8"),
        (b'{"tensor":0,"step":0', b'{"tensor":0,"step":4000', "“values[0].step” is 4000"),
        (b'{"id":1,"name":"b"', b'{"id":7,"name":"b"', "“tensors[1].id” should be 1"),
    ],
)
def test_a_damaged_row_is_told_with_its_line(right: bytes, wrong: bytes, reason: str) -> None:
    told = fault(Q.replace(right, wrong, 1))

    assert reason in told.reason
    assert told.line == line_with(Q, right)


@pytest.mark.parametrize("group", [-5, 1])
def test_a_parameter_of_a_group_that_is_not_there_is_told(group: int) -> None:
    trace = record_text(
        "import torch\nw = torch.ones(2, requires_grad=True)\noptimizer = torch.optim.SGD([w], lr=0.1)\n"
        "w.sum().backward()\noptimizer.step()\n"
    )
    data = encode_trace(trace)

    told = fault(data.replace(b'"groups":[0]', b'"groups":[%d]' % group))

    assert f"“optimizer_steps[0].groups” is {group}, which cannot be" in told.reason
    assert told.line == line_with(data, b'"groups":[0]')


def test_a_row_is_found_in_a_file_of_another_layout() -> None:
    fields = json.loads(Q)
    fields["edges"][3]["to"] = 99
    data = json.dumps(fields, indent=1).encode()

    assert fault(data).line == line_with(data, b'"to": 99') - 3


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_told_at_its_last_line(share: float) -> None:
    data = Q[: int(len(Q) * share)].rstrip()
    told = fault(data)

    assert "cut off" in told.reason
    assert told.line == data.count(b"\n") + 1


def test_a_section_that_is_there_twice_is_told() -> None:
    data = Q.replace(b'"names": [', b'"steps": [],\n"names": [')
    told = fault(data)

    assert "“steps” is there twice" in told.reason
    assert told.line == line_with(data, b'"steps": [],')


def test_a_mark_at_the_files_begin_does_no_harm() -> None:
    assert decode_trace(b"\xef\xbb\xbf" + Q, Path("run.json")) == golden("q")


def test_keys_that_nobody_knows_are_passed_over() -> None:
    data = Q.replace(b'"version": 1,', b'"version": 1, "later": {"x": [1]},').replace(
        b'"to":2', b'"to":2,"z":1'
    )

    assert decode_trace(data, Path("run.json")) == golden("q")


def test_a_file_of_an_older_version_is_brought_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it will be once the format has changed: version 2 calls `steps` what version 1 called `moments`."""

    def from_1(fields: dict[str, Any]) -> dict[str, Any]:
        return {"steps": fields.pop("moments"), **fields}

    for module in (reading, versions, writing):
        monkeypatch.setattr(module, "VERSION", 2)
    monkeypatch.setitem(versions.UPGRADES, 1, from_1)
    old = Q.replace(b'"steps": [\n', b'"moments": [\n').replace(b'"kind":"node"', b'"kind":"nodule"')

    recorded = decode_trace(Q.replace(b'"version": 1', b'"version": 2'), Path("run.json"))

    assert decode_trace(Q.replace(b'"steps": [\n', b'"moments": [\n'), Path("run.json")) == recorded
    assert "steps[" in fault(old).reason
    assert decode_trace(encode_trace(recorded), Path("run.json")) == recorded


def test_a_version_from_before_any_upgrade_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (reading, versions):
        monkeypatch.setattr(module, "VERSION", 3)

    assert "too old" in fault(Q).reason


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    write_trace(golden("q"), path)

    def full(_path: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_trace(golden("slope"), path)

    assert read_trace(path) == golden("q")
    assert list(tmp_path.iterdir()) == [path]
