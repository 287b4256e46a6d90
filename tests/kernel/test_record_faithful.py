"""A recorded program does, bit for bit, what it does unrecorded: values, gradients, random numbers, errors, warnings."""

from __future__ import annotations

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.traces.programs import PROGRAMS

HOOKS = """\
import torch
order = []
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        order.append("forward")
        return 2 * x
    @staticmethod
    def backward(ctx, g):
        order.append("backward")
        return 2 * g
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = Double.apply(x)
y.register_hook(lambda g: order.append("tensor hook"))
y.grad_fn.register_prehook(lambda g: order.append("prehook"))
y.grad_fn.register_hook(lambda i, o: order.append("posthook"))
x.register_hook(lambda g: g * 3)
x.register_post_accumulate_grad_hook(lambda t: order.append("accumulated"))
y.sum().backward()
print(order, x.grad)
"""

WARNINGS = """\
import warnings
import torch
import torch.nn.functional as F
x = torch.ones(2, 3, 4, requires_grad=True)
for _ in range(3):
    a = x.T
    b = F.softmax(x[0, 0])
y = x * 2
y.grad
def f():
    warnings.warn("mine", stacklevel=2)
f()
torch.nn.Softmax()(x)
F.mse_loss(torch.ones(2, 1), torch.ones(2))
"""

WARNINGS_AS_ERRORS = """\
import warnings
import torch
import torch.nn.functional as F
warnings.simplefilter("error")
try:
    F.softmax(torch.ones(2))
except UserWarning as raised:
    print("raised", raised)
torch.ones(2, 3, 4).T
"""

SCHEDULER = """\
import torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
scheduler.step()
optimizer.step()
"""

TRAINING = """\
import torch
from torch import nn
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
optimizer = torch.optim.{optimizer}
losses = []
for _ in range(4):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(torch.randn(16, 4)), torch.randint(0, 2, (16,)))
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    losses.append(loss.item())
noise = torch.rand(3)
"""

ATTENTION = """\
import torch
torch.manual_seed(3)
layer = torch.nn.TransformerEncoderLayer(16, 4, batch_first=True).eval()
encoder = torch.nn.TransformerEncoder(layer, 2)
attention = torch.nn.MultiheadAttention(16, 4, batch_first=True).eval()
x = torch.randn(2, 5, 16)
with torch.no_grad():
    one, two, (three, weights) = layer(x), encoder(x), attention(x, x, x)
layer.train()
trained = layer(x)
trained.sum().backward()
"""

ERRORS = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
try:
    (x * 2).backward()
except RuntimeError as error:
    print(error)
try:
    x @ torch.ones(3)
except RuntimeError as error:
    print(error)
y = (x * x).sum()
y.backward()
y.backward()
"""

HIGHER_ORDER = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
f = lambda t: (t**3).sum()
hessian = torch.autograd.functional.hessian(f, x)
jacobian = torch.autograd.functional.jacobian(lambda t: t * t, x)
vjp = torch.autograd.functional.vjp(lambda t: t * t, x, torch.ones(2))
jvp = torch.autograd.functional.jvp(lambda t: t * t, x, torch.ones(2))
grad = torch.func.grad(f)(x)
rows = torch.func.jacrev(lambda t: t * t)(x)
batched = torch.vmap(lambda t: t * 2)(x)
columns = torch.func.jacfwd(lambda t: t * t)(x)
with torch.autograd.forward_ad.dual_level():
    dual = torch.autograd.forward_ad.make_dual(x.detach(), torch.ones(2))
    tangent = torch.autograd.forward_ad.unpack_dual(dual * dual).tangent
(g,) = torch.autograd.grad(f(x), x, create_graph=True)
(gg,) = torch.autograd.grad(g.sum(), x)
batch = torch.autograd.grad(x * 2, x, torch.eye(2), is_grads_batched=True)
"""

SAVED_HOOKS = """\
import torch
from torch.utils.checkpoint import checkpoint
calls = []
x = torch.tensor([1.0, 2.0], requires_grad=True)
def pack(t):
    calls.append("pack")
    return t.clone()
def unpack(t):
    calls.append("unpack")
    return t
with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
    y = (x * x).exp().sum()
y.backward()
print(calls)
def block(t):
    return torch.nn.functional.dropout(torch.sin(t) * t)
for reentrant in (False, True):
    checkpoint(block, x, use_reentrant=reentrant).sum().backward()
"""

