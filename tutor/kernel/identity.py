"""Which tensor is which: small sequential ids that live as long as the tensor, its versions, and who shares its memory."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import count
from typing import TypeGuard, TypeVar, cast

import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.bare import PLAIN, bare
from tutor.kernel.budget import Outlet, size
from tutor.kernel.capture import capture, grad_of
from tutor.kernel.looked import Looked
from tutor.kernel.nodes import known_node
from tutor.kernel.shapes import shape_of
from tutor.kernel.transforms import are_active, batch, mapped
from tutor.kernel.watch import Watch
from tutor.protocol import Data, NodeId, Tensor, TensorId, Value

T = TypeVar("T")
_MOST_LENT = 32
_UNTRUE = -1
"""No version that a tensor has."""


class Known(weakref.ref[torch.Tensor]):
    """A weak reference to a tensor that has an id, with what was last seen of it."""

    __slots__ = ("address", "dtype", "id", "shape", "step", "storage", "tracked", "version")

    id: TensorId
    address: int
    version: int
    storage: int
    step: int
    tracked: bool
    shape: list[int]
    dtype: torch.dtype


class Tensors:
    """The tensors that were seen. Everything here runs with torch functions disabled."""

    def __init__(self, outlet: Outlet, token: object) -> None:
        self._outlet = outlet
        self._token = token
        self._put = outlet.put
        self._limits = outlet.limits
        self._ids = cast("Iterator[TensorId]", count())
        self.looked = Looked()
        """What gradients have shown. Between two operations memory may be written that knows no version, as NumPy does."""
        self.by_address: dict[int, Known] = {}
        """The living tensors that have an id, by Python's address."""
        self._by_storage: dict[int, Known | list[Known]] = {}
        """The tensors of each memory: one, as nearly always, or several, the oldest first."""
        self.dead: list[TensorId] = []
        """Those that died since somebody last looked here."""
        self.met: Callable[[Known, torch.Tensor], None] = lambda known, tensor: None
        """Told of each tensor that comes from elsewhere than a recorded operation."""
        self.lent: dict[TensorId, tuple[Known, Data]] = {}
        """Small tensors whose memory others hold too, as NumPy does, with the values last seen: they are looked at anew."""
        self._gone = self._forget
        self._grad_owners: dict[int, tuple[weakref.ref[torch.Tensor], Known]] = {}

    def find(self, tensor: torch.Tensor) -> Known | None:
        known = self.by_address.get(id(tensor))
        return known if known is not None and known() is tensor else None

    def see(self, tensor: torch.Tensor, step: int, *, requires_grad: bool | None = None) -> Known:
        """The tensor as an operand at `step`: born just before it when new, its values brought up to date.

        `requires_grad` is the flag that it had, where that has just been changed.
        """
        known = self.find(tensor)
        if known is None:
            known = self.bear(tensor, step, shares=self._older_alias(tensor), requires_grad=requires_grad)
            self._show_value(known, tensor, step - 1)
            self.met(known, tensor)
            if _is_lent(tensor):
                self.lend(known, tensor)
        elif self.is_written(known, tensor):
            self._show_value(known, tensor, step - 1, *self._moved(known, tensor))
        return known

    def is_written(self, known: Known, tensor: torch.Tensor) -> bool:
        """Whether it was written since it was last looked at; of what is lent only the values can tell."""
        if version(tensor) == known.version:
            return False
        if known.id not in self.lent or self.lent[known.id][1] != capture(tensor, self._limits)[0]:
            return True
        known.version = version(tensor)
        return False

    def lend(self, known: Known, tensor: torch.Tensor) -> None:
        """From now on others may write to it without a new version."""
        if tensor.numel() <= self._limits.elements:
            self.lent[known.id] = known, capture(tensor, self._limits)[0]
            if len(self.lent) > _MOST_LENT:
                del self.lent[next(iter(self.lent))]

    def distrust(self) -> None:
        """A step is over: what is lent may be written before the next."""
        for id, (known, _) in list(self.lent.items()):
            if known() is None:
                del self.lent[id]
            else:
                known.version = _UNTRUE

    def bear(
        self,
        tensor: torch.Tensor,
        step: int,
        *,
        shares: TensorId | None = None,
        requires_grad: bool | None = None,
    ) -> Known:
        """Gives a tensor its id."""
        return self._bear(
            tensor,
            step,
            tracked=bare(tensor).requires_grad if requires_grad is None else requires_grad,
            is_leaf=bare(tensor).is_leaf,
            grad_fn=self._grad_fn(tensor),
            shares=shares,
        )

    def bear_result(
        self, tensor: torch.Tensor, node: AutogradNode | None, step: int, shares: TensorId | None
    ) -> Known:
        """Gives its id to what an operation has made, and tells its values. `node` is its grad_fn."""
        grad_fn = None if node is None else known_node(node, self._token)
        if node is None:
            known = self._bear(
                tensor, step, tracked=bare(tensor).requires_grad, is_leaf=True, grad_fn=None, shares=shares
            )
        else:
            known = self._bear(tensor, step, tracked=True, is_leaf=False, grad_fn=grad_fn, shares=shares)
        self._show_value(known, tensor, step)
        return known

    def _bear(
        self,
        tensor: torch.Tensor,
        step: int,
        *,
        tracked: bool,
        is_leaf: bool,
        grad_fn: NodeId | None,
        shares: TensorId | None,
    ) -> Known:
        known = self.know(tensor, step, tracked=tracked)
        plain = tensor if type(tensor) in PLAIN else bare(tensor)
        self._put(
            Tensor(
                id=known.id,
                name=None,
                shape=known.shape,
                dtype=dtype_name(known.dtype),
                device="cpu" if plain.is_cpu else device_name(plain.device),
                requires_grad=tracked,
                is_leaf=is_leaf,
                grad_fn=grad_fn,
                shares_memory_with=shares,
                batch=batch(tensor) if are_active() else [],
                base=self.base_of(known, tensor) if not are_active() else self._mapped(known, tensor),
                step=step,
            )
        )
        return known

    def know(self, tensor: torch.Tensor, step: int, *, tracked: bool) -> Known:
        """Gives a tensor an id, of which nothing is told yet."""
        known = Known(tensor, self._gone)
        known.id = next(self._ids)
        known.address = address = id(tensor)
        plain = tensor if type(tensor) in PLAIN else bare(tensor)
        try:
            known.version = plain._version
            known.shape = list(plain.size()) if plain is tensor else shape_of(plain)
            memory = plain.untyped_storage().data_ptr()
        except (RuntimeError, NotImplementedError):
            known.version, known.shape, memory = version(tensor), shape_of(plain), storage(tensor)
        known.storage = memory
        known.step = step
        known.tracked = tracked
        known.dtype = plain.dtype
        self.by_address[address] = known
        if memory and self._by_storage.setdefault(memory, known) is not known:
            self._share(known)
        return known

    def base_of(self, known: Known, tensor: torch.Tensor) -> TensorId | None:
        """The tensor of which this one is a view: it lies in the same memory."""
        if not known.storage or self._by_storage[known.storage] is known:
            return None
        base = bare(tensor)._base
        found = None if base is None else self.find(base)
        return None if found is None else found.id

    def _mapped(self, known: Known, tensor: torch.Tensor) -> TensorId | None:
        """What vmap lends to its function is a view of what it was given."""
        inner = mapped(tensor)
        found = self.base_of(known, tensor) if inner is None else self.find(inner)
        return found.id if isinstance(found, Known) else found

    def _grad_fn(self, tensor: torch.Tensor) -> NodeId | None:
        node = None if bare(tensor).is_leaf else bare(tensor).grad_fn
        return None if node is None else known_node(node, self._token)

    def write_value(self, known: Known, tensor: torch.Tensor, step: int) -> None:
        """The tensor was written, perhaps without a new version."""
        self.looked.forget(tensor)
        self._show_value(known, tensor, step, *self._moved(known, tensor))

    def _show_value(
        self,
        known: Known,
        tensor: torch.Tensor,
        step: int,
        shape: list[int] | None = None,
        dtype: str | None = None,
    ) -> None:
        """`shape` and `dtype` are given where they are not those that it was born with."""
        known.version = version(tensor)
        data, stats = capture(tensor, self._limits)
        if known.id in self.lent:
            self.lent[known.id] = known, data
        self._put(
            Value(
                tensor=known.id,
                step=step,
                version=known.version,
                value=data,
                stats=stats,
                shape=shape,
                dtype=dtype,
            ),
            elements=1 if type(data) is float else size(data),
        )

    def _moved(self, known: Known, tensor: torch.Tensor) -> tuple[list[int] | None, str | None]:
        """A write may have given it other memory, another shape or dtype: those, where they are other ones."""
        if storage(tensor) != known.storage:
            self.moved(known, tensor)
        plain = tensor if type(tensor) in PLAIN else bare(tensor)
        shape, dtype = shape_of(plain), plain.dtype
        return (
            None if shape == known.shape else shape,
            None if dtype is known.dtype else dtype_name(dtype),
        )

    # ------------------------------------------------------------ who lies in the same memory

    def _share(self, known: Known) -> None:
        """Takes the tensor in among those of its memory, where there is one already."""
        others = self._by_storage[known.storage]
        if isinstance(others, list):
            others.append(known)
        else:
            self._by_storage[known.storage] = [others, known]

    def moved(self, known: Known, tensor: torch.Tensor) -> None:
        """`.data` was set: the tensor now lies in other memory."""
        self._unshare(known)
        known.storage = storage(tensor)
        if known.storage and self._by_storage.setdefault(known.storage, known) is not known:
            self._share(known)

    def _forget(self, known: Known) -> None:
        if self.by_address.get(known.address) is known:
            del self.by_address[known.address]
        if self._by_storage.get(known.storage) is known:
            del self._by_storage[known.storage]
        else:
            self._unshare(known)
        self.dead.append(known.id)

    def _unshare(self, known: Known) -> None:
        sharers = self._by_storage.get(known.storage)
        if sharers is known:
            del self._by_storage[known.storage]
        elif isinstance(sharers, list):
            sharers[:] = [other for other in sharers if other is not known]
            if not sharers:
                del self._by_storage[known.storage]

    def _sharers(self, memory: int) -> Sequence[Known]:
        sharers = self._by_storage.get(memory, ())
        return (sharers,) if isinstance(sharers, Known) else sharers

    def _older_alias(self, tensor: torch.Tensor) -> TensorId | None:
        """The tensor whose memory this one shares without being its view (a Parameter made of a tensor, `.data`)."""
        sharers = () if bare(tensor)._is_view() else self._sharers(storage(tensor))
        return sharers[0].id if sharers else None

    def aliases(self, known: Known) -> list[tuple[Known, torch.Tensor]]:
        """The other living tensors in the same memory."""
        found = []
        for other in self._sharers(known.storage):
            tensor = other()
            if other is not known and tensor is not None:
                found.append((other, tensor))
        return found

    # ------------------------------------------------------------ where iterations are left out

    def living(self) -> list[tuple[Known, torch.Tensor]]:
        """All that are known and alive, in the order in which they were born."""
        alive = [(known, known()) for known in list(self.by_address.values())]
        return [(known, tensor) for known, tensor in alive if tensor is not None]

    def forget_from(self, first: TensorId) -> None:
        """Those that were born as `first` or later are strangers again, as if they had died."""
        for known in list(self.by_address.values()):
            if known.id >= first:
                self._forget(known)

    # ------------------------------------------------------------ whose gradient a tensor is

    def own_gradient(self, known: Known, gradient: torch.Tensor) -> None:
        """Remembers that `gradient` was read as the known tensor's `.grad`."""
        entry = self._grad_owners.get(id(gradient))
        if entry is None or entry[0]() is not gradient:
            address = id(gradient)
            reference = Watch(gradient, lambda gone: self._disown(address, gone))
            self._grad_owners[address] = (reference, known)

    def _disown(self, address: int, gone: weakref.ref[torch.Tensor]) -> None:
        entry = self._grad_owners.get(address)
        if entry is not None and entry[0] is gone:
            del self._grad_owners[address]

    def owner(self, gradient: torch.Tensor) -> tuple[Known, torch.Tensor] | None:
        """The tensor whose `.grad` this is, while it still is."""
        entry = self._grad_owners.get(id(gradient))
        if entry is None or entry[0]() is not gradient:
            return None
        tensor = entry[1]()
        known = None if tensor is None else self.find(tensor)
        if tensor is None or known is None or grad_of(tensor) is not gradient:
            return None
        return known, tensor


def is_a(value: object, kind: type[T]) -> TypeGuard[T]:
    """As isinstance, without asking the object, whose answer may be the learner's code."""
    return issubclass(type(value), kind)


@cache
def dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


@cache
def device_name(device: torch.device) -> str:
    return str(device)


def version(tensor: torch.Tensor) -> int:
    try:
        return (tensor if type(tensor) in PLAIN else bare(tensor))._version
    except RuntimeError:
        # Inference tensors have none.
        return 0


def storage(tensor: torch.Tensor) -> int:
    """The address of the tensor's memory; 0 where it has none."""
    try:
        return bare(tensor).untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0


def _is_lent(tensor: torch.Tensor) -> bool:
    """Whether its memory is not torch's own: NumPy's, or that of a file or another process."""
    try:
        return not tensor.untyped_storage().resizable()
    except (RuntimeError, NotImplementedError):
        return False
