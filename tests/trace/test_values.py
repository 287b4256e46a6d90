"""Numbers as texts."""

from __future__ import annotations

import pytest

from tutor.protocol import Data
from tutor.trace.values import cell, elements, exact, shape_text, short


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (36.0, "36"), (-0.0, "0"), (0.0, "0"), (1 / 3, "0.3333"), (-12.5, "−12.5"), (1e-5, "1e−5"),
        (123456.0, "123456"), (True, "True"), ("inf", "∞"), ("-inf", "−∞"), ("nan", "nan"), (None, "None"), (7, "7"),
    ],
)  # fmt: skip
def test_a_number_is_rounded_for_the_eye(number: Data, text: str) -> None:
    assert cell(number) == text


def test_only_none_reads_as_none() -> None:
    assert short(None) == "None" and short(0.0) == "0" and short([]) == "[]"


def test_a_long_tensor_is_abridged_and_keeps_its_ends() -> None:
    assert short([36.0, 81.0]) == "[36, 81]"
    text = short([float(n) for n in range(100)])
    assert text.startswith("[0, 1, 2") and text.endswith("… 99]") and len(text) <= 36
    assert short([[1.0] * 20] * 3).endswith(", …]")


def test_exact_tells_a_float_from_its_neighbours() -> None:
    assert exact(0.10000000149011612) == "0.1"
    assert exact(0.10000000149011612, "float64") == "0.10000000149011612"
    assert exact([1.0, 2.5]) == "[1.0, 2.5]"


def test_shapes_read_as_torch_prints_them() -> None:
    assert shape_text(()) == "[]" and shape_text((2, 3)) == "[2, 3]"


def test_elements_are_in_the_order_of_memory() -> None:
    assert elements([[1, 2], [3, 4]]) == [1, 2, 3, 4] and elements(5) == [5]
