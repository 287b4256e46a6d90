"""What a tensor is called where there is little room: its name, else the expression that made it."""

from __future__ import annotations

import re

from tutor.protocol import TensorId
from tutor.trace.gradient_graph import gradient_text
from tutor.trace.index import Index

_MODULES = re.compile(
    r"\b(torch\.nn\.functional|torch\.special|torch\.linalg|torch|nn\.functional|F)\.(?=\w+\()"
)
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def short_name(index: Index, tensor: TensorId, step: int, limit: int = 18) -> str:
    """The name it had by `step`, or else its expression in the source; "#7" where neither is known."""
    name = index.name_at(tensor, step) or index.last_name(tensor, step)
    if not name or name.endswith(".grad"):
        name = index.last_name(tensor)
    return name or shortened(written(expression(index, tensor)), limit) or f"#{tensor}"


def expression(index: Index, tensor: TensorId) -> str:
    """What stands in the source for the operation that made it (and which of its results it is); "" where nothing does."""
    made = index.made_by.get(tensor)
    if made is None:
        return ""
    own = gradient_text(index, tensor)
    if own:
        return own
    operation = index.operations[made]
    text = index.text(operation.span)
    return f"{text}[{operation.outputs.index(tensor)}]" if text and len(operation.outputs) > 1 else text


def written(text: str) -> str:
    """Code as mathematics writes it: `3 * a**3 - b**2` → 3·a³ − b²."""
    text = _MODULES.sub("", text)
    raised = re.sub(r"\s*\*\*\s*(\d+)(?![\d.])", lambda found: found.group(1).translate(_SUPERSCRIPTS), text)
    times = re.sub(r"(?<!\*)\s*\*\s*(?!\*)", "·", raised)
    return times.replace(" - ", " − ")


def shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
