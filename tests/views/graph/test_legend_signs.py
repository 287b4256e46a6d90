"""The legend explains the rarer signs where, and only where, they are in the picture."""

from __future__ import annotations

import pytest

from tests.traces.recording import record_text
from tutor.trace.ghosts import with_ghosts
from tutor.trace.structure import structure
from tutor.views.graph.words import explains

START = "import torch\na = torch.ones(2, requires_grad=True)\n"


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("b = a + 1\n", set()),
        ("b = a * a\n", {"pin"}),
        ("b = (a * a).sum()\nb.backward(retain_graph=True)\n", {"pin", "lock"}),
        ("b = a + 1\na.data.mul_(2)\n", {"behind"}),
        ("n = (a + 1).sum().item()\n", {"python"}),
        ("h = a\nfor k in range(60):\n    h = h + a\n", {"ghost"}),
    ],
)
def test_a_sign_is_explained_where_it_is_drawn(text: str, signs: set[str]) -> None:
    trace = record_text(START + text)
    found = explains(trace, with_ghosts(structure(trace, None)))

    assert found & {"pin", "lock", "behind", "python", "ghost"} == signs
    assert explains(trace, None) & {"pin", "python", "ghost"} == set()
