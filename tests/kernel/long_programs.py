"""Programs that train for many turns, each in its own way."""

from __future__ import annotations

HEAD = "import torch\ntorch.manual_seed(0)\n"
TRAINING = (
    HEAD
    + """
w = torch.randn(3, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.01, momentum=0.9)
for turn in range(80):
    opt.zero_grad()
    x = torch.tensor([1.0, 2.0, float(turn % 3)])
    loss = ((w * x).sum() - 1) ** 2
    loss.backward()
    opt.step()
    if turn % 7 == 0:
        print(turn, loss.item())
print("end")
"""
)
PROGRAMS = {
    "training": TRAINING,
    "modules with buffers": HEAD
    + """
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for turn in range(30):
    loss = net(torch.randn(5, 3)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if turn % 10 == 9:
        net.eval()
        with torch.no_grad():
            print(net(torch.ones(2, 3)).sum().item())
        net.train()
""",
    "updates by hand": HEAD
    + """
w = torch.randn(3, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for turn in range(60):
    y = (w * turn).sum() + b
    y.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
        b -= 0.01 * b.grad
    w.grad.zero_()
    b.grad = None
""",
    "new weights in each turn": HEAD
    + """
w = torch.randn(3, requires_grad=True)
history = []
for turn in range(60):
    loss = (w ** 2).sum()
    g, = torch.autograd.grad(loss, w)
    w = (w - 0.1 * g).detach().requires_grad_()
    history.append(loss.detach())
""",
    "a graph that is carried on": HEAD
    + """
w = torch.randn(2, requires_grad=True)
h = torch.zeros(2)
for turn in range(60):
    h = torch.tanh(h * w)
    loss = h.sum()
    loss.backward(retain_graph=True)
    w.grad.zero_()
    if turn % 4 == 3:
        h = h.detach()
""",
    "two losses by turns": HEAD
    + """
g = torch.randn(2, requires_grad=True)
d = torch.randn(2, requires_grad=True)
for turn in range(60):
    fake = g * torch.ones(2)
    d_loss = (fake.detach() * d).sum() ** 2
    d_loss.backward()
    with torch.no_grad():
        d -= 0.01 * d.grad
        d.grad.zero_()
    g_loss = (g * d).sum()
    g_loss.backward()
    with torch.no_grad():
        g -= 0.01 * g.grad
        g.grad.zero_()
        d.grad.zero_()
""",
    "flags, hooks and kept gradients": HEAD
    + """
w = torch.randn(2, requires_grad=True)
for turn in range(60):
    y = w * 2
    y.retain_grad()
    y.register_hook(lambda grad: grad * 2)
    y.sum().backward()
    w.requires_grad_(False)
    w.requires_grad_(True)
final = (w * 3).sum()
print(final)
""",
    "a gradient penalty": HEAD
    + """
w = torch.randn(2, requires_grad=True)
for turn in range(40):
    x = torch.ones(2, requires_grad=True)
    out = (w * x ** 2).sum()
    gx, = torch.autograd.grad(out, x, create_graph=True)
    loss = out + (gx.norm() - 1) ** 2
    loss.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
    w.grad = None
""",
    "all in functions": HEAD
    + """
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(3))
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x):
        self.seen += 1
        return (self.w * x).sum()

def step(model, opt, x):
    loss = model(x)
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    return loss

def main():
    model = Model()
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for turn in range(50):
        loss = step(model, opt, torch.full((3,), float(turn)))
        if turn % 10 == 0:
            print(loss)
    return model

model = main()
print(model.w)
""",
    "a training inside a module": HEAD
    + """
class Trainer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Linear(2, 1)
    def forward(self, n):
        opt = torch.optim.SGD(self.net.parameters(), lr=0.01)
        for turn in range(n):
            loss = self.net(torch.ones(3, 2)).sum()
            opt.zero_grad()
            loss.backward()
            opt.step()
        return loss
t = Trainer()
print(t(40))
""",
    "a closure that an optimizer calls": HEAD
    + """
w = torch.randn(2, requires_grad=True)
opt = torch.optim.LBFGS([w], lr=0.1, max_iter=4)
def closure():
    opt.zero_grad()
    loss = ((w - 1) ** 2).sum()
    loss.backward()
    return loss
for turn in range(15):
    opt.step(closure)
""",
    "checkpoints": HEAD
    + """
from torch.utils.checkpoint import checkpoint
w = torch.randn(3, requires_grad=True)
def f(x): return torch.tanh(x * w).sin()
for turn in range(40):
    y = checkpoint(f, torch.ones(3) * turn, use_reentrant=False)
    y.sum().backward()
    w.grad = None
""",
    "higher orders": HEAD
    + """
x = torch.tensor(1.5, requires_grad=True)
for turn in range(30):
    y = x ** 4
    g, = torch.autograd.grad(y, x, create_graph=True)
    g2, = torch.autograd.grad(g, x, create_graph=True)
    g2.backward()
    x.grad = None
""",
    "writes in place and views": HEAD
    + """
w = torch.randn(3, requires_grad=True)
buf = torch.zeros(3)
views = []
for turn in range(40):
    a = w * 2
    a[0] = 1.0
    b = a.view(3)
    b.mul_(2)
    b.sum().backward()
    buf.mul_(0.9).add_(w.grad)
    part = buf[:2]
    part += 1
    w.data.add_(buf, alpha=-0.01)
    w.grad.zero_()
""",
    "graphs that live on": HEAD
    + """
w = torch.randn(2, requires_grad=True)
kept = []
for turn in range(50):
    y = (w * turn)
    kept.append(y)
    if turn % 10 == 9:
        sum(k.sum() for k in kept).backward()
        kept.clear()
    else:
        y.sum().backward(retain_graph=True)
    w.grad = None
""",
    "a custom function and inference mode": HEAD
    + """
class Sq(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return 2 * x * g
w = torch.randn(2, requires_grad=True)
for turn in range(50):
    with torch.inference_mode():
        z = w * 2
    loss = Sq.apply(w).sum()
    loss.backward()
    assert w.grad is not None
    w.grad = None
""",
}
