"""Autograd itself: grad modes, its errors, grad's inputs, higher orders, transforms and dual numbers."""

PROGRAMS = {
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
