"""The programs whose recorded traces lie beside this file, by name. Cells are divided by `# %%` lines."""

PROGRAMS: dict[str, str] = {
    "slope": """\
import torch

x = torch.tensor(3.0, requires_grad=True)
y = x**2
y.backward()
""",
    "q": """\
import torch

a = torch.tensor([2.0, 3.0], requires_grad=True)
b = torch.tensor([6.0, 4.0], requires_grad=True)
Q = 3 * a**3 - b**2
# %%
Q.backward(gradient=torch.tensor([1.0, 1.0]))
# %%
Q = 3 * a**3 - b**2
Q.backward(gradient=torch.tensor([1.0, 1.0]))
""",
    "two_paths": """\
import torch

a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
d = a * b + a
d.backward()
""",
    "accumulate": """\
import torch

w = torch.tensor(2.0, requires_grad=True)
(w**2).backward()
(w**3).backward()
w.grad.zero_()
(w**2).backward()
""",
    "no_grad": """\
import torch

x = torch.tensor([2.0, 3.0], requires_grad=True)
with torch.no_grad():
    y = 2 * x
s = (y * x).sum()
s.backward()
""",
    "detach": """\
import torch

w = torch.tensor(2.0, requires_grad=True)
u = 3 * w
c = u.detach()
y = u * c
y.backward()
""",
    "loop": """\
import torch

torch.manual_seed(0)
X = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
target = 2 * X + 1
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for turn in range(5):
    optimizer.zero_grad()
    prediction = model(X)
    loss = ((prediction - target) ** 2).mean()
    loss.backward()
    optimizer.step()
""",
    "error": """\
import torch

x = torch.tensor(3.0, requires_grad=True)
y = x * x
z = 2 * y
z.backward()
z.backward()
""",
    "matmul": """\
import torch

X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [0.0, 1.0, 0.0]])
W = torch.tensor([[1.0, -1.0], [0.5, 0.0], [2.0, 1.0]], requires_grad=True)
b = torch.tensor([0.5, -0.5], requires_grad=True)
Y = X @ W + b
s = Y.sum()
s.backward()
""",
    "untracked": """\
import torch

x = torch.tensor([1.0, 2.0])
y = x * 3
z = y.sum()
""",
    "prints": """\
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
print(x)
y = (x * x).sum()
print("y is", y.item())
y.backward()
print(x.grad)
""",
    "by_hand": """\
import torch

W = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
x = torch.tensor([2.0, 1.0, 4.0])
Y = (x * W).sum()
loss = (1 - Y) / 2
loss.backward()
with torch.no_grad():
    W -= 0.1 * W.grad
W.grad = None
Y = (x * W).sum()
loss = (1 - Y) / 2
loss.backward()
""",
    "rebind": """\
import torch

W = torch.tensor([1.0, -2.0], requires_grad=True)
loss = (W * W).sum()
loss.backward()
with torch.no_grad():
    W = W - 0.1 * W.grad
loss = (W * W).sum()
""",
    "two_roots": """\
import torch

a = torch.tensor([1.0, 2.0], requires_grad=True)
y = a * 2
z = a**2
torch.autograd.backward([y, z], [torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0])])
""",
    "frozen": """\
import torch

first = torch.nn.Linear(2, 2)
last = torch.nn.Linear(2, 1)
with torch.no_grad():
    first.weight.fill_(0.5)
    first.bias.zero_()
    last.weight.fill_(1.0)
    last.bias.zero_()
last.weight.requires_grad_(False)
x = torch.tensor([[1.0, 2.0]])
out = last(torch.relu(first(x)))
out.sum().backward()
""",
    "in_place": """\
import torch

w = torch.tensor([0.5, 1.0], requires_grad=True)
s = w * 3
s += 1
s.sum().backward()
s = torch.sigmoid(w)
s += 1
s.sum().backward()
""",
    "retain": """\
import torch

x = torch.tensor(2.0, requires_grad=True)
y = x**2
y.retain_grad()
z = 3 * y
z.backward(retain_graph=True)
z.backward()
""",
    "second_order": """\
import torch

x = torch.tensor(3.0, requires_grad=True)
y = x**3
(g,) = torch.autograd.grad(y, x, create_graph=True)
g.backward()
""",
}
