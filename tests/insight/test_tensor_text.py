"""What is said of a tensor beside its numbers."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.trace.made import loop
from tests.traces.recording import record_text
from tutor.insight.scene import scene
from tutor.insight.tensor_text import tensor_lines
from tutor.protocol import Tangent, TensorId, TensorNamed
from tutor.trace.structure import structure
from tutor.trace.tensors import tensor_rows
from tutor.trace.trace import Trace

W, MADE = TensorId(0), TensorId(1)


def _trace(**changes: object) -> Trace:
    trace = Trace()
    trace.extend(loop(1, 2))
    trace.tensors[MADE] = structs.replace(trace.tensors[MADE], **changes)
    return trace


def test_a_view_names_its_base() -> None:
    trace = _trace(base=W)
    trace.append(TensorNamed(tensor=MADE, name="v", step=1))

    assert tensor_lines(trace, MADE, 2, frozenset()) == ["view of w"]
    assert [row.view_of for row in tensor_rows(trace, 2)] == [None, "w", None]


def test_a_shared_memory_is_told() -> None:
    assert tensor_lines(_trace(shares_memory_with=W), MADE, 2, frozenset()) == ["same memory as w"]


def test_a_dual_number_is_written_as_one() -> None:
    trace = _trace()
    trace.append(Tangent(tensor=MADE, value=1.0, step=1))

    assert tensor_lines(trace, MADE, 1, frozenset()) == ["dual number: 2 + 1ε"]
    assert tensor_lines(trace, MADE, 0, frozenset()) == []


@pytest.mark.filterwarnings("ignore:`torch.jit.script`")
def test_forward_mode_shows_the_tangent_beside_the_operation() -> None:
    trace = record_text(
        "import torch\nimport torch.autograd.forward_ad as fw\nwith fw.dual_level():\n"
        "    d = fw.make_dual(torch.tensor(3.0), torch.tensor(1.0))\n    e = d**2\n"
    )
    step = next(o.step for o in trace.operations if o.function.endswith("__pow__"))
    said = scene(trace, structure(trace, 0), step).callout
    assert said is not None and said.lines == ("dual number: 9 + 6ε",)


def test_the_batch_that_vmap_puts_before_a_tensor_is_told() -> None:
    assert tensor_lines(_trace(batch=[5]), MADE, 2, frozenset()) == ["under vmap: a batch of [5]"]


def test_a_plain_tensor_needs_no_words() -> None:
    assert tensor_lines(_trace(), MADE, 2, frozenset()) == []
