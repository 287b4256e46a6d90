"""Base of every record: ids, plain data, places in the text, statistics."""

from __future__ import annotations

from typing import Any, NewType

import msgspec

SourceId = NewType("SourceId", int)
TensorId = NewType("TensorId", int)
OperationId = NewType("OperationId", int)
NodeId = NewType("NodeId", int)
BackwardId = NewType("BackwardId", int)
ModuleCallId = NewType("ModuleCallId", int)

Data = Any
"""A tensor's values as plain data: nested lists, a bare number for 0-d; true/false; complex as [re, im]; "nan", "inf",
"-inf" as strings; None where not kept. A sparse tensor is {"indices", "values", "shape"}; a gradient too large to keep
whole is {"shape", "stats"} (a `Value` has `stats` beside it instead); one that was made while nothing was recorded, and
not looked at, {"shape", "stats": null, "unread": true}. (`Any`, since JSON is recursive; nothing else is ever put
in it.)"""


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=False, gc=False):
    """Base of everything that goes over the wire: frozen, told apart by its class name.

    Records are trees: the garbage collector need not look through the hundreds of thousands that a run leaves.
    """


class Span(msgspec.Struct, frozen=True, gc=False):
    """A piece of a source text: lines from 1, columns from 0 in characters, the end exclusive."""

    source: SourceId
    line: int
    end_line: int
    col: int
    end_col: int


class Stats(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is kept of a tensor that is too large to keep whole. None where there are no finite elements."""

    count: int
    min: float | None
    max: float | None
    mean: float | None
    norm: float | None
    nonfinite: int
    sampled: bool = False
