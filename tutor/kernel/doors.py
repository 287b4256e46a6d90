"""What stands in place of torch's own functions while programs are recorded: put there and taken out in any order.

Recordings may be nested, overlap, run in several threads, and stand under what the learner's program puts there itself.
"""

from __future__ import annotations

import threading
from typing import Any

_lock = threading.RLock()
_buried: dict[tuple[int, str, int], tuple[Any, Any]] = {}
"""What was given up while another stood over it, with what lies beneath: by owner, name and itself."""


class Doors:
    """One recording's own. A door that cannot be taken out, since another stands over it, must let everything through."""

    def __init__(self) -> None:
        self._standing: list[tuple[Any, str, Any, Any]] = []

    def put(self, owner: Any, name: str, value: Any) -> None:
        with _lock:
            self._standing.append((owner, name, value, vars(owner)[name]))
            setattr(owner, name, value)

    def take_out(self) -> None:
        with _lock:
            while self._standing:
                owner, name, value, beneath = self._standing.pop()
                if vars(owner)[name] is value:
                    setattr(owner, name, _alive(owner, name, beneath))
                else:
                    _buried[id(owner), name, id(value)] = value, beneath


def _alive(owner: Any, name: str, value: Any) -> Any:
    while (id(owner), name, id(value)) in _buried:
        _, value = _buried.pop((id(owner), name, id(value)))
    return value
