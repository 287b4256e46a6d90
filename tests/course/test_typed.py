"""Numbers are read as people type them, in Spanish and in English."""

from __future__ import annotations

import math

import pytest

from tutor.course.typed import UnreadableAnswerError, read_numbers


@pytest.mark.parametrize(
    ("boxes", "numbers"),
    [
        (["9", "36"], (9, 36)),
        (["0,06"], (0.06,)),
        (["0.06"], (0.06,)),
        ([" .5 "], (0.5,)),
        (["−10", "–8"], (-10, -8)),
        (["9, 36", ""], (9, 36)),
        (["", "9,36"], (9, 36)),
        (["[9 36]", ""], (9, 36)),
        (["tensor([9., 36.])", ""], (9, 36)),
        (["9,5 36", ""], (9.5, 36)),
        (["1,5; 2,5", ""], (1.5, 2.5)),
        (["1,5, 2,5", ""], (1.5, 2.5)),
        (["1e-4"], (0.0001,)),
        (["6/100"], (0.06,)),
        (["∞", "-inf"], (math.inf, -math.inf)),
        (["+3"], (3,)),
    ],
)
def test_what_was_meant_is_read(boxes: list[str], numbers: tuple[float, ...]) -> None:
    assert read_numbers(boxes) == pytest.approx(numbers)


def test_nan_is_a_number_that_can_be_typed() -> None:
    assert math.isnan(read_numbers(["NaN"])[0])


@pytest.mark.parametrize(
    ("boxes", "box"),
    [
        (["", ""], 0),
        (["9", ""], 1),
        (["", "9"], 0),
        (["nine"], 0),
        (["9", "x"], 1),
        (["1 2 3", ""], 0),
        (["1 2"], 0),
        (["1/0"], 0),
        (["--3"], 0),
    ],
)
def test_what_cannot_be_read_names_its_box(boxes: list[str], box: int) -> None:
    with pytest.raises(UnreadableAnswerError) as fault:
        read_numbers(boxes)
    assert fault.value.box == box
    assert str(fault.value)
