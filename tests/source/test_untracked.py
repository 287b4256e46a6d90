"""The lines that run untracked."""

from __future__ import annotations

import pytest

from tutor.source.untracked import Untracked, untracked_lines


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("with torch.no_grad():\n    y = 2\n    z = 3\nw = 1", (Untracked(1, 3, "no_grad"),)),
        ("with no_grad(), open(f):\n    pass", (Untracked(1, 2, "no_grad"),)),
        ("with torch.inference_mode():\n    pass", (Untracked(1, 2, "inference"),)),
        ("with torch.inference_mode(False):\n    pass", ()),
        ("with torch.set_grad_enabled(False):\n    pass", (Untracked(1, 2, "no_grad"),)),
        ("with torch.set_grad_enabled(training):\n    pass", ()),
        ("x = 1\n@torch.no_grad()\ndef f():\n    pass", (Untracked(2, 4, "no_grad"),)),
        ("@torch.no_grad\ndef f(): pass", (Untracked(1, 2, "no_grad"),)),
        ("for i in r:\n    with torch.no_grad(): w -= 1", (Untracked(2, 2, "no_grad"),)),
        ("with torch.no_grad(:\n", ()),
        ("x = 1", ()),
    ],
)
def test_untracked_lines_are_found_in_the_text(text: str, found: tuple[Untracked, ...]) -> None:
    assert untracked_lines(text) == found
