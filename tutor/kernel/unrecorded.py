"""Stands in for the recorder where there is none: sources, output and failures only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from tutor.protocol import Event, Failure, Output, Source, SourceId, Step


class Recorder:
    def __init__(self, emit: Callable[[Event], None], **_options: Any) -> None:
        self._emit, self._steps, self._outputs, self._sources = emit, 0, 0, 0
        self.fault: str | None = None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def add_source(self, text: str, *, path: str | None, cell: str | None, filename: str) -> SourceId:
        self._sources += 1
        self._emit(Source(id=SourceId(self._sources - 1), path=path, cell=cell, text=text))
        return SourceId(self._sources - 1)

    def output(
        self,
        stream: Literal["stdout", "stderr", "display"],
        text: str,
        *,
        html: str | None = None,
        png: str | None = None,
        cut: int = 0,
    ) -> None:
        self._emit(Output(stream=stream, text=text, html=html, png=png, step=self._steps, cut=cut))
        self._emit(Step(kind="output", id=self._outputs))
        self._steps, self._outputs = self._steps + 1, self._outputs + 1

    def failure(self, error: BaseException) -> None:
        self._emit(Failure(type=type(error).__name__, message=str(error), span=None, step=self._steps))
        self._emit(Step(kind="error", id=-1))
        self._steps += 1

    def cell_ended(self, namespace: Mapping[str, object]) -> None:
        return None

    def warned(self, category: str, message: str, filename: str, line: int) -> None:
        return None
