"""All that Python allows around tensors: closures, classes, generators, tasks, threads, signals, tracing, collection."""

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
    "asynchronous tasks": """\
import asyncio
import torch
log = []
async def work(name, w, delay):
    for step in range(2):
        y = (w * (step + 1)).sum()
        for _ in range(delay):
            await asyncio.sleep(0)
        with torch.no_grad():
            log.append((name, step, torch.is_grad_enabled()))
        y.backward()
        if name == "b":
            with torch.no_grad():
                await asyncio.sleep(0)
    return w.grad
async def numbers():
    for i in range(2):
        yield torch.tensor(float(i), requires_grad=True)
async def main():
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work("a", a, 1)), group.create_task(work("b", b, 2))]
    async for n in numbers():
        (n * n).backward()
    sums = [n * 2 async for n in numbers()]
    return [task.result() for task in tasks], sums
results, sums = asyncio.run(main())
print(log, results)
""",
    "threads with work of their own": """\
import concurrent.futures
import queue
import threading
import torch
results = queue.Queue()
w = torch.ones(3, requires_grad=True)
shared = (w * 2).sum()
def work(n):
    v = torch.full((3,), float(n), requires_grad=True)
    (v * v).sum().backward()
    torch.nn.Linear(3, 1)(v.detach())
    results.put((n, v.grad.tolist()))
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
    thread.join()
there = threading.Thread(target=shared.backward)
there.start()
there.join()
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    made = list(pool.map(lambda n: torch.ones(2) * n, range(3)))
local = threading.local()
local.t = made[0] + made[1]
after = (w * local.t.sum()).sum()
after.backward()
found = sorted(results.get() for _ in range(3))
print(found, w.grad)
del threads, there, thread, pool, results, local
""",
    "signals, alarms, tracing, profiling": """\
import signal
import sys
import torch
log = []
x = torch.ones(2, requires_grad=True)
def handler(number, frame):
    with torch.no_grad():
        log.append((x * 2).tolist())
old = signal.signal(signal.SIGUSR1, handler)
y = x * 3
signal.raise_signal(signal.SIGUSR1)
y.sum().backward()
signal.signal(signal.SIGUSR1, old)
events = []
def tracer(frame, event, arg):
    if frame.f_code.co_filename == "program.py":
        events.append((event, frame.f_lineno))
    return tracer
def traced(t):
    u = t * 2
    return u.sum()
sys.settrace(tracer)
traced(x).backward()
sys.settrace(None)
calls = []
sys.setprofile(lambda frame, event, arg: calls.append(event) if frame.f_code.co_filename == "program.py" else None)
traced(x)
sys.setprofile(None)
print(log, events, x.grad, [call for call in calls if call == "call"])
del old
""",
    "collection, weak references, finalizers": """\
import gc
import weakref
import torch
log = []
class Holder:
    def __init__(self, t):
        self.t = t
    def __del__(self):
        log.append("holder " + str((self.t * 2).tolist()))
x = torch.ones(2, requires_grad=True)
y = x * 2
weakref.finalize(y, log.append, "y died")
gone = weakref.ref(y)
z = y * y
del y
log.append("deleted y")
log.append(gone() is None)
holder = Holder(torch.ones(1))
del holder
log.append("deleted holder")
t = torch.ones(3)
weakref.finalize(t, log.append, "t died")
t = t + 1
log.append("rebound t")
def local():
    u = torch.ones(4)
    weakref.finalize(u, log.append, "u died")
    return (u * 2).sum()
local()
log.append("left")
cycle = [torch.ones(5)]
cycle.append(cycle)
weakref.finalize(cycle[0], log.append, "cycle died")
del cycle
gc.collect()
log.append("collected")
loss = z.sum()
weakref.finalize(z, log.append, "z died")
del z
loss.backward()
log.append("backward")
g = x.grad
weakref.finalize(g, log.append, "grad died")
x.grad = None
del g
log.append("cleared")
gc.freeze()
(x * 2).sum().backward()
gc.unfreeze()
references = weakref.WeakValueDictionary(x=x)
print(log, list(references))
del gone
""",
    "copies, pickles, files": """\
import copy
import io
import pickle
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
again = copy.deepcopy(x)
shallow = copy.copy(x)
unpickled = pickle.loads(pickle.dumps(x))
print(again.grad, unpickled.grad, again.is_leaf, shallow is x)
try:
    copy.deepcopy(x * 2)
except RuntimeError as error:
    print(str(error)[:70])
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
model(torch.randn(4, 2)).sum().backward()
model[0].register_forward_hook(print_shape := None) if False else None
other = copy.deepcopy(model)
third = pickle.loads(pickle.dumps(model))
buffer = io.BytesIO()
torch.save({"model": model.state_dict(), "x": x, "list": [1, (x.detach(),)]}, buffer)
buffer.seek(0)
loaded = torch.load(buffer)
try:
    third.load_state_dict({"0.weight": torch.ones(2, 2)})
except RuntimeError as error:
    print(error)
print([name for name, _ in other.named_parameters()], loaded["x"].requires_grad)
print(other[0].weight.grad is not model[0].weight.grad)
optimizer = torch.optim.Adam(model.parameters())
optimizer.step()
twin = torch.optim.Adam(other.parameters())
twin.load_state_dict(copy.deepcopy(optimizer.state_dict()))
twin.step()
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
    "warnings of all kinds": """\
