"""A runner in the test's own process, which is put back as it was afterwards."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tutor.kernel.runner import Runner
from tutor.protocol import CellText, Event, Failure, Output, RunCells, RunEnded, RunId, RunSettings


class Bench:
    """A runner and what its last run said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.runner = Runner(self.events.extend)

    def run(
        self,
        *cells: str | CellText,
        path: str | None = None,
        seed: int = 0,
        arguments: tuple[str, ...] = (),
    ) -> RunEnded:
        """Runs cells; with a path one whole script."""
        self.events.clear()
        texts = [
            cell if isinstance(cell, CellText) else CellText(None if path else f"cell-{number}", cell)
            for number, cell in enumerate(cells, 1)
        ]
        return self.runner.run(
            RunCells(
                run=RunId(7),
                cells=texts,
                path=path,
                directory=str(self.folder),
                settings=RunSettings(seed=seed),
                arguments=list(arguments),
            )
        )

    def text(self, *streams: str) -> str:
        kinds = streams or ("stdout",)
        return "".join(
            event.text for event in self.events if isinstance(event, Output) and event.stream in kinds
        )

    @property
    def failure(self) -> Failure:
        (failure,) = (event for event in self.events if isinstance(event, Failure))
        return failure


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The test's own process is put back as it was."""
    interrupt, folder, main = signal.getsignal(signal.SIGINT), os.getcwd(), sys.modules["__main__"]
    limits = _memory_limit()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("default")
        patch.setattr(sys, "path", list(sys.path))
        patch.setattr(sys, "argv", list(sys.argv))
        yield Bench(tmp_path)
    signal.signal(signal.SIGINT, interrupt)
    os.chdir(folder)
    sys.modules["__main__"] = main
    _set_memory_limit(limits)


def _memory_limit() -> tuple[int, int] | None:
    if sys.platform != "linux":
        return None
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)


def _set_memory_limit(limits: tuple[int, int] | None) -> None:
    if limits is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, limits)
