"""The words for a missing gradient."""

from __future__ import annotations

from typing import get_args

import pytest

from tutor.trace.picture import GradReason, GradRow, Shown
from tutor.views.reasons import none_text, reason_sentence, reason_text


@pytest.mark.parametrize("reason", get_args(GradReason))
def test_every_reason_has_words_short_and_long(reason: GradReason) -> None:
    assert reason_text(reason)
    assert reason_sentence(reason).endswith(".")
    assert len(reason_text(reason)) <= 32


def test_none_is_the_word_none_with_its_reason_and_line() -> None:
    assert none_text(GradRow(None, "cleared", 9)) == "None · cleared, line 9"
    assert none_text(GradRow(None, "no_backward_yet")) == "None · no backward yet"
    assert none_text(GradRow(None)) == "None"
    assert "9" in reason_sentence("cleared", 9)
    assert "0" not in none_text(GradRow(Shown(0.0, ()), None))
