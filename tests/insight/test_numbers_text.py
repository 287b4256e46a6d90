"""Counts in words: no separator that one language takes for its decimal point."""

from __future__ import annotations

import pytest

from tutor.insight.numbers_text import count_text, rough_count


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (9_408, "9\u202f408"), (1_234_567, "1\u202f234\u202f567")]
)
def test_thousands_stand_apart_by_a_thin_space_that_does_not_break(count: int, text: str) -> None:
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (640, "640"),
        (9_999, "9\u202f999"),
        (18_900, "18.9\u202fk"),
        (2_360_000, "2.36\u202fM"),
        (7_000_000_000, "7\u202fG"),
    ],
)
def test_a_large_count_is_rounded_for_the_eye(count: int, text: str) -> None:
    assert rough_count(count) == text
