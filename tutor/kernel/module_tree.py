"""What lies in an nn.Module: its parts, parameters, buffers and plain attributes, read without running the learner's code.

torch's own `named_modules` and `named_parameters` may be overridden; the dicts that they read may not.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from tutor.kernel.identity import is_a


def own(module: torch.nn.Module) -> dict[str, object]:
    """Its attributes, past whatever `__getattribute__` the learner wrote."""
    found: dict[str, object] = object.__getattribute__(module, "__dict__")
    return found


def parts(module: torch.nn.Module, path: str) -> Iterator[tuple[str, torch.nn.Module]]:
    """The module at `path` and all below it, each once, in the order of `named_modules`."""
    seen: set[int] = set()
    todo = [(path, module)]
    while todo:
        path, part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield path, part
        children = own(part).get("_modules")
        if isinstance(children, dict):
            below = [(f"{path}.{name}", child) for name, child in children.items()]
            todo.extend((inner, child) for inner, child in reversed(below) if is_a(child, torch.nn.Module))


def tensors(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Its own parameters, then its own buffers."""
    for table in ("_parameters", "_buffers"):
        named = own(module).get(table)
        if isinstance(named, dict):
            yield from ((name, value) for name, value in named.items() if is_a(value, torch.Tensor))


def everything(module: torch.nn.Module) -> Iterator[tuple[str, object]]:
    """All parameters and buffers, submodules and plain attributes, by their paths from the module: `.0.weight`."""
    found = list(parts(module, ""))
    for path, part in found:
        yield from ((f"{path}.{name}", tensor) for name, tensor in tensors(part))
    yield from found[1:]
    for path, part in found:
        yield from (
            (f"{path}.{name}", value) for name, value in own(part).items() if not name.startswith("_")
        )
