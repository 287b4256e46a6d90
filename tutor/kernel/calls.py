"""What kind of call a torch function is, and how its name and arguments read in a trace."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import get_overridable_functions, resolve_name

from tutor.kernel.identity import Known

Function = Callable[..., Any]
"""Any function that reaches a torch function mode; its types are torch's own affair."""


class Kind(enum.Enum):
    """How the recorder treats a call."""

    OPERATION = enum.auto()
    PLAIN_NUMBER = enum.auto()
    """Leaves torch: `.item()`, `float()`, `.numpy()`."""
    GETTER = enum.auto()
    GRAD_GETTER = enum.auto()
    REQUIRES_GRAD = enum.auto()
    RETAIN_GRAD = enum.auto()
    GRAD_SETTER = enum.auto()
    DATA_SETTER = enum.auto()
    BACKWARD = enum.auto()
    AUTOGRAD_BACKWARD = enum.auto()
    AUTOGRAD_GRAD = enum.auto()
    HOOK = enum.auto()
    NOTHING = enum.auto()


_PLAIN_NUMBERS = {"item", "__float__", "__int__", "__complex__", "__index__", "tolist", "numpy", "__array__"}
_GRADIENTS = ("grad", "_grad")
_COMPUTED_ATTRIBUTES = {"T", "mT", "H", "mH", "real", "imag", "data"}
_NOTHING = {
    "__repr__", "__str__", "__format__", "__len__", "__bool__", "__hash__", "__contains__", "__dir__",
    "size", "dim", "ndimension", "numel", "nelement", "stride", "storage_offset", "data_ptr", "element_size",
    "untyped_storage", "storage", "get_device", "is_floating_point", "is_complex", "is_contiguous", "is_signed",
    "is_inference", "register_post_accumulate_grad_hook", "_is_view", "has_names", "is_pinned",
    "_set_grad_enabled", "_record_function_enter_new", "_record_function_exit._RecordFunction", "__deepcopy__",
    "__reduce_ex__", "__setstate__", "is_shared", "share_memory_", "type", "is_conj", "is_neg", "is_same_size",
    "result_type", "can_cast", "get_default_dtype", "set_default_dtype", "manual_seed",
}  # fmt: skip


def kind_of(function: Function) -> Kind:
    """The kind of a torch function, told from the function object alone."""
    name = getattr(function, "__name__", "")
    if isinstance(function, type):
        return Kind.OPERATION
    if name == "__get__":
        return _getter(_attribute(function))
    if name == "__set__":
        return _setter(_attribute(function))
    if name == "__delete__":
        return Kind.GRAD_SETTER if _attribute(function) in _GRADIENTS else Kind.NOTHING
    if function is torch.Tensor.backward:
        return Kind.BACKWARD
    if function is torch.autograd.backward:
        return Kind.AUTOGRAD_BACKWARD
    if function is torch.autograd.grad:
        return Kind.AUTOGRAD_GRAD
    if name in ("requires_grad_", "retain_grad"):
        return Kind.REQUIRES_GRAD if name == "requires_grad_" else Kind.RETAIN_GRAD
    if function is torch.Tensor.register_hook:
        return Kind.HOOK
    if name in _PLAIN_NUMBERS:
        return Kind.PLAIN_NUMBER
    return Kind.NOTHING if name in _NOTHING else Kind.OPERATION


def _attribute(function: Function) -> str:
    return str(getattr(getattr(function, "__self__", None), "__name__", ""))


def _getter(attribute: str) -> Kind:
    if attribute in _GRADIENTS:
        return Kind.GRAD_GETTER
    return Kind.OPERATION if attribute in _COMPUTED_ATTRIBUTES else Kind.GETTER


def _setter(attribute: str) -> Kind:
    match attribute:
        case "requires_grad":
            return Kind.REQUIRES_GRAD
        case "grad" | "_grad":
            return Kind.GRAD_SETTER
        case "data":
            return Kind.DATA_SETTER
    return Kind.NOTHING


def qualified_name(function: Function) -> str:
    """`torch.Tensor.__pow__`, `torch.nn.functional.linear`, `Square.apply`."""
    if getattr(function, "__name__", "") == "__get__":
        return f"torch.Tensor.{_attribute(function)}"
    if isinstance(function, type):
        return f"{function.__qualname__}.apply"
    resolved = _resolved(function)
    if resolved is not None:
        return resolved
    name = f"torch.{getattr(function, '__qualname__', getattr(function, '__name__', str(function)))}"
    return _PUBLIC.get(name, name)


_PUBLIC = {
    f"torch._VariableFunctionsClass._{name}": f"torch.autograd.forward_ad.{name}"
    for name in ("make_dual", "unpack_dual")
}


