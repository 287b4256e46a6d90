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
}
