"""However a tensor was written, what the trace tells of it last is what torch holds: values, shape and gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch

from tests.kernel.soundness import assert_sound
from tests.kernel.test_record_operators import operators, samples
from tests.traces.recording import record_text
from tutor.kernel.budget import Limits
from tutor.kernel.capture import capture
from tutor.protocol import Data, TensorId
from tutor.trace.trace import Trace

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"

PROGRAMS = {
    "embedding_max_norm": """
e=nn.Embedding(3,2,max_norm=0.1)
y=e(torch.tensor([0,1]))
y.sum().backward()
""",
    "embedding_bag_max_norm": """
e=nn.EmbeddingBag(3,2,max_norm=0.1)
y=e(torch.tensor([[0,1]]))
""",
    "spectral_norm": """
s=nn.utils.parametrizations.spectral_norm(nn.Linear(2,2))
for _ in range(2): y=s(torch.ones(2))
""",
    "spectral_norm_by_hook": """
s=nn.utils.spectral_norm(nn.Linear(2,2))
for _ in range(2): y=s(torch.ones(2))
""",
    "instance_norm": """
s=nn.InstanceNorm1d(2,track_running_stats=True)
for _ in range(2): y=s(torch.randn(1,2,3))
""",
    "batch_norm": """
s=nn.Sequential(nn.Conv2d(1,2,1),nn.BatchNorm2d(2))
for _ in range(2): y=s(torch.randn(2,1,3,3))
s.eval()
z=s(torch.randn(2,1,3,3))
""",
    "batch_norm_function": """
m=torch.zeros(2)
v=torch.ones(2)
x=torch.randn(4,2)
y=F.batch_norm(x,m,v,training=True)
z=torch.batch_norm(x,None,None,m,v,True,.1,1e-5,False)
""",
    "batch_norm_no_grad": """
b=nn.BatchNorm1d(2)
with torch.no_grad(): y=b(torch.randn(4,2))
""",
    "in_place_layers": """
net=nn.Sequential(nn.Linear(2,2),nn.ReLU(inplace=True))
x=torch.ones(1,2,requires_grad=True)
h=x*2
y=net(h)
y.sum().backward()
""",
    "in_place_methods": """
x=torch.zeros(3)
x.scatter_(0,torch.tensor([1]),5.)
x.index_add_(0,torch.tensor([0]),torch.ones(1))
x.masked_fill_(x>2,0)
x.clamp_(0,1)
x.put_(torch.tensor([2]),torch.ones(1))
x.copy_(x*3)
""",
    "rows": """
x=torch.arange(4.).view(2,2)
x[[0,1]]=x[[1,0]]
x[0],x[1]=x[1].clone(),x[0].clone()
""",
    "random": """
x=torch.zeros(3)
x.normal_()
x.uniform_()
x.bernoulli_()
torch.nn.init.normal_(x)
""",
    "out": """
x=torch.ones(2)
o=torch.empty(2)
p=torch.empty(2,dtype=torch.int64)
torch.sort(torch.tensor([2.,1.]),out=(o,p))
torch.mul(x,3,out=x)
""",
    "inference": """
with torch.inference_mode():
    x=torch.ones(2)
    o=torch.empty(2)
    torch.mul(x,3,out=o)
    x+=1
    x[0]=7
    v=x[1:]
    v.fill_(9)
""",
    "matrices": """
A=torch.zeros(2,2)
A.addr_(torch.ones(2),torch.ones(2))
A.addmm_(torch.ones(2,2),torch.ones(2,2))
A.T.add_(1)
A.diagonal().zero_()
""",
    "foreach": """
a=[torch.ones(2),torch.ones(2)]
b,c=a
torch._foreach_mul_(a,2)
torch._foreach_copy_(a,[torch.zeros(2),torch.ones(2)])
torch._foreach_zero_(a)
""",
    "recurrent": """
h=torch.zeros(1,2)
c=torch.nn.LSTMCell(2,2)
s=(h,h)
for _ in range(3): s=c(torch.ones(1,2),s)
""",
    "gradient_writes": """
w=torch.ones(2,requires_grad=True)
w.grad=torch.ones(2)
w.grad+=1
w.grad[0]=5
w.grad.data.mul_(2)
w.grad.detach().add_(1)
w.grad.view(-1)[1]=0
g=w.grad
g.mul_(3)
""",
    "strides": """