KINDS = """\
import torch
c = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
(c * c.conj()).real.sum().backward()
s = torch.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2), requires_grad=True)
torch.sparse.sum(s * 2).backward()
i = torch.arange(4).reshape(2, 2)
m = i > 1
e = torch.empty(0, requires_grad=True)
e.sum().backward()
h = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
(h * 2).sum().backward()
q = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
d = q.dequantize()
meta = torch.ones(2, device="meta") * 2
n = torch.tensor([1.0, float("nan"), float("inf")], requires_grad=True)
(n / 0).sum().backward()
with torch.inference_mode():
    frozen = torch.ones(2) * 3
with torch.autocast("cpu", dtype=torch.bfloat16):
    cast = torch.ones(2, 2) @ torch.ones(2, 2)
"""

SUBCLASS = """\
import torch
seen = []
class Loud(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        seen.append(getattr(func, "__name__", "?"))
        return super().__torch_function__(func, types, args, kwargs or {})
x = torch.ones(2, requires_grad=True)
loud = x.as_subclass(Loud)
y = (loud * 2).sum()
y.backward()
class Mode(torch.overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        seen.append("mode " + getattr(func, "__name__", "?"))
        return func(*args, **(kwargs or {}))
with Mode():
    z = x + 1
    z.sum().backward()
from torch.utils._python_dispatch import TorchDispatchMode
class Dispatch(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        seen.append(str(func))
        return func(*args, **(kwargs or {}))
with Dispatch():
    big = torch.ones(5000) * 2
    w = (x * 3).sum()
print(seen)
"""

COMPILED = """\
import torch
model = torch.nn.Linear(2, 2)
double = torch.compile(lambda t: (t * 2).sin(), backend="eager", fullgraph=True)
@torch.compile(backend="eager")
def half(t):
    return t / 2
x = torch.ones(2, requires_grad=True)
y = double(x)
half(y).sum().backward()
fast = torch.compile(model, backend="eager")
z = fast(x)
z.sum().backward()
after = x * 3
"""

LIBRARY = """\
import copy, io, pickle
import numpy
import torch
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LSTM(2, 3))
other = copy.deepcopy(model)
buffer = io.BytesIO()
torch.save(model.state_dict(), buffer)
buffer.seek(0)
other.load_state_dict(torch.load(buffer))
x = torch.randn(4, 1, 2)
y, (h, c) = model(x)
(y.sum() + h.sum()).backward()
again = pickle.loads(pickle.dumps(x))
n = torch.from_numpy(numpy.ones(3)).requires_grad_()
(n * 2).sum().backward()
optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)
def closure():
    optimizer.zero_grad()
    loss = (model(x)[0] ** 2).sum()
    loss.backward()
    return loss
optimizer.step(closure)
values, indices = torch.sort(torch.unique(torch.tensor([3, 1, 1])))
product = torch.einsum("ij,jk->ik", x[:, 0], x[:, 0].T)
torch.set_grad_enabled(False)
v = n * 2
torch.set_grad_enabled(True)
with torch.autograd.detect_anomaly(check_nan=False):
    (n * n).sum().backward()
rows = [row.sum().item() for row in x]
largest = max(x.flatten())
"""

OTHERS = {
    "compiled": COMPILED,
    "library": LIBRARY,
    "hooks": HOOKS,
    "warnings": WARNINGS,
    "warnings as errors": WARNINGS_AS_ERRORS,
    "scheduler": SCHEDULER,
    "attention": ATTENTION,
    "errors": ERRORS,
    "higher order": HIGHER_ORDER,
    "saved-tensor hooks": SAVED_HOOKS,
    "kinds of tensors": KINDS,
    "subclasses and modes": SUBCLASS,
    **{
        f"training with {optimizer}": TRAINING.format(optimizer=optimizer)
        for optimizer in (
            "SGD(model.parameters(), lr=0.1, momentum=0.9)",
            "Adam(model.parameters())",
            "AdamW(model.parameters(), foreach=True)",
            "RMSprop(model.parameters())",
        )
    },
}


@pytest.mark.parametrize("name", [*PROGRAMS, *OTHERS])
def test_recorded_and_unrecorded_runs_are_the_same(name: str) -> None:
    assert_faithful((PROGRAMS | OTHERS)[name])
