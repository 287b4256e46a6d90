"""Rules of elementwise operations: the gradient received is multiplied, element by element, by the local derivative.

Source of every formula: the entry of that name in PyTorch's tools/autograd/derivatives.yaml, and FunctionsManual.cpp.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tutor.insight.local import Floats, Local, Operand, Rule, Use, atom
from tutor.trace.values import cell

_SUPERSCRIPTS = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")
_erf = np.vectorize(math.erf, otypes=[np.float64])


def partial(expression: str, variable: Operand) -> str:
    return f"∂({expression})/∂{atom(variable.text)}"


def _constant(number: float) -> Floats:
    return np.asarray(number, dtype=np.float64)


# ------------------------------------------------------------------ two operands


def _add(use: Use, at: int) -> Local:
    """add: self: grad, other: grad * alpha."""
    a, b = use.operand(0), use.operand(1)
    factor = use.number("alpha", 1.0) if at == 1 else 1.0
    return Local(partial(f"{a.text} + {b.text}", use.operand(at)), cell(factor), _constant(factor))


def _sub(use: Use, at: int) -> Local:
    """sub: self: grad, other: -grad * alpha."""
    a, b = use.operand(0), use.operand(1)
    factor = -use.number("alpha", 1.0) if at == 1 else 1.0
    return Local(partial(f"{a.text} − {atom(b.text)}", use.operand(at)), cell(factor), _constant(factor))


def _rsub(use: Use, at: int) -> Local:
    """rsub: self: -grad * alpha (`1 - x` is torch.rsub(x, 1))."""
    a, b = use.operand(0), use.operand(1)
    factor = -use.number("alpha", 1.0) if at == 0 else 1.0
    return Local(partial(f"{b.text} − {atom(a.text)}", use.operand(at)), cell(factor), _constant(factor))


def _mul(use: Use, at: int) -> Local:
    """mul: self: grad * other, other: grad * self."""
    a, b = use.operand(0), use.operand(1)
    other = b if at == 0 else a
    first, second = (b, a) if not b.shape and b.text[:1].isdigit() else (a, b)
    of = partial(f"{atom(first.text)}·{atom(second.text)}", use.operand(at))
    return Local(of, other.text, other.value, hidden=other.hidden)


def _div(use: Use, at: int) -> Local:
    """div: self: grad / other, other: -grad * (self / other) / other."""
    a, b = use.operand(0), use.operand(1)
    of = partial(f"{atom(a.text)}/{atom(b.text)}", use.operand(at))
    if at == 0:
        value = None if b.value is None else 1.0 / b.value
        return Local(of, f"1/{atom(b.text)}", value, hidden=b.hidden)
    value = None if a.value is None or b.value is None else -a.value / b.value**2
    return Local(of, f"−{atom(a.text)}/{atom(b.text)}²", value, hidden=a.hidden or b.hidden)


def _pow(use: Use, at: int) -> Local | None:
    """pow(Tensor, Scalar): self: grad * exponent * self ** (exponent - 1)."""
    a = use.operand(0)
    exponent = use.number("exponent", math.nan)
    if math.isnan(exponent):
        return _pow_tensor(use, at)
    text = atom(a.text)
    of = partial(f"{text}{_raised(exponent)}", a)
    value = None if a.value is None else exponent * a.value ** (exponent - 1)
    rule = f"{cell(exponent)}·{text}" + (_raised(exponent - 1) if exponent != 2 else "")
    return Local(of, rule, value, hidden=a.hidden)


def _pow_tensor(use: Use, at: int) -> Local | None:
    """pow(Tensor, Tensor) and pow(Scalar, Tensor): base: b·a^(b-1), exponent: a^b·ln a."""
    a, b = use.operand(0), use.operand(1)
    of = partial(f"{atom(a.text)}^{atom(b.text)}", use.operand(at))
    if a.value is None or b.value is None:
        return None
    if at == 0:
        rule = f"{atom(b.text)}·{atom(a.text)}^({b.text}−1)"
        return Local(of, rule, b.value * a.value ** (b.value - 1), hidden=a.hidden or b.hidden)
    rule = f"{atom(a.text)}^{atom(b.text)}·ln {atom(a.text)}"
    return Local(of, rule, a.value**b.value * np.log(a.value), hidden=a.hidden or b.hidden)


def _raised(exponent: float) -> str:
    return cell(exponent).replace("−", "-").translate(_SUPERSCRIPTS)


def _larger(use: Use, at: int) -> Local:
    """maximum: grad where this one is larger, half of it where both are equal."""
    return _chosen(use, at, "max", lambda a, b: np.where(a > b, 1.0, np.where(a == b, 0.5, 0.0)))


def _smaller(use: Use, at: int) -> Local:
    """minimum: grad where this one is smaller, half of it where both are equal."""
    return _chosen(use, at, "min", lambda a, b: np.where(a < b, 1.0, np.where(a == b, 0.5, 0.0)))


def _chosen(use: Use, at: int, name: str, choose: Callable[[Floats, Floats], Floats]) -> Local:
    mine, other = use.operand(at), use.operand(1 - at)
    known = mine.value is not None and other.value is not None
    value = choose(mine.value, other.value) if known else None  # type: ignore[arg-type]
    of = f"∂{name}({use.operand(0).text}, {use.operand(1).text})/∂{atom(mine.text)}"
    sign = ">" if name == "max" else "<"
    return Local(of, f"[{mine.text} {sign} {other.text}]", value, hidden=mine.hidden or other.hidden)


def _where(use: Use, at: int) -> Local:
    """where: self: where(condition, grad, 0), other: where(condition, 0, grad)."""
    condition, mine = use.operand(0), use.operand(at + 1)
    chosen = condition.value
    value = None if chosen is None else (chosen if at == 0 else 1.0 - chosen)
    rule = f"[{condition.text}]" if at == 0 else f"1 − [{condition.text}]"
    return Local(partial(f"where({condition.text}, …)", mine), rule, value, hidden=condition.hidden)


# ------------------------------------------------------------------ one operand


def _one(
    function: str, rule: str, derivative: Callable[[Floats], Floats], *, of_result: bool = False
) -> Rule:
    """A function of one operand, its derivative written in `a` (the operand) or `y` (the result)."""

    def local(use: Use, at: int) -> Local:
        operand = use.operand(0)
        source = use.result if of_result else operand
        value = None if source.value is None else np.asarray(derivative(source.value), dtype=np.float64)
        text = atom(operand.text)
        return Local(
            f"∂({function.format(a=text)})/∂{text}",
            rule.format(a=text, y=use.result.text),
            value,
            hidden=source.hidden,
        )

    return local


def _leaky_relu(use: Use, at: int) -> Local:
    """leaky_relu: grad where self > 0, else grad * negative_slope."""
    a, slope = use.operand(0), use.number("negative_slope", 0.01)
    value = None if a.value is None else np.where(a.value > 0, 1.0, slope)
    return Local(
        f"∂leaky_relu({a.text})/∂{atom(a.text)}",
        f"[{a.text} > 0 ? 1 : {cell(slope)}]",
        value,
        hidden=a.hidden,
    )


def _elu(use: Use, at: int) -> Local:
    """elu: grad where self > 0, else grad * alpha * exp(self)."""
    a, alpha = use.operand(0), use.number("alpha", 1.0)
    value = None if a.value is None else np.where(a.value > 0, 1.0, alpha * np.exp(a.value))
    return Local(f"∂elu({a.text})/∂{atom(a.text)}", f"[{a.text} > 0 ? 1 : eˣ]", value, hidden=a.hidden)


def _clamp(use: Use, at: int) -> Local:
    """clamp: grad where min <= self <= max, else 0."""
    a = use.operand(0)
    low, high = use.number("min", -math.inf), use.number("max", math.inf)
    value = None if a.value is None else np.where((a.value >= low) & (a.value <= high), 1.0, 0.0)
    rule = f"[{cell(_word(low))} ≤ {a.text} ≤ {cell(_word(high))}]"
    return Local(f"∂clamp({a.text})/∂{atom(a.text)}", rule, value, hidden=a.hidden)


def _word(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)


def _gelu(use: Use, at: int) -> Local:
    """gelu: Φ(x) + x·φ(x), Φ and φ the normal distribution and its density (approximate='none')."""
    a = use.operand(0)
    value = None
    if a.value is not None:
        density = np.exp(-(a.value**2) / 2) / math.sqrt(2 * math.pi)
        value = 0.5 * (1 + _erf(a.value / math.sqrt(2))) + a.value * density
    return Local(
        f"∂gelu({a.text})/∂{atom(a.text)}",
        f"Φ({a.text}) + {atom(a.text)}·φ({a.text})",
        value,
        hidden=a.hidden,
    )


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)), dtype=np.float64)


def _silu(x: Floats) -> Floats:
    s = _sigmoid(x)
    return np.asarray(s * (1 + x * (1 - s)), dtype=np.float64)


def _same(use: Use, at: int) -> Local:
    """clone, to, contiguous: grad."""
    return Local(partial(use.operand(0).text, use.operand(0)), "1", _constant(1.0))


ELEMENTWISE: dict[str, Rule] = {
    "Add": _add,
    "Sub": _sub,
    "Rsub": _rsub,
    "Mul": _mul,
    "Div": _div,
    "Pow": _pow,
    "Maximum": _larger,
    "Minimum": _smaller,
    "Where": _where,
    "LeakyRelu": _leaky_relu,
    "Elu": _elu,
    "Clamp": _clamp,
    "ClampMin": _clamp,
    "ClampMax": _clamp,
    "Gelu": _gelu,
    "Clone": _same,
    "ToCopy": _same,
    "Neg": _one("−{a}", "−1", lambda x: np.full_like(x, -1.0)),
    "Exp": _one("e^{a}", "e^{a} = {y}", lambda y: y, of_result=True),
    "Exp2": _one("2^{a}", "2^{a}·ln 2", lambda y: y * math.log(2), of_result=True),
    "Expm1": _one("e^{a} − 1", "e^{a}", lambda y: y + 1, of_result=True),
    "Log": _one("ln {a}", "1/{a}", lambda x: 1 / x),
    "Log2": _one("log₂ {a}", "1/({a}·ln 2)", lambda x: 1 / (x * math.log(2))),
    "Log10": _one("log₁₀ {a}", "1/({a}·ln 10)", lambda x: 1 / (x * math.log(10))),
    "Log1P": _one("ln(1 + {a})", "1/(1 + {a})", lambda x: 1 / (1 + x)),
    "Log1p": _one("ln(1 + {a})", "1/(1 + {a})", lambda x: 1 / (1 + x)),
    "Sqrt": _one("√{a}", "1/(2·√{a})", lambda y: 1 / (2 * y), of_result=True),
    "Rsqrt": _one("1/√{a}", "−{y}³/2", lambda y: -0.5 * y**3, of_result=True),
    "Reciprocal": _one("1/{a}", "−1/{a}²", lambda y: -(y**2), of_result=True),
    "Sin": _one("sin {a}", "cos {a}", np.cos),
    "Cos": _one("cos {a}", "−sin {a}", lambda x: -np.sin(x)),
    "Tan": _one("tan {a}", "1 + tan² {a}", lambda y: 1 + y**2, of_result=True),
    "Asin": _one("asin {a}", "1/√(1 − {a}²)", lambda x: 1 / np.sqrt(1 - x**2)),
    "Atan": _one("atan {a}", "1/(1 + {a}²)", lambda x: 1 / (1 + x**2)),
    "Sinh": _one("sinh {a}", "cosh {a}", np.cosh),
    "Cosh": _one("cosh {a}", "sinh {a}", np.sinh),
    "Tanh": _one("tanh {a}", "1 − tanh² {a}", lambda y: 1 - y**2, of_result=True),
    "Sigmoid": _one("σ({a})", "σ·(1 − σ)", lambda y: y * (1 - y), of_result=True),
    "LogSigmoid": _one("log σ({a})", "1 − σ({a})", lambda x: 1 - _sigmoid(x)),
    "Relu": _one("relu({a})", "[{a} > 0]", lambda y: np.where(y > 0, 1.0, 0.0), of_result=True),
    "Silu": _one("silu({a})", "σ·(1 + {a}·(1 − σ))", _silu),
    "Softplus": _one("softplus({a})", "σ({a})", _sigmoid),
    "Erf": _one("erf({a})", "2/√π·e^(−{a}²)", lambda x: 2 / math.sqrt(math.pi) * np.exp(-(x**2))),
    "Abs": _one("|{a}|", "sign {a}", np.sign),
    "Sign": _one("sign {a}", "0", np.zeros_like),
    "Floor": _one("⌊{a}⌋", "0", np.zeros_like),
    "Ceil": _one("⌈{a}⌉", "0", np.zeros_like),
    "Round": _one("round({a})", "0", np.zeros_like),
}