def _resolved(function: Function) -> str | None:
    """torch's own `resolve_name`, called plainly: the public one resets Python's memory of the warnings shown."""
    names: Callable[[Function], str | None] = getattr(resolve_name, "__wrapped__", resolve_name)
    found = names(function)
    return None if found is None else str(found)


get_overridable_functions()  # Fills torch's own cache, while nobody's warnings can be disturbed.


def plain_name(function: Function) -> str:
    """The name that a call is written with: `relu`, `apply`."""
    if isinstance(function, type) and issubclass(function, torch.autograd.Function):
        return "apply"
    return str(getattr(function, "__name__", ""))


def may_write(function: Function) -> bool:
    """torch's own convention: `add_`, `__iadd__`, `__setitem__` write to their first argument."""
    name = getattr(function, "__name__", "")
    if name.startswith("__"):
        return name == "__setitem__" or name in _IN_PLACE
    return name.endswith("_")


def is_reflected(function: Function) -> bool:
    """`1 - y` calls y's `__rsub__`: the operands are written the other way round."""
    return getattr(function, "__name__", "") in _REFLECTED


_OPERATORS = ("add", "sub", "mul", "div", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_REFLECTED = {f"__r{name}__" for name in _OPERATORS}
_IN_PLACE = {f"__i{name}__" for name in _OPERATORS}


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """All that is known of a torch function from the function alone, looked up once."""

    function: Function
    kind: Kind
    name: str
    """Its qualified name."""
    plain: str
    """The name that a call is written with."""
    writes: bool
    """Whether it may write to its first argument."""
    reflected: bool
    shares: bool
    """Whether its result lies in its argument's memory without being its view."""
    silent: bool
    """Whether a call of it leaves no trace."""
    computes: bool
    """Whether a call of it is an operation."""
    makes: bool
    """Whether it gives what stays in torch."""
    whole: str | None = None
    """How it was made one operation of many: "compile", "script"."""


def traits_of(
    function: Function, *, kind: Kind | None = None, name: str | None = None, whole: str | None = None
) -> Traits:
    """`kind` and `name` where they are others than the function's own."""
    kind = kind_of(function) if kind is None else kind
    silent = kind in (Kind.NOTHING, Kind.GETTER)
    name = "" if silent else qualified_name(function) if name is None else name
    return Traits(
        function=function,
        kind=kind,
        name=name,
        plain=plain_name(function),
        writes=may_write(function),
        reflected=is_reflected(function),
        shares=name in _SHARING,
        silent=silent,
        computes=kind in (Kind.OPERATION, Kind.PLAIN_NUMBER),
        makes=kind is Kind.OPERATION,
        whole=whole,
    )


_SHARING = frozenset({"torch.Tensor.detach", "torch.Tensor.data", "torch.detach", "torch.Tensor.detach_"})


ByAddress = Mapping[int, Known]
"""The living tensors that have an id."""


def argument_texts(
    arguments: Sequence[object], keywords: Mapping[str, object], by_address: ByAddress
) -> list[str]:
    """How each argument reads: `#3` for tensor 3, a short repr of plain values, the type's name of anything else."""
    texts = []
    for value in arguments:
        if type(value) in NUMBERS:
            texts.append(repr(value))
        elif (known := by_address.get(id(value))) is not None:
            texts.append(f"#{known.id}")
        else:
            texts.append(_text(value, by_address))
    if keywords:
        texts.extend(f"{name}={_text(value, by_address)}" for name, value in keywords.items())
    return texts


def _text(value: object, by_address: ByAddress) -> str:
    kind = type(value)
    if isinstance(value, torch.Tensor):
        known = by_address.get(id(value))
        return "?" if known is None else f"#{known.id}"
    if kind in _PLAIN:
        return repr(value) if kind is not str or len(str(value)) <= 40 else repr(f"{str(value)[:40]}…")
    if isinstance(value, (tuple, list)):
        return _sequence_text(value, by_address)
    if kind in _SPELLED:
        return str(value)
    # Any other repr is the learner's code: it is not run for a label.
    return "..." if value is Ellipsis else f"<{kind.__name__}>"


NUMBERS = frozenset({int, float, bool})
_PLAIN = frozenset({bool, int, float, complex, str, type(None)})
_SPELLED = frozenset({torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size, slice})


def _sequence_text(value: Sequence[object], by_address: ByAddress) -> str:
    parts = [_text(part, by_address) for part in value[:8]]
    if len(value) > 8:
        parts.append("…")
    opening, closing = ("[", "]") if isinstance(value, list) else ("(", ")")
    return (
        opening + ", ".join(parts) + ("," if isinstance(value, tuple) and len(value) == 1 else "") + closing
    )
