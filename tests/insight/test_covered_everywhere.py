"""What a question asks for is in no drawing and in no lens, in any recorded program, whichever gradient it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.traces import golden, names
from tutor.insight.jacobian import Jacobian, jacobian
from tutor.insight.scene import scene
from tutor.protocol import Data
from tutor.trace.index import index_of
from tutor.trace.iterations import iteration_at
from tutor.trace.picture import Shown
from tutor.trace.state import moment_of
from tutor.trace.structure import structure
from tutor.trace.trace import Trace


def questions(trace: Trace) -> Iterator[tuple[str, list[Data]]]:
    """Each gradient that lands, by its name, with all the numbers that would answer for it."""
    index = index_of(trace)
    answers: dict[str, list[Data]] = {}
    for backward in trace.backwards:
        for row in backward.accumulations:
            for naming in index.namings.get(row.tensor, ())[:1]:
                answers.setdefault(f"{naming.name}.grad", []).append(row.incoming)
    yield from answers.items()


def seen(trace: Trace, step: int, covered: frozenset[str]) -> Iterator[Shown]:
    """All gradients that the drawings and lenses of this step show uncovered."""
    still = structure(trace, iteration_at(trace, step).index)
    callout = scene(trace, still, step, covered).callout
    for drawing in callout.drawings if callout is not None else ():
        yield from (sheet.shown for sheet in drawing.sheets if sheet.about == "gradient")
    at = moment_of(trace, still, step, covered)
    for circle in still.circles:
        found = jacobian(at, circle)
        if isinstance(found, Jacobian):
            yield from (block.sent for block in found.blocks if block.sent is not None)
            for block in found.blocks:
                if not block.hidden:
                    yield from (Shown(row.reshape(block.shape).tolist(), block.shape) for row in block.rows)


def same(data: Data, answer: Data) -> bool:
    if data is None or answer is None or isinstance(data, dict) or isinstance(answer, dict):
        return False
    ours, theirs = np.asarray(data, float), np.asarray(answer, float)
    return ours.shape == theirs.shape and bool(np.allclose(ours, theirs, rtol=1e-5))


@pytest.mark.parametrize("name", names())
def test_no_drawing_and_no_lens_shows_the_answer_of_a_question(name: str) -> None:
    trace = golden(name)
    for asked, answers in questions(trace):
        for backward in trace.backwards:
            incoming = [row.incoming for row in backward.accumulations if row.incoming in answers]
            end = max((row.step for row in backward.accumulations), default=backward.first_step)
            for step in range(backward.first_step, end + 1):
                for shown in seen(trace, step, frozenset({asked})):
                    told = not shown.covered and any(same(shown.data, answer) for answer in incoming)
                    assert not told, (asked, step, shown)
