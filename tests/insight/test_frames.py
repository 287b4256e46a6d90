"""Frames that repeat themselves are folded, and nothing else is."""

from __future__ import annotations

import pytest

from tutor.insight.frames import folded
from tutor.protocol import Frame


def shown(letters: str) -> list[str | int]:
    """One letter is one place in the code."""
    frames = [Frame("a.py", letter, ord(letter), f"{letter}()", None) for letter in letters]
    return [one if isinstance(one, int) else one.function for one in folded(frames)]


@pytest.mark.parametrize("letters", ["", "a", "abc", "aaa", "aaaa", "ababa", "abcabc"])
def test_few_frames_are_listed(letters: str) -> None:
    assert shown(letters) == list(letters)


def test_a_function_that_calls_itself_stands_there_three_times() -> None:
    assert shown("m" + "f" * 968 + "g") == ["m", "f", "f", "f", 965, "g"]


def test_functions_that_call_each_other_are_folded_too() -> None:
    assert shown("m" + "ab" * 400) == ["m", "a", "b", "a", 797]
    assert shown("m" + "abcd" * 200 + "x") == ["m", "a", "b", "c", "d", 796, "x"]


def test_two_recursions_one_after_the_other_are_told_apart() -> None:
    assert shown("f" * 10 + "g" * 10) == ["f", "f", "f", 7, "g", "g", "g", 7]
