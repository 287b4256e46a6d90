"""Every kind of tensor leaves a sound trace and a picture at every step: with its values where they can be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read, landed
from tests.kernel.soundness import assert_sound
from tutor.insight.scene import scene
from tutor.protocol import Tensor
from tutor.trace.iterations import iteration_at
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore:.*quantiz.*")
"""torch warns of many of them that they are new, or old."""

WRAPPER = """
from torch.utils._pytree import tree_map
class W(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(cls, inner.size(), dtype=inner.dtype)
    def __init__(self, inner):
        self.inner = inner
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        print(func)
        inside = tree_map(lambda t: t.inner if isinstance(t, W) else t, (args, kwargs or {}))
        return tree_map(lambda t: W(t) if isinstance(t, torch.Tensor) else t, func(*inside[0], **inside[1]))
a = W(torch.ones(2))
b = a + 1
c = torch.nn.Parameter(torch.ones(2)) * b
"""
OVERRIDING = """
class Loud(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})
s = torch.ones(2).as_subclass(Loud)
t = s * 2
u = t.tolist()
del s, t
"""

KINDS = {
    "complex": "z = torch.tensor([1+2j, 3-1j], requires_grad=True)\n(z * z.conj()).real.sum().backward()\n",
    "complex128": "a = torch.ones(2, dtype=torch.complex128, requires_grad=True)\n"
    "torch.view_as_real(a * 1j).sum().backward()\n",
    "complex_half": "a = torch.ones(2, dtype=torch.complex32)\nb = a * 2\n",
    "sparse_coo": "v = torch.tensor([3.0, 4.0], requires_grad=True)\n"
    "s = torch.sparse_coo_tensor(torch.tensor([[0, 1], [1, 0]]), v, (2, 2))\n"
    "torch.sparse.mm(s, torch.ones(2, 2)).sum().backward()\n",
    "sparse_gradient": "e = torch.nn.Embedding(5, 2, sparse=True)\ne(torch.tensor([1, 1, 3])).sum().backward()\n"
    "o = torch.optim.SparseAdam(list(e.parameters()))\no.step()\no.zero_grad()\ndel o\n",
    "csr": "c = torch.eye(3).to_sparse_csr()\nx = torch.ones(3, 1, requires_grad=True)\n(c @ x).sum().backward()\n",
    "csc": "c = torch.eye(3).to_sparse_csc()\nd = c.to_dense()\n",
    "bsr": "c = torch.eye(4).to_sparse_bsr((2, 2))\nd = c.to_dense()\n",
    "integer": "a = torch.arange(4)\nb = a // 2\nc = a[b]\nd = a.to(torch.uint8)\ne = torch.tensor([2**62]) + 1\n",
    "unsigned": "a = torch.ones(2, dtype=torch.uint16)\nb = a.to(torch.uint32)\nc = a.to(torch.uint64)\n",
    "boolean": "m = torch.tensor([True, False])\nn = ~m\nx = torch.ones(2, requires_grad=True)\n"
    "torch.where(m, x, x * 2).sum().backward()\n",
    "quantized": "x = torch.tensor([0.5, 1.0])\nq = torch.quantize_per_tensor(x, 0.1, 0, torch.quint8)\n"
    "d = q.dequantize()\nr = q.int_repr()\n",
    "quantized_by_channel": "q = torch.quantize_per_channel(torch.ones(2, 2), torch.tensor([0.1, 0.2]), "
    "torch.tensor([0, 0]), 0, torch.qint8)\nd = q.dequantize()\n",
    "empty": "a = torch.empty(0, requires_grad=True)\n(a * 2).sum().backward()\nd = torch.zeros(2, 0, 3)\n",
    "no_dimension": "a = torch.tensor(3.0, requires_grad=True)\nb = a * a\nb.backward()\nc = torch.tensor(True) & True\n",
    "meta": "m = torch.ones(2, 3, device='meta', requires_grad=True)\n(m * 2).sum().backward()\n",
    "subclass": "class S(torch.Tensor):\n    pass\ns = torch.ones(2).as_subclass(S)\nt = s * 2\n"
    "s.requires_grad_()\n(s * 3).sum().backward()\ndel S\n",
    "overriding": OVERRIDING,
    "half": "a = torch.ones(2, dtype=torch.float16, requires_grad=True)\n(a * 2).sum().backward()\n"
    "c = torch.ones(2, dtype=torch.bfloat16, requires_grad=True)\n(c * 2).sum().backward()\n",
    "float8": "a = torch.ones(2).to(torch.float8_e4m3fn)\nb = a.to(torch.float32)\n"
    "c = torch.ones(2).to(torch.float8_e5m2)\n",
    "large": "a = torch.ones(3000, 1000, requires_grad=True)\n(a * 2).sum().backward()\n",
    "not_finite": "a = torch.tensor([float('inf'), float('nan'), -float('inf')], requires_grad=True)\n"
    "(a * 0).sum().backward()\n",
    "mkldnn": "a = torch.ones(2, 2).to_mkldnn()\nb = a.to_dense()\n",
    "expanded": "a = torch.ones(1, requires_grad=True)\na.expand(5).sum().backward()\n",
    "overlapping": "a = torch.ones(4).as_strided((3, 2), (1, 1))\nb = a * 2\n",
    "zero": "a = torch._efficientzerotensor((2,))\nb = a + 1\n",
    "buffer": "b = torch.nn.Buffer(torch.ones(2))\nc = b * 2\n",
    "numpy": "import numpy as np\nn = np.ones(2)\na = torch.from_numpy(n)\nn[0] = 5\nb = a * 2\n",
}
"""Programs whose results can be compared bit for bit."""

ODD = {
    "nested": "n = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)], requires_grad=True)\n"
    "(n * 2).to_padded_tensor(0.0).sum().backward()\n",
    "jagged": "n = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)], layout=torch.jagged, "
    "requires_grad=True)\n(n * 2).values().sum().backward()\n",
    "fake": "from torch._subclasses.fake_tensor import FakeTensorMode\nwith FakeTensorMode():\n"
    "    a = torch.ones(2, requires_grad=True)\n    (a * 2).sum().backward()\n",
    "wrapper": WRAPPER,
    "masked": "from torch.masked import masked_tensor\n"
    "a = masked_tensor(torch.ones(2), torch.tensor([True, False]), requires_grad=True)\n(a * 2).sum().backward()\n",
    "conjugate": "a = torch.ones(2, dtype=torch.complex64)\nb = a.conj()\nc = b.imag\nd = torch._neg_view(torch.ones(2))\n",
    "bits": "a = torch.ones(4, dtype=torch.uint8).view(torch.bits8)\n",
    "astronomic": "a = torch.ones(1).expand(10**10)\nb = a[0]\n",
    "no_memory": "a = torch.ones(4)\nw = torch.ones(5000)\na.untyped_storage().resize_(0)\n"
    "w.untyped_storage().resize_(0)\nb = a.view(2, 2)\nv = w.view(50, 100)\nc = torch.ones(2)\n"
    "for kind in (torch.float32, torch.float16, torch.int64):\n    l = torch.ones(100_000, dtype=kind)\n"
    "    l.untyped_storage().resize_(64)\n    m = l.view(-1)\n",
}


def assert_shown(trace: Trace) -> None:
    """It is a sound trace, and each of its steps has a picture."""
    assert_sound(trace)
    for step in range(len(trace.steps)):
        assert scene(trace, structure(trace, iteration_at(trace, step).index), step) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_computed_as_alone_and_shown(kind: str) -> None:
    trace = assert_faithful(f"import torch\n{KINDS[kind]}")

    assert trace.error is None
    assert trace.steps
    assert_shown(trace)


@pytest.mark.parametrize("kind", ODD)
def test_what_cannot_be_compared_is_shown_too(kind: str) -> None:
    trace = Read(f"import torch\n{ODD[kind]}").trace

    assert trace.error is None
    assert_shown(trace)


def row(read: Read, name: str) -> Tensor:
    return read.trace.tensors[read.ids[name]]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("complex", "z", [[1.0, 2.0], [3.0, -1.0]]),
        ("sparse_coo", "s", {"indices": [[0, 1], [1, 0]], "values": [3.0, 4.0], "shape": [2, 2]}),
        ("csc", "c", {"indices": [[0, 1, 2], [0, 1, 2]], "values": [1.0] * 3, "shape": [3, 3]}),
        ("csr", "c", {"indices": [[0, 1, 2], [0, 1, 2]], "values": [1.0] * 3, "shape": [3, 3]}),
        ("integer", "e", [2**62 + 1]),
        ("unsigned", "c", [1, 1]),
        ("boolean", "n", [False, True]),
        ("quantized", "q", None),
        ("quantized", "r", [5, 10]),
        ("empty", "d", [[], []]),
        ("no_dimension", "b", 9.0),
        ("no_dimension", "c", True),
        ("meta", "m", None),
        ("half", "a", [1.0, 1.0]),
        ("half", "c", [1.0, 1.0]),
        ("float8", "c", [1.0, 1.0]),
        ("subclass", "t", [2.0, 2.0]),
        ("not_finite", "a", ["inf", "nan", "-inf"]),
        ("zero", "b", [1.0, 1.0]),
        ("buffer", "b", [1.0, 1.0]),
        ("conjugate", "b", [[1.0, 0.0], [1.0, 0.0]]),
        ("overlapping", "a", [[1.0, 1.0]] * 3),
    ],
)
def test_values_are_what_torch_holds(kind: str, name: str, value: Any) -> None:
    assert Read(f"import torch\n{(KINDS | ODD)[kind]}").last_value(name) == value


@pytest.mark.parametrize(
    ("kind", "name", "dtype", "device", "shape"),
    [
        ("complex128", "a", "complex128", "cpu", [2]),
        ("quantized", "q", "quint8", "cpu", [2]),
        ("meta", "m", "float32", "meta", [2, 3]),
        ("float8", "a", "float8_e4m3fn", "cpu", [2]),
        ("half", "c", "bfloat16", "cpu", [2]),
        ("unsigned", "c", "uint64", "cpu", [2]),
        ("empty", "d", "float32", "cpu", [2, 0, 3]),
        ("no_dimension", "c", "bool", "cpu", []),
        ("nested", "n", "float32", "cpu", [2, -1, -1]),
        ("jagged", "n", "float32", "cpu", [2, -1, 3]),
        ("astronomic", "a", "float32", "cpu", [10**10]),
        ("bits", "a", "bits8", "cpu", [4]),
    ],
)
def test_each_is_told_with_its_dtype_device_and_shape(
    kind: str, name: str, dtype: str, device: str, shape: list[int]
) -> None:
    tensor = row(Read(f"import torch\n{(KINDS | ODD)[kind]}"), name)

    assert (tensor.dtype, tensor.device, tensor.shape) == (dtype, device, shape)


def test_a_complex_gradient_lands() -> None:
    (land,) = landed(Read(f"import torch\n{KINDS['complex']}"))

    assert (land.before, land.after) == (None, [[2.0, 4.0], [6.0, -2.0]])


def test_a_sparse_gradient_lands_as_indices_and_values() -> None:
    (land,) = landed(Read(f"import torch\n{KINDS['sparse_gradient']}"))

    assert land.after == {"indices": [[1, 1, 3]], "values": [[1.0, 1.0]] * 3, "shape": [5, 2]}


def test_a_large_tensor_is_told_by_statistics() -> None:
    read = Read(f"import torch\n{KINDS['large']}")
    (value,) = (v for v in read.trace.values if v.tensor == read.ids["a"])

    assert value.value is None
    assert value.stats is not None
    assert (value.stats.count, value.stats.mean) == (3_000_000, 1.0)


def test_what_numpy_wrote_is_found_when_the_tensor_is_used() -> None:
    assert Read(f"import torch\n{KINDS['numpy']}").last_value("b") == [10.0, 2.0]
