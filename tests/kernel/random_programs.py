"""Programs that nobody wrote, as source text over 2×2 tensors: what hypothesis draws them from."""

from __future__ import annotations

from hypothesis import strategies as st

LEAVES = ("a", "b", "c")
OTHERS = ("d", "e", "f")

_leaves = st.sampled_from(LEAVES)
_others = st.sampled_from(OTHERS)
_names = st.sampled_from((*LEAVES, *OTHERS))
_unary = st.sampled_from(
    [
        *(
            "{x} * {x}",
            "torch.sin({x})",
            "{x}.exp().clamp(max=9)",
            "2 - {x}",
            "{x}.t()",
            "{x}.clone()",
            "-{x}",
        ),
        *(
            "{x}[0] + {x}[:, 1]",
            "({x} + 1) * ({x} - 1)",
            "abs({x})",
            "{x}.view(4).view(2, 2)",
            "1 / (2 + {x}**2)",
        ),
    ]
)
_binary = st.sampled_from(
    [
        *("{x} + {y}", "{x} * {y}", "{x} @ {y}", "{x} - 0.5 * {y}", "torch.where({x} > 0, {x}, {y})"),
        *(
            "mixed({x}, {y})",
            "torch.cat([{x}, {y}])[1:3]",
            "torch.stack([{x}, {y}]).sum(0)",
            "{x}.lerp({y}, 0.25)",
        ),
    ]
)
_in_place = st.sampled_from(
    [
        "{x}.mul_(2)",
        "{x}.add_({y})",
        "{x}[0] = {y}[1]",
        "{x} += {y}",
        "{x}.view(-1)[0] = 3",
        "{x}.t()[1].neg_()",
    ]
)
_hooks = st.sampled_from(["lambda g: g * 2", "lambda g: None", "lambda g: g.clamp(-1, 1)", "print_norm"])

HEAD = """\
import torch
torch.manual_seed(1)
def mixed(p, q):
    r = p * 0.5 + q
    s = r.tanh()
    return s - q
def print_norm(g):
    print(g.abs().sum().item())
"""


@st.composite
def _statements(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """One statement, as lines. Whatever may raise is for the program to find out."""
    target, x, y, leaf = draw(_others), draw(_names), draw(_names), draw(_leaves)
    kinds = [
        *(
            "unary",
            "binary",
            "in place",
            "backward",
            "no_grad",
            "detach",
            "split",
            "hook",
            "flip",
            "grad",
            "second",
        ),
        *("retain", "view", "zero", "update", *(["loop", "call"] if not depth else [])),
    ]
    match draw(st.sampled_from(kinds)):
        case "unary":
            return [f"{target} = " + draw(_unary).format(x=x)]
        case "binary":
            return [f"{target} = " + draw(_binary).format(x=x, y=y)]
        case "in place":
            return [f"{target} = {x} * 1", draw(_in_place).format(x=target, y=y)]
        case "view":
            return [
                f"{target} = {x} + 0",
                f"part = {target}[1]",
                "part.mul_(3)",
                f"{target} = {target} * part",
            ]
        case "backward":
            kept = draw(st.booleans())
            return [f"if {x}.requires_grad:", f"    ({x} * {y}).sum().backward(retain_graph={kept})"]
        case "no_grad":
            return ["with torch.no_grad():", f"    {target} = " + draw(_binary).format(x=x, y=y)]
        case "detach":
            return [f"{target} = {x}.detach() * {y}"]
        case "hook":
            return [f"if {x}.requires_grad:", f"    {x}.register_hook({draw(_hooks)})"]
        case "flip":
            return [f"{leaf}.requires_grad_({draw(st.booleans())})"]
        case "retain":
            return [f"{target} = {x} * 1", f"if {target}.requires_grad:", f"    {target}.retain_grad()"]
        case "zero":
            return [f"{leaf}.grad = None"]
        case "update":
            return [
                "with torch.no_grad():",
                f"    if {leaf}.grad is not None:",
                f"        {leaf} -= 0.1 * {leaf}.grad",
            ]
        case "grad":
            return [
                f"if {x}.requires_grad and {leaf}.requires_grad:",
                f"    (g,) = torch.autograd.grad({x}.sum(), {leaf}, allow_unused=True, retain_graph=True)",
            ]
        case "second":
            return [
                f"if {leaf}.requires_grad:",
                f"    (g,) = torch.autograd.grad(({leaf}**3).sum(), {leaf}, create_graph=True)",
                f"    {target} = g * {y}",
            ]
        case "loop":
            body = draw(_statements(depth=1))
            return [f"for turn in range({draw(st.integers(1, 3))}):", *("    " + line for line in body)]
        case "call":
            body = draw(_statements(depth=1))
            declared = "    global " + ", ".join(dict.fromkeys([target, *LEAVES, *OTHERS]))
            return ["def run():", declared, *("    " + line for line in body), "run()"]
        case _:
            return [f"first, second = {x}.unbind()", f"{target} = torch.stack([second, first * 2])"]


@st.composite
def programs(draw: st.DrawFn) -> str:
    lines = [HEAD.rstrip()]
    for name in LEAVES:
        lines.append(f"{name} = torch.randn(2, 2, requires_grad={draw(st.booleans())})")
    lines += ["d, e, f = a * 1, b + 0, c * b"]
    for block in draw(st.lists(_statements(), min_size=1, max_size=10)):
        lines += block
    return "\n".join(lines) + "\n"
