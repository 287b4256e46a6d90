"""Operations and kinds of tensors: indexing, views, in-place writes, out=, sparse, complex, nested, subclasses."""

PROGRAMS = {
    "einsum, fft, linalg": """\
import torch
a = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
e = torch.einsum("ij,jk,ik->i", a, a, a).sum()
f = torch.fft.rfft(a).abs().sum() + torch.fft.ifft2(a).real.sum()
spd = a @ a.T + torch.eye(3, dtype=torch.float64)
l = torch.linalg.cholesky(spd).sum() + torch.linalg.inv(spd).trace() + torch.logdet(spd)
u, s, v = torch.linalg.svd(spd)
w, q = torch.linalg.eigh(spd)
solved = torch.linalg.solve(spd, a)
(e + f + l + s.sum() + w.sum() + solved.sum()).backward()
try:
    torch.linalg.cholesky(-spd)
except torch.linalg.LinAlgError as error:
    print(error)
""",
    "masks, scatters, gathers": """\
import torch
x = torch.arange(12.0).reshape(3, 4).requires_grad_()
index = torch.tensor([[0, 1, 2, 0], [1, 0, 2, 2], [2, 2, 1, 1]])
y = x.masked_fill(x > 6, -1).scatter(1, index, 5.0) + x.gather(0, index)
z = torch.zeros(3, 4).scatter_add(0, index, x).index_add(0, torch.tensor([0, 2]), x[:2])
m = torch.masked_select(x, x > 3).sum() + torch.take(x, torch.tensor([0, 5])).sum()
p = torch.where(x > 5, x, torch.zeros(())).sum() + torch.nonzero(x > 9).sum()
r = x.index_select(1, torch.tensor([3, 0])).prod() + x.scatter_reduce(0, index, x, "amax").sum()
(y.sum() + z.sum() + m + p + r).backward()
""",
    "indexing in every way, read and written": """\
import torch
x = torch.arange(24.0).reshape(2, 3, 4).requires_grad_()
parts = [x[0], x[..., 1], x[:, None, 1:, ::2], x[[0, 1], [1, 2]], x[x > 5], x[-1, -1, -1], x[torch.tensor(1)], x[True]]
y = x * 1
y[0, 1] = 7
y[:, :, 0] += 1
y[y > 20] = 0
y[[0, 1], [0, 2]] = torch.ones(2, 4)
y[..., -1] = x[..., 0] * 2
y[1:, :2, 1:3].mul_(3)
y.index_put_((torch.tensor([0]), torch.tensor([1])), torch.ones(4), accumulate=True)
y.masked_scatter_(y < 0, torch.ones(30))
del parts[0]
(sum(p.sum() for p in parts) + y.sum()).backward()
try:
    x[5]
except IndexError as error:
    print(error)
try:
    y[0] = torch.ones(9)
except RuntimeError as error:
    print(error)
""",
    "views of views, written to": """\
import torch
base = torch.zeros(4, 4)
w = torch.ones(4, requires_grad=True)
view = base.view(2, 8)[0].reshape(2, 4)
view.t()[0] = w[:2]
view.diagonal().mul_(2)
base.as_strided((2, 2), (4, 1)).add_(1)
print(base._version, view._version, view._base is base, base.requires_grad, view.grad_fn is not None)
base.sum().backward()
x = torch.ones(3, requires_grad=True) * 1
alias = x.detach()
alias.add_(5)
flat = x.view(-1)
x.squeeze_(0) if x.shape[0] == 1 else x.unsqueeze_(0)
x.transpose_(0, 1)
chunks = torch.ones(6, requires_grad=True).mul(2).chunk(3)
try:
    chunks[0].add_(1)
except RuntimeError as error:
    print(str(error)[:80])
print(x, flat, w.grad)
""",
    "in place, one after the other": """\
import torch
x = torch.tensor([0.3, 0.7, 0.1], requires_grad=True)
y = x.clone()
y.mul_(2).add_(1).pow_(2)
y.cumsum_(0)
y.clamp_(max=9).neg_()
y.addcmul_(x, x).lerp_(x, 0.5)
y += x
y /= 3
y = y**2
y *= 2
y.copy_(y * 2)
y.sum().backward()
z = torch.zeros(3)
z.fill_(1).bernoulli_(0.5).uniform_().normal_().random_(5)
z.set_(torch.ones(2))
z.resize_(3).zero_()
t = torch.zeros(2)
t.swap = None
torch.nn.functional.relu_(t)
torch.relu_(t.sub_(1))
print(x.grad, y._version, z, t)
""",
    "out= arguments": """\
import torch
a, b = torch.ones(2, 2), torch.full((2, 2), 2.0)
out = torch.empty(2, 2)
same = torch.add(a, b, out=out) is out
torch.mm(a, b, out=out)
values, indices = torch.empty(2), torch.empty(2, dtype=torch.long)
torch.max(b, 1, out=(values, indices))
torch.cumsum(a, 0, out=out)
x = torch.ones(2, 2, requires_grad=True)
try:
    torch.mul(x, x, out=out)
except RuntimeError as error:
    print(error)
with torch.no_grad():
    torch.mul(x, x, out=out)
torch.cat([a, b], out=torch.empty(4, 2))
""",
    "named results, and many of them": """\
import torch
x = torch.tensor([[3.0, 1.0, 2.0], [0.5, 0.2, 0.9]], requires_grad=True)
best = x.max(dim=1)
values, indices = best
top = torch.topk(x, 2)
ordered = x.sort(descending=True)
mode, median = x.mode(), x.median(dim=0).values
low, high = x.aminmax()
parts = x.split([1, 2], dim=1)
one, *rest = x.unbind(1)
u, inverse, counts = torch.unique(x.detach(), return_inverse=True, return_counts=True)
frexp = torch.frexp(x.detach())
q, r = torch.linalg.qr(x @ x.T)
std, mean = torch.std_mean(x)
grid = torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")
(best.values.sum() + top.values.sum() + low + q.sum() + std + parts[1].sum() + rest[0].sum()).backward()
""",
    "numbers out of tensors, and tensors as numbers": """\
import math
import numpy
import torch
x = torch.tensor([1.5, 2.5], requires_grad=True)
n = torch.tensor(3)
print(float(x[0]), int(n), complex(x[1]), bool(n), x.tolist(), n.item(), math.sqrt(n), list(range(n)), [10, 20, 30, 40][n])
print(f"{x[0]:.3f} {n:d} {n}", len(x), max(x), min(*x), sorted(x.tolist()), sum(x))
print(x.detach().numpy().sum(), round(n.item()))
print(2**n, 7 // n, 7 % n, -n, abs(-n), ~n, n & 1, n << 2, divmod(7, 3), n == 3, n != 3, 1 < n < 5, not n, n and 5)
print(numpy.asarray(x.detach()), numpy.float64(2) * torch.ones(2), torch.ones(2) * numpy.float64(2))
print(torch.from_numpy(numpy.arange(3)))
print(torch.ones(2) == torch.ones(2), torch.equal(x, x), (x == x).all(), x in [x], 1.5 in x, {x: 1}[x], hash(n) == hash(n))
try:
    bool(x)
except RuntimeError as error:
    print(error)
try:
    numpy.asarray(x)
except RuntimeError as error:
    print(error)
array = numpy.ones(3)
shared = torch.from_numpy(array)
array[0] = 5
shared[1] = 7
print(array, shared)
""",
    "complex, half, boolean, integer, empty, 0-d": """\
import torch
c = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
(c.abs() + c.angle() + c.conj().real + torch.view_as_real(c).sum(-1)).sum().backward()
i = torch.arange(6).reshape(2, 3)
print(c.grad, i // 2, i % 2, i > 2, (i > 2).sum(), ~(i > 2), i.float().mean(), i.bool().any(0))
for kind in (torch.float16, torch.bfloat16, torch.float64):
    h = torch.ones(3, dtype=kind, requires_grad=True)
    (h.float() * 2).sum().backward()
    print(h.grad)
e = torch.empty(0, 3, requires_grad=True)
print(e.sum(), e.mean(0), torch.cat([e, torch.ones(1, 3)]).shape, e @ torch.ones(3, 2))
e.sum().backward()
s = torch.tensor(2.0, requires_grad=True)
(s * s).backward()
u = torch.tensor([1, 2], dtype=torch.uint8) + 255
f8 = torch.ones(2).to(torch.float8_e4m3fn)
r = torch.conj(c.detach()).imag.neg()
print(e.grad, s.grad, u, f8.float(), r, torch.tensor(float("nan")) == torch.tensor(float("nan")))
""",
    "sparse in its layouts": """\
import torch
d = torch.tensor([[0.0, 2.0], [3.0, 0.0]], requires_grad=True)
coo = d.to_sparse()
csr = d.detach().to_sparse_csr()
(torch.sparse.mm(coo, torch.ones(2, 2)).sum() + torch.sparse.sum(coo)).backward()
s = torch.sparse_coo_tensor([[0, 1, 1], [1, 0, 0]], [1.0, 2.0, 3.0], (2, 2), requires_grad=True)
c = s.coalesce()
(s.to_dense() * 2).sum().backward()
embedding = torch.nn.Embedding(5, 2, sparse=True)
embedding(torch.tensor([1, 1, 3])).sum().backward()
optimizer = torch.optim.SparseAdam(embedding.parameters())
optimizer.step()
print(d.grad, s.grad.to_dense(), embedding.weight.grad.coalesce(), csr @ torch.ones(2), coo.indices())
""",
    "quantized, meta, nested": """\
import warnings
import torch
q = torch.quantize_per_tensor(torch.tensor([0.1, 0.2]), 0.1, 2, torch.quint8)
print(q.int_repr(), q.dequantize(), q.q_scale())
m = torch.nn.Linear(3, 4, device="meta")
print(m(torch.ones(2, 3, device="meta")).shape)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    n = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], requires_grad=True)
    j = torch.nested.nested_tensor([torch.ones(2, 4), torch.ones(3, 4)], layout=torch.jagged, requires_grad=True)
    (j * 2).sum().backward() if hasattr(j, "values") else None
    parts = (n * 2).unbind()
    (parts[0].sum() + parts[1].sum()).backward()
    print(torch.nested.to_padded_tensor(n, 0.0), n.grad.unbind())
""",
    "a subclass that answers for itself": """\
import torch
log = []
class Loud(torch.Tensor):
    @property
    def shape(self):
        log.append("shape")
        return super().shape
    @property
    def requires_grad(self):
        log.append("requires_grad")
        return True
    @property
    def grad_fn(self):
        log.append("grad_fn")
        return None
    @property
    def is_leaf(self):
        log.append("is_leaf")
        return True
    @property
    def dtype(self):
        log.append("dtype")
        return "mine"
    @property
    def device(self):
        log.append("device")
        return "mine"
    @property
    def _version(self):
        log.append("version")
        return 77
    @property
    def data(self):
        log.append("data")
        return None
    @property
    def grad(self):
        log.append("grad")
        return None
    def __getattr__(self, name):
        log.append(name)
        raise AttributeError(name)
    def size(self, *dims):
        log.append("size")
        return super().size(*dims)
    def tolist(self):
        log.append("tolist")
        return super().tolist()
    def numel(self):
        log.append("numel")
        return super().numel()
    def dim(self):
        log.append("dim")
        return super().dim()
    def __eq__(self, other):
        log.append("eq")
        return True
    __hash__ = torch.Tensor.__hash__
x = torch.ones(2).as_subclass(Loud)
y = x * 2
z = torch.sin(y)
y.add_(1)
z[0] = 4
w = torch.ones(2, requires_grad=True)
(w.as_subclass(Loud) * 3).as_subclass(torch.Tensor).sum().backward()
holder = [x, {"y": y}]
print(log, w.grad)
""",
    "objects that pass for tensors": """\
import torch
log = []
class Boxed:
    def __init__(self, value):
        self.value = value
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        log.append(func.__name__)
        plain = [a.value if isinstance(a, Boxed) else a for a in args]
        return Boxed(func(*plain, **(kwargs or {})))
    def __eq__(self, other):
        raise TypeError("not comparable")
    def __bool__(self):
        raise TypeError("not true")
    def __repr__(self):
        log.append("repr")
        return "Boxed"
    def __len__(self):
        raise TypeError("no length")
w = torch.ones(2, requires_grad=True)
b = torch.add(Boxed(w), 2)
c = torch.mul(b, Boxed(w))
c.value.sum().backward()
class Argument:
    def __getattr__(self, name):
        log.append(name)
        raise AttributeError(name)
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, anything):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2, None
d = Double.apply(w, Argument())
print(log, w.grad)
""",
    "modes and dispatch of the program's own": """\
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
log = []
class Doubles(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return result * 2 if func is torch.ones else result
class Sees(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        log.append(str(func))
        return func(*args, **(kwargs or {}))
x = torch.ones(2, requires_grad=True)
with Doubles(), Doubles():
    y = torch.ones(2)
    (x * y).sum().backward()
with Sees():
    (x.sin() * 2).sum().backward()
    x.grad.zero_()
with torch._C.DisableTorchFunction():
    unseen = (x * 3).sum()
unseen.backward()
with torch.device("cpu"), FlopCounterMode(display=False) as flops:
    torch.ones(2, 2) @ torch.ones(2, 2)
from torch._subclasses.fake_tensor import FakeTensorMode
with FakeTensorMode() as fake:
    shape = (torch.ones(2, 3) @ torch.ones(3, 4)).shape
print(log, x.grad, flops.get_total_flops(), shape)
""",
}