import warnings
import torch
import torch.nn.functional as F
def own():
    warnings.warn("of a function", UserWarning, stacklevel=2)
    warnings.warn("of a function", DeprecationWarning, stacklevel=1)
for turn in range(2):
    own()
    F.softmax(torch.ones(2))
    F.softmax(torch.ones(3)); F.log_softmax(torch.ones(3))
    F.mse_loss(torch.ones(2, 1), torch.ones(2))
    F.l1_loss(torch.ones(3, 1), torch.ones(3))
    (torch.ones(2, requires_grad=True) * 2).grad
    torch.tensor(torch.ones(2))
    torch.nn.Softmin()(torch.ones(2, 2))
    torch.nn.functional.tanh(torch.ones(2))
    F.interpolate(torch.ones(1, 1, 4), scale_factor=2.0, recompute_scale_factor=True)
    F.upsample(torch.ones(1, 1, 4), scale_factor=2)
    torch.nn.Dropout(0.5, inplace=False)(torch.ones(2))
    F.kl_div(torch.zeros(2), torch.ones(2))
    F.binary_cross_entropy(torch.ones(2), torch.ones(2), size_average=True)
    F.nll_loss(torch.zeros(1, 2), torch.tensor([0]), reduce=False)
    torch.nn.LSTM(2, 2, dropout=0.5)
    torch.nn.utils.clip_grad_norm(torch.ones(2, requires_grad=True), 1.0)
    torch.std(torch.ones(1))
    torch.ones(2, 3).T.T
    torch.floor_divide(torch.ones(1), 2)
    torch.range(0, 2)
    torch.norm(torch.ones(2))
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
scheduler.step()
scheduler.step(3)
scheduler.get_lr()
x = torch.ones(2, requires_grad=True)
x.sum().backward(create_graph=True)
x.grad = None
torch.nn.Module.register_backward_hook(model, lambda *a: None)
model(torch.ones(1, 1)).sum().backward()
torch.nn.utils.weight_norm(torch.nn.Linear(1, 1))
torch.nn.init.uniform(torch.ones(2))
torch.meshgrid(torch.arange(2), torch.arange(2))
""",
    "warnings as errors, caught, filtered and counted": """\
import warnings
import torch
import torch.nn.functional as F
def kinds(caught):
    return [(w.category.__name__, str(w.message)[:30], w.lineno, w.filename) for w in caught]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    F.softmax(torch.ones(2))
    F.softmax(torch.ones(2))
    print(kinds(caught))
with warnings.catch_warnings(record=True) as caught:
    warnings.resetwarnings()
    for _ in range(3):
        F.softmax(torch.ones(2))
    F.softmax(torch.ones(2))
    print(kinds(caught))
for action in ("once", "module", "default", "ignore"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        for _ in range(2):
            F.mse_loss(torch.ones(4, 1), torch.ones(4))
            (torch.ones(1, requires_grad=True) * 2).grad
        print(action, kinds(caught))
with warnings.catch_warnings():
    warnings.simplefilter("error")
    for what in (
        lambda: F.softmax(torch.ones(2)),
        lambda: (torch.ones(1, requires_grad=True) * 2).grad,
        lambda: torch.tensor(torch.ones(2)),
        lambda: F.mse_loss(torch.ones(2, 1), torch.ones(2)),
    ):
        try:
            print("no error", what())
        except Warning as error:
            print(type(error).__name__, str(error)[:50])
    warnings.filterwarnings("ignore", message="Implicit dimension")
    F.softmax(torch.ones(2))
shown = []
plain, warnings.showwarning = warnings.showwarning, lambda *a, **k: shown.append((str(a[0])[:20], a[2], a[3]))
F.softmax(torch.ones(5))
warnings.showwarning = plain
print(shown)
del plain
""",
}
