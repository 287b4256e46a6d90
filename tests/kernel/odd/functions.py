"""Functions of one's own and checkpoints: what a program hands to autograd as an operation."""

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
}