x=torch.zeros(4)
v=x.as_strided((2,),(2,))
v.fill_(3)
w=torch.ones(4)
u=w[::2]
u.copy_(v)
""",
    "complex_parts": """
z=torch.zeros(2,dtype=torch.complex64)
z.real.fill_(1)
z.imag[0]=2
r=torch.view_as_real(z)
r.mul_(2)
""",
    "other_dtype": """
x=torch.zeros(2)
v=x.view(torch.int32)
v.fill_(1)
""",
    "checkpoint": """
from torch.utils.checkpoint import checkpoint
b=torch.nn.BatchNorm1d(2)
x=torch.randn(4,2,requires_grad=True)
y=checkpoint(b,x,use_reentrant=False)
y.sum().backward()
""",
    "reentrant_checkpoint": """
from torch.utils.checkpoint import checkpoint
b=torch.nn.BatchNorm1d(2)
x=torch.randn(4,2,requires_grad=True)
y=checkpoint(b,x,use_reentrant=True)
y.sum().backward()
""",
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_last_told_is_what_is_there(name: str) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    trace = record_text(HEAD + PROGRAMS[name], namespace=namespace)
    assert trace.error is None
    assert_sound(trace)

    ids = {row.name: row.tensor for row in trace.names}
    compared = [assert_true(trace, ids[path], tensor) for path, tensor in held(namespace) if path in ids]
    assert compared


IN_PLACE = "y = x.view_as(x)\nz = f(x, *args, **keywords)\nw = x.clone()\n"
OUT = (
    "import torch\nz = f(x, *args, **keywords)\n"
    "out = torch.empty_like(z) if isinstance(z, torch.Tensor) else tuple(map(torch.empty_like, z))\n"
    "f(x, *args, **keywords, out=out)\n"
)


def assert_what_it_writes_is_told(op: Any) -> None:
    """As a method that writes to its tensor, seen through a view too; and with `out`."""
    for sample in samples(op, "cpu", torch.float64, 1):
        if not isinstance(sample.input, torch.Tensor):
            continue
        for text, function in ((IN_PLACE, op.inplace_variant), (OUT, op.op if op.supports_out else None)):
            if function is not None:
                given = {"f": function, "args": sample.args, "keywords": sample.kwargs}
                x = sample.input.detach().clone()
                namespace: dict[str, Any] = {"__name__": "__main__", "x": x, **given}
                trace = record_text(text, namespace=namespace)
                ids = {row.name: row.tensor for row in trace.names}
                for path, tensor in held(namespace):
                    if path in ids:
                        assert_true(trace, ids[path], tensor)


@pytest.mark.filterwarnings("ignore")
def test_a_sample_of_operators_tells_what_it_writes() -> None:
    for op in operators()[::20]:
        assert_what_it_writes_is_told(op)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
def test_every_operator_tells_what_it_writes() -> None:
    for op in operators():
        assert_what_it_writes_is_told(op)


def assert_true(trace: Trace, id: TensorId, tensor: torch.Tensor) -> None:
    last = [value for value in trace.values if value.tensor == id][-1]
    assert last.value == data_of(tensor)
    assert (trace.tensors[id].shape if last.shape is None else last.shape) == list(tensor.shape)
    gradient = tensor.grad if tensor.is_leaf else None
    if gradient is not None:
        assert last_gradient(trace, id) == data_of(gradient)


def data_of(tensor: torch.Tensor) -> Data:
    with torch._C.DisableTorchFunction():
        return capture(tensor, Limits())[0]


def last_gradient(trace: Trace, id: TensorId) -> Data:
    changes = [(c.step, c.after) for c in trace.changes if c.what == "grad" and c.tensor == id]
    landed = [(a.step, a.after) for b in trace.backwards for a in b.accumulations if a.tensor == id]
    return max([*landed, *changes], key=lambda told: told[0])[1]


def held(namespace: Mapping[str, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors in the program's variables, and those of its modules."""
    for name, value in namespace.items():
        if isinstance(value, torch.Tensor):
            yield name, value
        elif isinstance(value, torch.nn.Module):
            yield from value.named_parameters(prefix=name)
            yield from value.named_buffers(prefix=name)
