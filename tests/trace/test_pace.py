"""How long steps are shown: one by one in a short run, faster in a long one, a closed group's together."""

from __future__ import annotations

import pytest

from tests.trace.grouped import PROGRAMS, recorded
from tests.traces import golden
from tutor.protocol import Step
from tutor.trace.folding import fold
from tutor.trace.iterations import iteration_at
from tutor.trace.pace import LONGEST, SECONDS_A_STEP, pace_of
from tutor.trace.picture import Structure
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace


def test_a_short_run_is_shown_step_by_step() -> None:
    trace = golden("q")
    pace = pace_of(trace, structure(trace, 0))
    assert {pace.seconds(step) for step in range(len(trace.steps))} == {SECONDS_A_STEP}
    assert not pace.is_quick


def test_a_long_run_takes_a_few_minutes_however_long_it_is() -> None:
    for count in (1_000, 20_000):
        trace = Trace()
        trace.extend(Step(kind="operation", id=number) for number in range(count))
        pace = pace_of(trace, None)
        assert sum(pace.seconds(step) for step in range(count)) == pytest.approx(LONGEST)
        assert pace.whole == pytest.approx(LONGEST)
        assert pace.steps_a_second == pytest.approx(count / LONGEST)
        assert pace.is_quick


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_row_of_steps_in_which_one_closed_group_works_takes_the_time_of_one(name: str) -> None:
    trace = recorded(name)
    whole = structure(trace, iteration_at(trace, 0).index)
    if not whole.groups:
        pytest.skip("nothing to fold")
    closed = fold(whole, frozenset(group.id for group in whole.groups if group.depth == 0))
    pace = pace_of(trace, closed)
    assert pace.usual > 1
    steps = range(closed.first_step, closed.last_step + 1)
    running = [_at_work(trace, closed, step) for step in steps]
    for place, block in enumerate(running):
        share = pace.seconds_a_row / pace.seconds(closed.first_step + place)
        if block is None:
            continue
        low = high = place
        while low and running[low - 1] == block:
            low -= 1
        while high + 1 < len(running) and running[high + 1] == block:
            high += 1
        assert share == pytest.approx(high - low + 1), (name, place)


def _at_work(trace: Trace, closed: Structure, step: int) -> str | None:
    """The block that runs in this step; else the one of which an operation has just been made."""
    now, before = picture(trace, closed, step).blocks, picture(trace, closed, step - 1).blocks
    running = [name for name in now if now[name].phase == "running"]
    made = [name for name in now if now[name].made > before[name].made]
    return next(iter(running + made), None)
