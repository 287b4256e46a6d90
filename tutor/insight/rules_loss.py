"""Rules of loss functions: how far each prediction is off, shared out over the elements.

Source of every formula: the entry of that name in PyTorch's tools/autograd/derivatives.yaml.
"""

from __future__ import annotations

import numpy as np

from tutor.i18n import _
from tutor.insight.local import Floats, Local, Rule, Use, atom

_MEAN = 1


def _share(use: Use) -> float:
    """1/n where the loss is the mean over its n elements, else 1 (reduction: 0 none, 1 mean, 2 sum)."""
    count = int(np.prod(use.operand(0).shape)) or 1
    return 1.0 / count if int(use.number("reduction", 1.0)) == _MEAN else 1.0


def _over(use: Use) -> str:
    share = _share(use)
    return "" if share == 1.0 else f"/{round(1 / share)}"


def _mse(use: Use, at: int) -> Local:
    """mse_loss: 2 * (self - target) / n * grad; target: the same with the other sign."""
    a, b = use.operand(0), use.operand(1)
    mine, other = (a, b) if at == 0 else (b, a)
    rule = f"2·({mine.text} − {atom(other.text)}){_over(use)}"
    value = _difference(mine.value, other.value, 2 * _share(use))
    return Local(f"∂MSE/∂{atom(mine.text)}", rule, value, hidden=a.hidden or b.hidden)


def _l1(use: Use, at: int) -> Local:
    """l1_loss: sign(self - target) / n * grad (torch makes it of abs(self - target))."""
    a, b = use.operand(0), use.operand(1)
    mine, other = (a, b) if at == 0 else (b, a)
    known = _difference(mine.value, other.value, 1.0)
    value = None if known is None else np.sign(known) * _share(use)
    return Local(f"∂L1/∂{atom(mine.text)}", f"sign({mine.text} − {atom(other.text)}){_over(use)}", value)


def _difference(mine: Floats | None, other: Floats | None, factor: float) -> Floats | None:
    if mine is None or other is None:
        return None
    return np.asarray((mine - other) * factor, dtype=np.float64)


def _bce_with_logits(use: Use, at: int) -> Local | None:
    """binary_cross_entropy_with_logits: (sigmoid(self) - target) / n * grad."""
    if at != 0:
        return None
    x, target = use.operand(0), use.operand(1)
    known = x.value is not None and target.value is not None
    value = (1 / (1 + np.exp(-x.value)) - target.value) * _share(use) if known else None  # type: ignore[operator]
    rule = f"(σ({x.text}) − {atom(target.text)}){_over(use)}"
    return Local(f"∂BCE/∂{atom(x.text)}", rule, value, hidden=x.hidden)


def _bce(use: Use, at: int) -> Local | None:
    """binary_cross_entropy: (self - target) / (self * (1 - self)) / n * grad."""
    if at != 0:
        return None
    p, target = use.operand(0), use.operand(1)
    known = p.value is not None and target.value is not None
    value = (p.value - target.value) / (p.value * (1 - p.value)) * _share(use) if known else None  # type: ignore[operator]
    text = atom(p.text)
    return Local(
        f"∂BCE/∂{text}", f"({p.text} − {atom(target.text)})/({text}·(1 − {text})){_over(use)}", value
    )


def _nll(use: Use, at: int) -> Local | None:
    """nll_loss: -grad / n at each row's target, zero elsewhere."""
    return Local(
        _("only the right class of each row counts"),
        _("−1/rows there, 0 elsewhere"),
        None,
        "formula",
        _at_target(use),
    )


def _at_target(use: Use) -> Floats | None:
    scores, target = use.operand(0), use.operand(1)
    if target.value is None or use.received is None or len(scores.shape) != 2 or use.received.ndim:
        return None
    rows, classes = scores.shape
    whole = np.zeros(scores.shape)
    wanted = target.value.reshape(-1).astype(int)
    if wanted.size != rows or wanted.min() < 0 or wanted.max() >= classes:
        return None
    share = 1.0 / rows if int(use.number("reduction", 1.0)) == _MEAN else 1.0
    whole[np.arange(rows), wanted] = -share * use.received
    return whole


LOSSES: dict[str, Rule] = {
    "MseLoss": _mse,
    "L1Loss": _l1,
    "BinaryCrossEntropyWithLogits": _bce_with_logits,
    "BinaryCrossEntropy": _bce,
    "NllLoss": _nll,
    "NllLossNd": _nll,
}
