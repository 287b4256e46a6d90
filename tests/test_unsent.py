"""What a kernel had not sent when it died: found by the window, each event once, never with a gap."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tutor.protocol import Event, Output, RunId
from tutor.unsent import SIZE, Unsent, unsent


def printed(text: str) -> Output:
    return Output(stream="stdout", text=text, step=0)


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Output)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "unsent"


def add(box: Unsent, *pieces: str) -> None:
    for piece in pieces:
        box.add([msgspec.msgpack.encode(printed(piece))])


def test_events_behind_those_received_are_found(path: Path) -> None:
    box = Unsent(path)
    box.begin(RunId(4))
    add(box, "a", "b", "c")
    assert texts(unsent(path, RunId(4), 0)) == ["a", "b", "c"]
    assert texts(unsent(path, RunId(4), 2)) == ["c"]
    assert unsent(path, RunId(4), 3) == []


def test_another_run_finds_nothing(path: Path) -> None:
    box = Unsent(path)
    box.begin(RunId(4))
    add(box, "a")
    box.begin(RunId(5))
    assert unsent(path, RunId(4), 0) == unsent(path, RunId(5), 0) == []
    assert unsent(path.with_name("none"), RunId(4), 0) == []


def test_room_is_made_when_it_is_scarce_and_a_gap_is_never_handed_out(path: Path) -> None:
    box = Unsent(path)
    box.begin(RunId(4))
    add(box, "x" * (SIZE - 1000), "lost" * 1000)
    assert len(unsent(path, RunId(4), 0)) == 1
    box.sent()
    add(box, "c")
    assert unsent(path, RunId(4), 1) == []
    assert texts(unsent(path, RunId(4), 2)) == ["c"]
