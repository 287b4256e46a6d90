"""What a step is, in words, on programs recorded from real torch."""

from __future__ import annotations

import re

import pytest

from tests.traces import golden, names
from tutor.i18n import use_language
from tutor.insight.step_text import step_text
from tutor.trace.trace import Trace


def _texts(trace: Trace) -> list[str]:
    return [step_text(trace, step) for step in range(len(trace.steps))]


def test_operations_say_their_expression_and_nodes_which_one_they_belong_to() -> None:
    texts = _texts(golden("q"))
    assert texts[:6] == [
        "a = torch.tensor(…)",
        "b = torch.tensor(…)",
        "a**3",
        "3 * a**3",
        "b**2",
        "Q = 3 * a**3 - b**2",
    ]
    assert texts[7:13] == [
        "SubBackward0 of 3 * a**3 - b**2",
        "PowBackward0 of b**2",
        "AccumulateGrad → b.grad",
        "MulBackward0 of 3 * a**3",
        "PowBackward0 of a**3",
        "AccumulateGrad → a.grad",
    ]


def test_changes_say_what_they_change() -> None:
    texts = _texts(golden("loop"))
    assert {"model.weight updated by SGD", "model.bias.grad cleared"} <= set(texts)


def test_an_error_says_its_type_and_before_the_first_step_there_is_nothing() -> None:
    trace = golden("error")
    assert _texts(trace)[-1] == "RuntimeError"
    assert step_text(trace, -1) == step_text(trace, len(trace.steps)) == ""


@pytest.mark.parametrize("name", names())
def test_every_step_of_every_program_has_short_words_without_printed_values(name: str) -> None:
    for text in _texts(golden(name)):
        assert 0 < len(text) <= 64
        assert "\n" not in text


def test_it_speaks_spanish() -> None:
    use_language("es")
    texts = _texts(golden("prints"))
    assert "salida" in texts
    assert any(re.fullmatch(r"MulBackward0 de .+", text) for text in texts)
