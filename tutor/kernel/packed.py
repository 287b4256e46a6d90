"""What a node has saved under the learner's hooks for saved tensors: what was packed instead.

`_saved_*` is never read there, since that would call the unpack hook: torch's own handle tells what lies packed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.capture import number
from tutor.kernel.saved import Saved
from tutor.protocol import Data


def packed_of(saved: Saved, node: AutogradNode, operands: Sequence[torch.Tensor]) -> dict[str, Data]:
    """As `Saved.of`; what a hook has packed stands under "packed[0]", "packed[1]", each with `of`: what it was saved as."""
    found: dict[str, Data] = {}
    packed: list[Data] = []
    for name, attribute in _attributes(type(node)):
        try:
            value = getattr(node, attribute)
        except (RuntimeError, AttributeError):
            continue
        if not attribute.startswith("_raw"):
            found[name] = saved.data(value, operands)
            continue
        several = isinstance(value, (tuple, list))
        for index, kept in enumerate(value if several else (value,)):
            own_name = f"{name}[{index}]" if several else name
            if kept.unpack_hook is None:
                found[own_name] = saved.data(kept.data, operands)
            else:
                packed.append(_packed(kept.data, own_name, saved, operands))
    found.update({f"packed[{number}]": data for number, data in enumerate(packed)})
    return found | saved.attributes(node, operands)


def _packed(value: object, name: str, saved: Saved, operands: Sequence[torch.Tensor]) -> Data:
    if isinstance(value, torch.Tensor):
        return {**saved.data(value, operands), "of": name}
    packed = plain(value, lambda tensor: saved.data(tensor, operands))
    return {"tensor": None, "version": None, "shape": [], "value": None, "packed": packed, "of": name}


def plain(value: object, read: Callable[[torch.Tensor], Data]) -> Data:
    """Tensors as `read`, numbers, short texts, through tuples and lists; the type's name of anything else."""
    if isinstance(value, torch.Tensor):
        return read(value)
    if value is None or type(value) in (bool, int, float):
        return number(value) if type(value) is float else value
    if type(value) is str and len(value) <= _LONGEST:
        return value
    if type(value) is tuple or type(value) is list:
        return [plain(part, read) for part in value]
    return str(value) if type(value) in (torch.device, torch.dtype) else f"<{type(value).__name__}>"


_LONGEST = 200


@lru_cache(maxsize=2048)
def _attributes(kind: type) -> tuple[tuple[str, str], ...]:
    """Names with the attribute to read: torch's own handle where there is one."""
    names = dir(kind)
    raw = {name.removeprefix("_raw_saved_"): name for name in names if name.startswith("_raw_saved_")}
    if "tensors" in raw and hasattr(kind, "saved_tensors"):
        return (("saved_tensors", raw["tensors"]),)
    others = (name.removeprefix("_saved_") for name in names if name.startswith("_saved_"))
    return tuple((name, raw.get(name, f"_saved_{name}")) for name in others)
