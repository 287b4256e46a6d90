"""The sides of a matrix product that match are lit, and no others."""

from __future__ import annotations

from tutor.views.graph.lit import lit_runs


def sides(*lines: str) -> list[tuple[str, str]]:
    return [(text, side) for runs in lit_runs(lines) for text, side in runs if side is not None]


def test_the_sides_of_a_product_are_lit_in_pairs() -> None:
    found = sides("∂(X@W)/∂W: Xᵀ[3×4] · G[4×2] → [3×2] to W")
    assert found == [
        ("3", "rows"),
        ("4", "inner"),
        ("4", "inner"),
        ("2", "columns"),
        ("3", "rows"),
        ("2", "columns"),
    ]


def test_a_product_that_was_wrapped_is_still_one() -> None:
    broken = ("∂(X@W)/∂W: Xᵀ[3×4] ·", "    G[4×2] → [3×2] to W")
    assert sides(*broken) == sides(" ".join(broken))
    assert ["".join(text for text, _ in runs) for runs in lit_runs(broken)] == list(broken)


def test_batches_light_the_sides_of_their_matrices() -> None:
    assert [text for text, _ in sides("a[5×3×4] · b[5×4×2] → [5×3×2]")] == ["3", "4", "4", "2", "3", "2"]


def test_what_does_not_match_is_not_lit() -> None:
    assert sides("x[4] · W[4×2] → [2]") == [] and sides("a[3×4] · b[5×2] → [3×2]") == []
    assert sides("b[2] is stretched to [3×2]: 3 copies") == []
