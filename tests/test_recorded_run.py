"""How a recorded program is watched and what is gathered of it, without a program."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tutor.kernel.event_file import EventFile
from tutor.protocol import Output, RunEnded, RunId, Step
from tutor.recorded_run import Stops, _gathered, _tell_what_is_missing
from tutor.trace.trace import Trace

OUTPUT = Output(stream="stdout", text="a line\n", step=0)
ENDED = RunEnded(run=RunId(0), outcome="ok")


@pytest.mark.usefixtures("interruptible")
def test_signals_are_counted_and_the_first_gives_the_status() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stops() as stops:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)

    assert (stops.count, stops.status) == (2, 143)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no terminal that closes here")
def test_under_nohup_a_closed_terminal_stops_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stops() as stops:
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert stops.count == 0


def test_an_event_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    events = EventFile(tmp_path / "events")
    for written in ([OUTPUT, Step(kind="output", id=0)], [OUTPUT]):
        events.write(written)
    whole = (tmp_path / "events").read_bytes()
    (tmp_path / "events").write_bytes(whole[:-3])

    trace, ended = _gathered(tmp_path / "events")

    assert (trace.output, len(trace.steps), ended) == ("a line\n", 1, None)


def test_a_program_that_told_nothing_leaves_an_empty_trace(tmp_path: Path) -> None:
    trace, ended = _gathered(tmp_path / "events")

    assert (trace.environment, trace.steps, ended) == (None, [], None)


def test_on_a_full_disk_the_whole_events_and_the_end_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = EventFile(tmp_path / "events")
    events.write([OUTPUT])
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:5]))
    with pytest.raises(OSError, match="No space left"):
        events.write([OUTPUT])
    monkeypatch.undo()
    events.write([OUTPUT])
    events.write([ENDED])

    trace, ended = _gathered(tmp_path / "events")

    assert (trace.output, ended) == ("a line\n", ENDED)
    assert not (tmp_path / "reserve").exists()


def test_what_a_process_took_along_is_told() -> None:
    trace = Trace()
    trace.extend([OUTPUT, Step(kind="output", id=0)])
    _tell_what_is_missing(trace)
    assert trace.truncated is None

    trace.append(OUTPUT)  # shown at once; its iteration was still held
    _tell_what_is_missing(trace)
    assert trace.truncated is not None and trace.truncated.step == 1
