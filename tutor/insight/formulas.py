"""What each grad_fn node multiplies by: its local derivative, in symbols and in this run's numbers.

The rules are those of PyTorch's tools/autograd/derivatives.yaml; each says which lines. A number is shown only where
it, times what the node received, gives what torch passed on.
"""

from __future__ import annotations

import numpy as np

from tutor.insight.local import Local, Rule, Use, base_name
from tutor.insight.rules_elementwise import ELEMENTWISE
from tutor.insight.rules_loss import LOSSES
from tutor.insight.rules_matrix import MATRICES
from tutor.insight.rules_shape import SHAPES

RULES: dict[str, Rule] = {**ELEMENTWISE, **SHAPES, **MATRICES, **LOSSES}


def local_derivative(use: Use, output: int) -> Local | None:
    """The rule for the gradient to the node's `output`-th next function; None where none is known."""
    if any(size < 0 for operand in use.operands for size in operand.shape):
        return None  # The sizes of a nested tensor vary from part to part.
    rule = RULES.get(base_name(use.name))
    with np.errstate(all="ignore"):
        return rule(use, output) if rule else None
