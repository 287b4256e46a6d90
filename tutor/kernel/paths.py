"""Where something lies that no variable holds itself: `model.w`, `ws[0]`, `d["w"]`, as the learner would write it."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice

import torch

from tutor.kernel.identity import is_a
from tutor.kernel.module_tree import everything, own

_MOST = 2_000
"""How many places are looked at; beyond that a thing stays without a path."""
_DEEPEST = 3
_FEW = 64
"""How many parts of one thing are looked at for a path that was written."""
_WRITTEN = re.compile(r"(\w+)(?:\.(\w+)|\[(\w+|'[^']*'|\"[^\"]*\")\])")


def path_in(namespace: Mapping[str, object], thing: object) -> str | None:
    """The shortest path to a tensor or module from a variable, through the learner's objects, lists, tuples and dicts."""
    return next((path for path, value in things_in(namespace) if value is thing), None)


def things_in(namespace: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """All that lies in variables, with its path, the shortest paths first; as far as is looked."""
    todo = deque((name, value, 0) for name, value in list(namespace.items()) if not name.startswith("_"))
    left = _MOST
    while todo:
        path, holder, depth = todo.popleft()
        for tail, value in _parts(holder):
            left -= 1
            if left < 0:
                return
            yield path + tail, value
            if depth < _DEEPEST and not is_a(value, torch.Tensor):
                todo.append((path + tail, value, depth + 1))


def path_at(namespace: Mapping[str, object], written: str, thing: object) -> str | None:
    """The path that the learner wrote, `outs[i]` or `net.h`, with `i` as it is: where the thing lies there."""
    match = _WRITTEN.fullmatch(written)
    if match is None:
        return None
    name, attribute, place = match.groups()
    tail = f".{attribute}" if place is None else f"[{_key(namespace, place)}]"
    found = next((value for part, value in _parts_at(namespace.get(name), tail) if part == tail), None)
    return name + tail if found is thing else None


def _key(namespace: Mapping[str, object], place: str) -> str:
    """What stands between the brackets, as paths spell it: `2`, `"w"`; of a variable its value."""
    key: object = place if place.isdecimal() else place[1:-1]
    if place.isidentifier():
        key = namespace.get(place)
    if type(key) is int or place.isdecimal():
        return str(key)
    return json.dumps(key, ensure_ascii=False) if type(key) is str else ""


def _parts_at(holder: object, tail: str) -> Iterator[tuple[str, object]]:
    """As `_parts`, but of a list only what can be meant."""
    if type(holder) in (list, tuple) and tail[1:-1].isdecimal():
        assert isinstance(holder, (list, tuple))
        at = int(tail[1:-1])
        return iter([(tail, holder[at])] if at < len(holder) else [])
    if is_a(holder, torch.nn.Module):
        return ((f".{name}", value) for name, value in own(holder).items())
    return islice(_parts(holder), _FEW)


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
