"""Whether autocast is on where an operation ran, and to which dtype it casts."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tutor.kernel.identity import Known, dtype_name

is_autocast_on = torch._C._is_any_autocast_enabled
"""Asked at every operation: on any device."""


def autocast_dtype(operands: Sequence[tuple[Known, torch.Tensor]]) -> str | None:
    """The dtype that autocast casts to on the operands' device; None where it is off there."""
    device = operands[0][1].device.type if operands else "cpu"
    try:
        return dtype_name(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else None
    except RuntimeError:
        return None  # "meta" has no autocast.
