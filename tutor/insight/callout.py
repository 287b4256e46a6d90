"""What the running node does, in numbers: "receives 1", then "∂(a·b)/∂a = b = 3 → 1 × 3 = 3 to a"."""

from __future__ import annotations

from tutor.trace.item_states import Moment
from tutor.trace.picture import Callout


def callout(at: Moment) -> Callout | None:
    """None where no node runs in this step."""
    return None
