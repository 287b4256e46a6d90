"""Who tracks what: next_functions, a doubling loop with its counter, w @ x in three forms: after a lecture's notebook."""

# %%
import torch

x = torch.tensor([[1, 2], [3, 4]], requires_grad=True, dtype=torch.float32)
y = x - 2
print(y)
# %%
print(x.grad_fn, type(y.grad_fn).__name__)
# %%
y.grad_fn
# %%
print(torch.equal(y.grad_fn.next_functions[0][0].variable, x))
# %%
z = y * y * 3
a = z.mean()
print(z)
print(a)
# %%
a.backward()
print(x.grad)
# %%
x = torch.randn(3, requires_grad=True)
y = x * 2
i = 0
while y.data.norm() < 1000:
    y = y * 2
    i += 1
# %%
gradients = torch.FloatTensor([0.1, 1.0, 0.0001])
y.backward(gradients)
print(torch.equal(x.grad, gradients * 2 ** (i + 1)))
# %%
n = 3
x = torch.arange(1.0, n + 1, requires_grad=True)
w = torch.ones(n, requires_grad=True)
z = w @ x
z.backward()
print(x.grad, w.grad, sep="\n")
# %%
x = torch.arange(1.0, n + 1)
w = torch.ones(n, requires_grad=True)
z = w @ x
z.backward()
print(x.grad, w.grad, sep="\n")
# %%
x = torch.arange(1.0, n + 1)
w = torch.ones(n, requires_grad=True)
with torch.no_grad():
    z = w @ x
try:
    z.backward()
except RuntimeError as error:
    print("RuntimeError:", error)
# %%
print(z)
