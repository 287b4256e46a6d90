"""TeX as lessons write it: whether it can be drawn at all. The window draws it, `check` only reads it."""

from __future__ import annotations

import re


class TexError(Exception):
    """A formula that cannot be drawn, and why."""

    def __init__(self, tex: str, reason: str) -> None:
        super().__init__(f"{tex}: {reason}")
        self.tex = tex
        self.reason = reason


def check_tex(tex: str) -> None:
    """Raises TexError when the formula cannot be read, or has a command that would be printed as it is written."""
    from latex2mathml.converter import convert

    try:
        markup: str = convert(tex)
    except Exception as fault:  # latex2mathml raises whatever it stumbles over
        raise TexError(tex, str(fault) or type(fault).__name__) from fault
    unknown = re.search(r">(\\[A-Za-z]+)<", markup)
    if unknown:
        raise TexError(tex, unknown.group(1))
