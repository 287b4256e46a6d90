"""Odd programs: recorded they do, bit for bit, what they do unrecorded, and each leaves a sound trace."""

from __future__ import annotations

import sys

import pytest

from tests.kernel.both_ways import FILENAME, assert_faithful, assert_same, run
from tests.kernel.odd import autograd, functions, hooks, library, python, running, tensors, warned
from tests.kernel.soundness import assert_sound
from tutor.kernel.record import Recorder
from tutor.trace.trace import Trace

THEMES = (autograd, functions, hooks, tensors, python, running, warned, library)
PROGRAMS = {name: program for theme in THEMES for name, program in theme.PROGRAMS.items()}
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


ENDLESS = """\
import torch
def endless(t):
    return endless(t + 1)
x = torch.ones(1, requires_grad=True)
try:
    endless(x)
except RecursionError as error:
    print(type(error).__name__)
y = (x * 2).sum()
y.backward()
"""


def test_a_recursion_without_end_ends_as_it_would() -> None:
    recorder = Recorder(Trace().extend)
    recorder.add_source(ENDLESS, path=None, cell=None, filename=FILENAME)
    plain, outcome = run(ENDLESS), run(ENDLESS, recorder)

    assert_same(plain, outcome)
    assert plain.output == "RecursionError\n"
    assert recorder.fault is None


def test_there_are_many() -> None:
    assert len(PROGRAMS) >= 40
