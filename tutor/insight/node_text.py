"""A grad_fn node in words: what it saved, at which version, whether that is freed by now, and the hooks on it."""

from __future__ import annotations

from tutor.i18n import _
from tutor.insight.hook_text import hooks_of_node
from tutor.insight.numbers_text import number_text
from tutor.insight.pin_text import pin_lines
from tutor.protocol import Data, NodeId, Span, TensorId
from tutor.trace.freed import freed_at
from tutor.trace.gradient_graph import gradient_text
from tutor.trace.gradient_nodes import operand_of
from tutor.trace.index import Index, index_of, last
from tutor.trace.names import short_name, written
from tutor.trace.shown import Covered, value_covered
from tutor.trace.told import told
from tutor.trace.trace import Trace

_CONTEXT = "ctx."
"""Attributes that a custom Function's forward put on its ctx: torch neither watches nor frees them."""
_MOST = 6
"""So many saved things are listed."""


def node_lines(trace: Trace, node: NodeId, step: int, covered: Covered) -> list[str]:
    """Everything that is known of the node after `step`, a line each."""
    index = index_of(trace)
    found = index.nodes.get(node)
    if found is None:
        return []
    rows = found.saved.items()
    lines = [said for key, kept in rows if (said := _saved(index, node, key, kept, step, covered))]
    more = [_("and {count} more").format(count=len(lines) - _MOST)] if len(lines) > _MOST else []
    return [
        *lines[:_MOST],
        *more,
        *freed_lines(trace, node, step),
        *pin_lines(trace, node, step),
        *hooks_of_node(told(trace), node, step, hidden=bool(covered)),
        *created_lines(trace, node),
    ]


def saved_names(index: Index, node: NodeId) -> list[str]:
    """The tensors that it saved, by name."""
    rows = index.nodes[node].saved.items()
    kept = (k.get("tensor") for key, k in rows if isinstance(k, dict) and not key.startswith(_CONTEXT))
    tensors = dict.fromkeys(TensorId(t) for t in kept if t is not None)
    return [short_name(index, t, index.tensors[t].step) for t in tensors]


def created_lines(trace: Trace, node: NodeId) -> list[str]:
    made = trace.nodes[node].created_by
    if made is None:
        return []
    line = _line(trace.backwards[made.backward].span)
    return [
        _("made by create_graph: part of the gradient's own graph")
        if line is None
        else _("made by create_graph in line {line}: part of the gradient's own graph").format(line=line)
    ]


def freed_lines(trace: Trace, node: NodeId, step: int) -> list[str]:
    """That its saved tensors are gone, and by which backward."""
    if not is_freed(trace, node, step):
        return []
    line = freeing_line(trace, node)
    if line is None:
        return [_("freed when it had run: a second backward cannot use it")]
    return [_("freed by the backward of line {line}: a second one cannot use it").format(line=line)]


def is_freed(trace: Trace, node: NodeId, step: int) -> bool:
    """Whether what it had saved is gone after `step`."""
    freed = freed_at(trace, node)
    return freed is not None and freed <= step


def freeing_line(trace: Trace, node: NodeId) -> int | None:
    """The line of the backward that freed, or will free, what it saved."""
    freed = freed_at(trace, node)
    return None if freed is None else _line(_freeing_span(trace, node, freed))


def _freeing_span(trace: Trace, node: NodeId, freed: int) -> Span | None:
    runs = index_of(trace).runs.get(node, ())
    backward = next((run.backward for run in runs if run.step == freed), None)
    return None if backward is None else trace.backwards[backward].span


def _line(span: Span | None) -> int | None:
    return None if span is None else span.line


def _saved(index: Index, node: NodeId, key: str, kept: Data, step: int, covered: Covered) -> str:
    """`saved a (version 0): 2`; "" for what torch notes for itself."""
    if isinstance(kept, dict) and "packed" in kept:
        tensor = operand_of(index, node, kept["of"])
        name = kept["of"] if tensor is None else short_name(index, tensor, index.tensors[tensor].step)
        return _("saved {name}, packed as {value}").format(
            name=name, value=_packed(index, kept["packed"], covered)
        )
    if isinstance(kept, dict) and "tensor" in kept:
        return _saved_tensor(index, key, kept, step, covered)
    if kept is None or key.endswith("_sym_sizes") or isinstance(kept, dict):
        return ""
    return f"{key} = {number_text(kept)}"


def _packed(index: Index, packed: Data, covered: Covered) -> str:
    """What a pack hook put in the tensor's place."""
    if isinstance(packed, dict) and packed.get("tensor") is not None:
        return short_name(index, TensorId(packed["tensor"]), index.tensors[TensorId(packed["tensor"])].step)
    value = packed.get("value") if isinstance(packed, dict) else packed
    return number_text(value, hidden=bool(covered))


def _saved_tensor(index: Index, key: str, kept: dict[str, Data], step: int, covered: Covered) -> str:
    if kept["tensor"] is None:
        if kept.get("value") is None:
            return _("saved {name}").format(name=key)
        value = number_text(kept["value"], hidden=bool(covered))
        return _("saved {name}: {value}").format(name=key, value=value)
    tensor, version = TensorId(kept["tensor"]), kept.get("version")
    name = written(gradient_text(index, tensor)) or short_name(index, tensor, index.tensors[tensor].step)
    value = _value(index, tensor, version, step, covered)
    if key.startswith(_CONTEXT):
        return f"{key} = {name}: {value}"
    if version is None:
        return _("saved {name}: {value}").format(name=name, value=value)
    return _("saved {name} (version {version}): {value}").format(name=name, version=version, value=value)


def _value(index: Index, tensor: TensorId, version: Data, step: int, covered: Covered) -> str:
    """Of the version that was saved; what was since written behind autograd's back is what the node has now."""
    values = index.values.get(tensor, ())
    of_version = [v for v in values if v.version == version]
    found = last(of_version, step) or (*of_version, *values, None)[0]
    if found is None or (found.value is None and found.stats is not None):
        return number_text({"shape": index.shape_of(tensor)})
    return number_text(found.value, hidden=value_covered(tensor, index, covered))
