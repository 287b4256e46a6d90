"""Weak references to tensors that can be told from the learner's own: what `torch.utils.swap_tensors` must not see."""

from __future__ import annotations

import weakref

import torch


class Watch(weakref.ref[torch.Tensor]):
    """A weak reference of the recorder's. (A plain `weakref.ref` is one object for all who ask.)"""

    __slots__ = ()
