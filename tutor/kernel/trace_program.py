"""Runs a program for the command line, in a process of its own: events go into a file as they come.

Run as a script with a folder: `command.json` is read there, `events` and `crash` are written. What the program prints
is printed, too. Every event is in the operating system's hands at once, so that a crash loses none.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])


def main(folder: Path) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # until the program runs, an interrupt ends this process at once
    sys.path.insert(0, ROOT)
    from tutor.kernel.parent import end_with_parent

    end_with_parent()  # before torch is loaded, which takes seconds
    from tutor.kernel.event_file import EventFile
    from tutor.kernel.output import Echo
    from tutor.kernel.runner import Runner
    from tutor.protocol import RunCells, decode_command

    sys.path.remove(ROOT)
    faulthandler.enable(file=(folder / "crash").open("w"))
    command = decode_command((folder / "command.json").read_text(encoding="utf-8"))
    assert isinstance(command, RunCells)
    events = EventFile(folder / "events")
    Runner(events.write, echo=Echo(), interrupt_is_failure=True, modules=True).run(command)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
