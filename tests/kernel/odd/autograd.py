"""Custom Functions, hooks, checkpoints, higher orders, grad modes and the errors of autograd."""

PROGRAMS = {
    "a function with every service of ctx": """\
import torch
from torch.autograd.function import once_differentiable
log = []
class Odd(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y, scale, flag=None):
        ctx.save_for_backward(x, None, y)
        ctx.scale = scale
        ctx.set_materialize_grads(False)
        rank = x.argmax()
        ctx.mark_non_differentiable(rank)
        return x * y * scale, rank, x + 1
    @staticmethod
    @once_differentiable
    def backward(ctx, first, rank, last):
        x, nothing, y = ctx.saved_tensors
        log.append((ctx.needs_input_grad, first is None, rank is None, last is None, nothing))
        gx = None if first is None else first * y * ctx.scale
        if last is not None:
            gx = last if gx is None else gx + last
        return gx, None if first is None else first * x * ctx.scale, None, None
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.tensor([3.0, 4.0])
a, rank, b = Odd.apply(x, y, 2.0)
(a.sum() + b.sum()).backward()
b2 = Odd.apply(x, y, 1.0, True)[2]
b2.sum().backward()
print(log, rank, x.grad)
""",
    "a function that writes in place, and one that returns its input": """\
import torch
class Add(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.add_(1)
    @staticmethod
    def backward(ctx, g):
        return g * 3
class Same(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)
    @staticmethod
    def backward(ctx, g):
        return -g
w = torch.ones(3, requires_grad=True)
h = w * 2
version = h._version
out = Add.apply(h)
same = out is h
z = Same.apply(out)
z.sum().backward()
print(version, h._version, same, w.grad, z.grad_fn.name())
""",
    "a function in the new style, under vmap and in double backward": """\
import torch
class Cube(torch.autograd.Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(x):
        return x**3
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return CubeBackward.apply(g, x)
class CubeBackward(torch.autograd.Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(g, x):
        return 3 * g * x * x
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
    @staticmethod
    def backward(ctx, gg):
        g, x = ctx.saved_tensors
        return gg * 3 * x * x, gg * 6 * g * x
x = torch.tensor([1.0, 2.0], requires_grad=True)
(first,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
(second,) = torch.autograd.grad(first.sum(), x)
many = torch.vmap(Cube.apply)(torch.ones(3, 2))
slope = torch.func.vmap(torch.func.grad(lambda t: Cube.apply(t).sum()))(torch.ones(3, 2))
""",
    "a function that fails, forward and backward": """\
import torch
class Fails(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, where):
        ctx.where = where
        if where == "forward":
            raise ValueError("forward")
        return x * 2
    @staticmethod
    def backward(ctx, g):
        if ctx.where == "backward":
            raise KeyError("backward")
        return (g, None) if ctx.where == "shape" else (g, None, None)
x = torch.ones(2, requires_grad=True)
for where in ("forward", "backward", "shape", "count"):
    try:
        Fails.apply(x, where).sum().backward()
    except Exception as error:
        print(where, type(error).__name__, error)
print(x.grad)
(x * 2).sum().backward()
""",
    "a backward inside a backward": """\
import torch
class Inner(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.x = x.detach().requires_grad_()
        with torch.enable_grad():
            ctx.y = (ctx.x**2).sum()
        return ctx.y.detach()
    @staticmethod
    def backward(ctx, g):
        ctx.y.backward(g)
        return ctx.x.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
Inner.apply(w * 3).backward()
v = torch.tensor([1.0], requires_grad=True)
u = v * 2
u.register_hook(torch.enable_grad()(lambda g: torch.autograd.grad((v * v).sum(), v)[0]))
u.sum().backward()
print(w.grad, v.grad)
""",
    "checkpoints in checkpoints, with dropout": """\
import torch
from torch.utils.checkpoint import checkpoint, checkpoint_sequential
calls = []
def inner(x):
    calls.append("inner")
    return torch.nn.functional.dropout(torch.tanh(x), 0.3)
def outer(x):
    calls.append("outer")
    return checkpoint(inner, x * 2, use_reentrant=False) + x
x = torch.randn(4, 4, requires_grad=True)
checkpoint(outer, x, use_reentrant=False).sum().backward()
first, x.grad = x.grad, None
checkpoint(outer, x, use_reentrant=True).sum().backward()
layers = torch.nn.Sequential(*[torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(0.2)) for _ in range(4)])
checkpoint_sequential(layers, 2, x, use_reentrant=False).sum().backward()
noise = torch.rand(2)
""",
    "hooks that remove, replace, add and raise": """\
import torch
log = []
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * 2
handles = []
def once(g):
    log.append("once")
    handles[0].remove()
    return g + 1
handles.append(y.register_hook(once))
def adds(g):
    log.append("adds")
    x.register_hook(lambda g: log.append("added") or g * 10)
y.register_hook(adds)
z = (y * y).sum()
z.backward(retain_graph=True)
z.backward(retain_graph=True)
print(log, x.grad)
def bad(g):
    raise ZeroDivisionError("in a hook")
y.register_hook(bad)
try:
    z.backward(retain_graph=True)
except ZeroDivisionError as error:
    print(error)
def wrong(g):
    return torch.ones(7)
q = x * 3
q.register_hook(wrong)
try:
    q.sum().backward()
except RuntimeError as error:
    print(error)
""",
    "hooks on nodes, and many tensors' hooks": """\
import torch
from torch.autograd.graph import register_multi_grad_hook
log = []
a = torch.ones(2, requires_grad=True)
b = torch.ones(2, requires_grad=True)
c = a * b
d = c.exp()
c.grad_fn.register_prehook(lambda g: (g[0] * 2,))
d.grad_fn.register_hook(lambda gi, go: (gi[0] + 1,))
handle = register_multi_grad_hook((a, b, c), lambda grads: log.append([g is None for g in grads]))
register_multi_grad_hook((c, d), lambda g: log.append(g.tolist()), mode="any")
d.sum().backward(retain_graph=True)
handle.remove()
d.sum().backward()
a.register_post_accumulate_grad_hook(lambda t: setattr(t, "grad", None))
(a * 2).sum().backward()
print(log, a.grad, b.grad, d.grad_fn.next_functions[0][1], sorted(c.grad_fn.metadata) == [])
""".replace(", sorted(c.grad_fn.metadata) == []", ""),
    "saved tensors that are packed, kept on the CPU, forbidden, changed": """\
import torch
from torch.autograd import graph
x = torch.tensor([1.0, 2.0], requires_grad=True)
log = []
with graph.saved_tensors_hooks(lambda t: log.append("outer") or (t, 1), lambda p: p[0]):
    with graph.saved_tensors_hooks(lambda t: log.append("inner") or t * 1, lambda t: t):
        y = x.exp() * x
    z = y.sin()
with graph.save_on_cpu():
    w = (z * z).sum()
w.backward()
with graph.disable_saved_tensors_hooks("not here"):
    v = x * x
    try:
        with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            pass
    except RuntimeError as error:
        print(error)
with graph.allow_mutation_on_saved_tensors():
    u = x.clone()
    s = (u * u).sum()
    u.mul_(2)
    s.backward()
p = x * 2
p.sin_()
def packs(t):
    raise ValueError("cannot pack")
try:
    with graph.saved_tensors_hooks(packs, lambda t: t):
        x * x
except ValueError as error:
    print(error)
print(log, x.grad, w.grad_fn.name())
""",
    "what a node saved, read by the program": """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x**2
print(y.grad_fn._saved_self, y.grad_fn._saved_exponent, y.grad_fn._raw_saved_self is not None)
y.sum().backward()
try:
    y.grad_fn._saved_self
except RuntimeError as error:
    print(error)
z = (x @ x).exp()
print(z.grad_fn._saved_result.item(), [f[0].name() for f in z.grad_fn.next_functions])
""",
    "grad modes as blocks, decorators, calls and in generators": """\
import torch
x = torch.ones(2, requires_grad=True)
seen = []
@torch.no_grad()
def quiet(t):
    return (t * 2).requires_grad
@torch.enable_grad()
def loud(t):
    return (t * 2).requires_grad
@torch.inference_mode()
def frozen(t):
    r = t * 2
    return r.is_inference(), r.requires_grad
@torch.no_grad()
def steps(t):
    for _ in range(2):
        seen.append((t * 1).requires_grad)
        yield t
with torch.no_grad():
    seen += [quiet(x), loud(x)]
    with torch.enable_grad(), torch.set_grad_enabled(False):
        seen.append((x + 1).requires_grad)
for t in steps(x):
    seen.append((t * 3).requires_grad)
seen.append(frozen(x))
previous = torch.is_grad_enabled()
torch.set_grad_enabled(False)
y = x * 2
torch.set_grad_enabled(previous)
with torch.inference_mode():
    i = torch.ones(2)
try:
    x * i
except RuntimeError as error:
    print(error)
try:
    with torch.no_grad():
        raise ValueError
except ValueError:
    seen.append(torch.is_grad_enabled())
print(seen)
""",
    "the errors of autograd": """\
import torch
def tries(what):
    try:
        what()
    except RuntimeError as error:
        print(error)
x = torch.tensor([1.0, 2.0], requires_grad=True)
n = torch.ones(2)
tries(lambda: x.add_(1))
tries(lambda: n.sum().backward())
tries(lambda: (x * 2).backward())
tries(lambda: (x * 2).backward(torch.ones(3)))
tries(lambda: torch.autograd.grad((n * x).sum(), torch.ones(2, requires_grad=True)))
tries(lambda: torch.autograd.grad((n * x).sum(), n))
tries(lambda: torch.arange(3).requires_grad_())
tries(lambda: (x * 2).requires_grad_(False))
tries(lambda: n.retain_grad())
tries(lambda: x.numpy())
y = x * 2
z = (y * y).sum()
y.add_(1)
tries(z.backward)
w = (x * x).sum()
w.backward()
tries(w.backward)
s = x.sum()
v = s.unbind() if s.dim() else s
a, b = (x * 1).unbind()
tries(lambda: a.mul_(2))
tries(lambda: setattr(x, "grad", torch.ones(3)))
tries(lambda: torch.stack([x, torch.ones(3)]))
x.grad.zero_()
""",
    "anomalies": """\
import torch
import warnings
x = torch.tensor([0.0, -1.0], requires_grad=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    with torch.autograd.detect_anomaly():
        try:
            x.sqrt().sum().backward()
        except RuntimeError as error:
            print(error)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        (x.sqrt() * 0).sum().backward()
print(x.grad)
""",
    "grad with unused, repeated, non-leaf and structured inputs": """\
import torch
a = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor([3.0, 4.0], requires_grad=True)
c = a * 2
d = (c * c).sum()
print(torch.autograd.grad(d, [a, b, c, a], allow_unused=True, retain_graph=True))
print(torch.autograd.grad(d, [a, b], materialize_grads=True, retain_graph=True))
print(torch.autograd.grad([d, c], [a, c], grad_outputs=[None, torch.ones(2)], retain_graph=True))
torch.autograd.backward([d, c.sum()], inputs=[c, a], retain_graph=True)
d.backward(inputs=[a], gradient=torch.tensor(2.0), create_graph=False)
print(a.grad, b.grad, c.grad_fn.name())
edge = torch.autograd.graph.get_gradient_edge(a * b)
print(torch.autograd.grad((a * 5).sum(), torch.autograd.graph.get_gradient_edge(a)))
""",
    "orders of derivatives": """\
import torch
x = torch.tensor(2.0, requires_grad=True)
y = x**5
orders = []
for _ in range(4):
    (y,) = torch.autograd.grad(y, x, create_graph=True)
    orders.append(y.item())
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w**3).sum()
loss.backward(create_graph=True)
penalty = (w.grad**2).sum()
penalty.backward()
print(orders, w.grad)
w.grad = None
""",
    "functional derivatives": """\
import torch
from torch.autograd import functional
f = lambda x, y: (x * y.exp()).sum()
x, y = torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.1])
print(functional.hvp(lambda t: (t**3).sum(), x, torch.ones(2)))
print(functional.vhp(lambda t: (t**3).sum(), x, torch.ones(2)))
print(functional.jacobian(lambda a, b: a * b, (x, y), create_graph=True))
print(functional.hessian(f, (x, y)))
print(functional.jacobian(lambda t: t.exp(), x, strategy="reverse-mode", vectorize=True))
print(functional.jacobian(lambda t: t.exp(), x, strategy="forward-mode", vectorize=True))
print(torch.autograd.gradcheck(torch.sin, x.double().requires_grad_()))
""",
    "transforms of torch.func": """\
import torch
from torch import func
model = torch.nn.Linear(2, 1)
params = dict(model.named_parameters())
def loss(params, x, y):
    return ((func.functional_call(model, params, (x,)) - y) ** 2).mean()
x, y = torch.randn(4, 2), torch.randn(4, 1)
grads = func.grad(loss)(params, x, y)
each = func.vmap(func.grad(loss), in_dims=(None, 0, 0))(params, x, y)
value, pull = func.vjp(lambda t: (t * t).sum(), x)
(back,) = pull(torch.tensor(1.0))
out, tangent = func.jvp(torch.sin, (x,), (torch.ones_like(x),))
h = func.hessian(lambda t: (t**3).sum())(torch.tensor([1.0, 2.0]))
aux, info = func.grad_and_value(lambda t: ((t * t).sum(), t.mean()), has_aux=True)(x)
random = func.vmap(lambda t: t + torch.rand(2), randomness="different")(x)
nested = func.grad(lambda t: func.grad(lambda s: s**3)(t))(torch.tensor(2.0))
try:
    func.vmap(lambda t: t.item())(x[:, 0])
except RuntimeError as error:
    print(str(error)[:60])
linear, jvp_fn = func.linearize(torch.sin, x)
print(jvp_fn(torch.ones_like(x)).sum())
""",
    "dual numbers": """\
import torch
import torch.autograd.forward_ad as fwAD
x = torch.tensor([1.0, 2.0], requires_grad=True)
with fwAD.dual_level():
    d = fwAD.make_dual(x, torch.ones(2))
    y = (d * d).sum()
    p, t = fwAD.unpack_dual(y)
    t.backward()
    linear = torch.nn.Linear(2, 2)
    for name, parameter in list(linear.named_parameters()):
        del linear._parameters[name]
        setattr(linear, name, fwAD.make_dual(parameter, torch.ones_like(parameter)))
    out = fwAD.unpack_dual(linear(x)).tangent
    none = fwAD.unpack_dual(x.detach()).tangent
    try:
        with fwAD.dual_level():
            pass
    except RuntimeError as error:
        print(error)
print(p, x.grad, out, none)
""",
}
