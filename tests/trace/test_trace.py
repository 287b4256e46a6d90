"""Every event of a run finds its place in the trace."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

from tutor.protocol import TraceEvent
from tutor.trace.trace import ROWS, Deed, Trace


def test_an_event_has_a_list_or_is_taken_in_by_a_case_of_its_own() -> None:
    assert {*ROWS} | {*get_args(Deed)} == {*get_args(TraceEvent)}
    assert not {*ROWS} & {*get_args(Deed)}


def test_each_kind_of_row_has_a_list_of_its_own() -> None:
    trace = Trace()
    lists = [rows(trace) for rows in ROWS.values()]
    assert len({id(found) for found in lists}) == len(lists)
    own = [getattr(trace, field.name) for field in fields(trace)]
    assert all(any(found is one for one in own) for found in lists)
