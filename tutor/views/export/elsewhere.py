"""Work that needs no event loop and lets Python go on, in a thread: the export waits for it a little at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread


def elsewhere(work: Callable[[], None]) -> Iterator[bool]:
    """Yields True while it is under way; its fault is raised here. Broken off, it is waited for: it may be writing."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as fault:
            faults.append(fault)

    thread = Thread(target=run, name="export")
    thread.start()
    try:
        while thread.is_alive():
            yield True
    finally:
        thread.join()
    if faults:
        raise faults[0]
