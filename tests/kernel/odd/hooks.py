"""Hooks on tensors, nodes and saved tensors, and what a node saved."""

PROGRAMS = {
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
print(log, a.grad, b.grad, d.grad_fn.next_functions[0][1])
""",
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
}
