"""Odd programs: recorded they do, bit for bit, what they do unrecorded, and each leaves a sound trace."""

from __future__ import annotations

import sys

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.odd import autograd, library, python, tensors
from tests.kernel.soundness import assert_sound

PROGRAMS = autograd.PROGRAMS | tensors.PROGRAMS | python.PROGRAMS | library.PROGRAMS
HEAVY = {
    "a function in the new style, under vmap and in double backward",
    "averages, scalers, clipping",
    "collection, weak references, finalizers",
    "optimizers of every kind",
    "recurrent nets, packed sequences, embeddings, attention",
    "scripts, traces, symbols",
}


@pytest.mark.skipif(sys.platform == "win32", reason="one of them sends itself a signal of POSIX")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in HEAVY else []) for name in PROGRAMS]
)
def test_an_odd_program_is_the_same_recorded(name: str) -> None:
    trace = assert_faithful(PROGRAMS[name])

    assert trace.operations
    assert_sound(trace)


def test_there_are_many() -> None:
    assert len(PROGRAMS) >= 40
