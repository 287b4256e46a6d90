"""Where something lies that no variable holds itself: `model.w`, `ws[0]`, `d["w"]`, as the learner would write it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping

import torch

from tutor.kernel.identity import is_a
from tutor.kernel.module_tree import everything

_MOST = 2_000
"""How many places are looked at; beyond that a thing stays without a path."""
_DEEPEST = 3


def path_in(namespace: Mapping[str, object], thing: object) -> str | None:
    """The shortest path to a tensor or module from a variable, through the learner's objects, lists, tuples and dicts."""
    todo = deque((name, value, 0) for name, value in list(namespace.items()) if not name.startswith("_"))
    left = _MOST
    while todo:
        path, holder, depth = todo.popleft()
        for tail, value in _parts(holder):
            left -= 1
            if left < 0:
                return None
            if value is thing:
                return path + tail
            if depth < _DEEPEST and not is_a(value, torch.Tensor):
                todo.append((path + tail, value, depth + 1))
    return None


def _parts(holder: object) -> Iterator[tuple[str, object]]:
    """What lies in it, by how that is written; nothing of the learner's is run for it."""
    kind = type(holder)
    if kind in (list, tuple):
        assert isinstance(holder, (list, tuple))
        yield from ((f"[{place}]", value) for place, value in enumerate(holder))
    elif kind is dict:
        assert isinstance(holder, dict)
        for key, value in list(holder.items()):
            if type(key) in (str, int):
                yield f"[{json.dumps(key, ensure_ascii=False)}]", value
    elif is_a(holder, torch.nn.Module):
        yield from everything(holder)
    elif kind.__module__ == "__main__":
        yield from ((f".{name}", value) for name, value in _attributes(holder))


def _attributes(holder: object) -> list[tuple[str, object]]:
    try:
        return list(object.__getattribute__(holder, "__dict__").items())
    except AttributeError:
        return []  # It has slots.
