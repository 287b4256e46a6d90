"""One layer with a binary cross-entropy, tracking off and on, a Jacobian product run three times: after a tutorial."""

# %%
import torch

x = torch.ones(5)
y = torch.zeros(3)
w = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
z = torch.matmul(x, w) + b
loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
# %%
print(type(z.grad_fn).__name__, type(loss.grad_fn).__name__)
# %%
loss.backward()
print("all rows alike:", torch.equal(w.grad, b.grad.expand(5, 3)))
# %%
z = torch.matmul(x, w) + b
print(z.requires_grad)
with torch.no_grad():
    z = torch.matmul(x, w) + b
print(z.requires_grad)
# %%
z = torch.matmul(x, w) + b
z_det = z.detach()
print(z_det.requires_grad)
# %%
inp = torch.eye(4, 5, requires_grad=True)
out = (inp + 1).pow(2).t()
out.backward(torch.ones_like(out), retain_graph=True)
print("first", inp.grad)
out.backward(torch.ones_like(out), retain_graph=True)
print("second", inp.grad)
inp.grad.zero_()
out.backward(torch.ones_like(out), retain_graph=True)
print("cleared", inp.grad)
