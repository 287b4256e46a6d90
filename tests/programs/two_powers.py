"""Q = 3a³ − b² with a vector for v, then a line fitted by hand, then the digits network: after a notebook on updates."""

# %%
import torch

a = torch.tensor([2.0, 3.0], requires_grad=True)
b = torch.tensor([6.0, 4.0], requires_grad=True)
Q = 3 * a**3 - b**2
# %%
print("Q", Q)
print("before", a.grad, b.grad)
# %%
v = torch.tensor([1.0, 1.0])
# %%
Q.backward(gradient=v)
# %%
print("after", a.grad, b.grad)
# %%
W = torch.randn(10, 1, requires_grad=True)
b = torch.randn(1, requires_grad=True)
x = torch.rand(1, 10)
# %%
Y = torch.matmul(x, W) + b
loss = (1 - Y) / 2
# %%
loss.backward()
print("weights follow the input:", torch.equal(W.grad, -x.t() / 2), "bias:", b.grad)
# %%
old = W
with torch.no_grad():
    W = W - 0.1 * W.grad
print("a leaf again:", W.is_leaf, "moved:", torch.allclose(W, old + 0.05 * x.t()))
# %%
from digits_network import Network

model = torch.load("digits.pt", weights_only=False)
data = torch.rand(64, 784)
labels = torch.rand(64, 10)
# %%
output = model(data)
pred = torch.argmax(output, dim=1)
loss = (output - labels).sum()
# %%
loss.backward()
# %%
optim = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
optim.step()
