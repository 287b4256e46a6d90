"""The language around tensors: closures, generators, classes, exec, context managers, exceptions, recursion."""

PROGRAMS = {
    "closures, recursion, lambdas, partials": """\
import functools
import operator
import torch
def power(x, n):
    return x if n == 1 else x * power(x, n - 1)
def scaled(factor):
    count = 0
    def inner(t):
        nonlocal count
        count += 1
        return t * factor * count
    return inner
x = torch.tensor([1.0, 2.0], requires_grad=True)
double = scaled(2)
y = power(double(x) + double(x), 4)
z = functools.reduce(torch.mul, [x, y, x + 1])
w = list(map(functools.partial(torch.add, alpha=3), [x, x], [y, z]))
v = (lambda t, *rest, **named: t + sum(rest) + named["k"])(x, y, z, k=w[0])
u = functools.reduce(operator.matmul, [v, v])
t = operator.itemgetter(0)(x) + operator.methodcaller("sum")(x)
(u + t).backward()
""",
    "comprehensions, generators, unpacking, match": """\
import torch
ws = [torch.full((2,), float(i), requires_grad=True) for i in range(4)]
table = {f"w{i}": w * i for i, w in enumerate(ws)}
squares = (w * w for w in ws)
total = sum(s.sum() for s in squares)
first, *middle, last = ws
def walk():
    received = yield first
    while received is not None:
        received = yield received * 2
steps = walk()
next(steps)
a = steps.send(first + 1)
b = steps.send(a)
steps.close()
match [first, last]:
    case [torch.Tensor() as p, torch.Tensor() as q] if (n := (p + q).sum()) is not None:
        c = n * 2
nested = [[x * y for x in ws] for y in ws][1][2]
def delegates():
    yield from (w * 3 for w in ws)
d, e, *_ = delegates()
f = [g for w in ws if (g := w.sum() * 2) > 1]
chained = x if (x := ws[0]) is not None else None
(total + b.sum() + c + nested.sum() + d.sum() + e.sum() + sum(f)).backward()
del first, last
print([w.grad for w in ws], table["w3"])
""",
    "classes of all kinds": """\
import dataclasses
import enum
import torch
from typing import NamedTuple
@dataclasses.dataclass
class Point:
    x: torch.Tensor
    y: torch.Tensor = dataclasses.field(default_factory=lambda: torch.ones(2))
    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)
    @property
    def norm(self):
        return (self.x**2 + self.y**2).sqrt()
@dataclasses.dataclass(frozen=True, slots=True)
class Fixed:
    w: torch.Tensor
class Pair(NamedTuple):
    a: torch.Tensor
    b: torch.Tensor
class Meta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.extra = made.w * 2
        return made
class Made(metaclass=Meta):
    def __init__(self, w):
        self.w = w
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.w.sum()
    def __call__(self, x):
        return self.w * x
    def __getitem__(self, i):
        return self.w[i]
class Color(enum.Enum):
    RED = 1
w = torch.tensor([1.0, 2.0], requires_grad=True)
p = Point(w) + Point(w * 2)
fixed, pair, made = Fixed(w), Pair(w, w * 3), Made(w)
loss = p.norm.sum() + fixed.w.sum() + pair.b.sum() + made(w).sum() + made.anything + made[0] + made.extra.sum()
loss.backward()
again = dataclasses.replace(p, x=w)
print(again.norm, w.grad)
""",
    "exec, eval, compile, imports": """\
import sys
import types
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = eval("x * 2 + 1")
scope = {"torch": torch, "x": x}
exec("def f(t):\\n    return (t * t).sum()\\nz = f(x)", scope)
exec(compile("w = x.sin()", "elsewhere", "exec"))
module = types.ModuleType("made_up")
exec("import torch\\ndef g(t):\\n    return t.exp()", module.__dict__)
sys.modules["made_up"] = module
import made_up
v = made_up.g(x)
(y.sum() + scope["z"] + w.sum() + v.sum()).backward()
del sys.modules["made_up"], module, made_up, scope
""",
    "decorators and context managers": """\
import contextlib
import functools
import torch
log = []
def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        log.append(function.__name__)
        try:
            return function(*args, **kwargs)
        finally:
            log.append("done")
    return wrapper
class scope:
    def __enter__(self):
        self.t = torch.ones(2, requires_grad=True)
        return self.t
    def __exit__(self, kind, error, trace):
        log.append(kind and kind.__name__)
        (self.t * 2).sum().backward()
        return kind is ValueError
@contextlib.contextmanager
def doubled(t):
    yield t * 2
    log.append("closed")
@logged
@functools.lru_cache
def constant(n):
    return torch.full((2,), float(n))
with scope() as t, doubled(t) as d:
    e = d * constant(3) + constant(3)
    raise ValueError
with contextlib.suppress(RuntimeError):
    torch.ones(2) @ torch.ones(3)
with contextlib.ExitStack() as stack:
    stack.callback(log.append, "called back")
    f = stack.enter_context(doubled(t))
print(log, t.grad, constant.__wrapped__.cache_info().hits)
""",
    "exceptions in all places": """\
import torch
log = []
x = torch.ones(2, requires_grad=True)
def fails(t):
    y = t * 2
    raise LookupError(str(y.shape))
for attempt in range(2):
    try:
        try:
            fails(x)
        except LookupError as error:
            (x * 2).sum().backward()
            raise ValueError("second") from error
        finally:
            log.append((x * attempt).sum().item())
    except* ValueError as group:
        log.append([str(e.__cause__) for e in group.exceptions])
    else:
        log.append("else")
class Stop(BaseException):
    pass
try:
    with torch.no_grad():
        raise Stop
except Stop:
    log.append(torch.is_grad_enabled())
def hook(g):
    raise SystemExit(3)
y = x * 2
y.register_hook(hook)
try:
    y.sum().backward()
except SystemExit as error:
    log.append(error.code)
assert (x > 0).all(), "positive"
print(log, x.grad)
raise RuntimeError("at the end")
""",
    "recursion, many names, long lines": """\
import sys
import torch
def deep(x, n):
    if n == 0:
        return x * 1
    return deep(x + 1, n - 1)
x = torch.ones(1, requires_grad=True)
y = deep(x, 150)
y.backward()
a = b = c = (x * 2)
d, (e, [f, g]) = x + 1, (x + 2, [x + 3, x + 4])
h = x + 1 if x.sum() > 5 else x * 2 if x.sum() > 0 else x
i = (((((x * 1) + 2) * 3) + 4) * 5) + (x - 1) * (x - 2) * (x - 3) / (x + 1) ** 2 % 3
é = x * 7; ñandú = é + 1; 变量 = ñandú * 2
(a + d + e + f + g + h + i + 变量).sum().backward()
print(x.grad)
""",
}
