"""The picture's graph for other programs: a networkx MultiDiGraph, as GraphML and as DOT. Two edges of `y * y` stay two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tutor.trace.picture import Box, BoxState, Circle, Group, Lane, LaneState, Picture, Shown
from tutor.trace.values import shape_text, short

if TYPE_CHECKING:
    import networkx as nx

Known = dict[str, str | bool | int]
COVERED = "?"
_BLUE, _VERMILION, _GREEN, _GREY = "#0072b2", "#d55e00", "#009e73", "#5f6b78"


def multigraph(picture: Picture) -> nx.MultiDiGraph:
    """The tensors, operations and folded groups that are there after the picture's step, and the lanes between them.

    Edges run forward, from a leaf where the picture has a ghost of it. Attributes are texts, numbers and truth values,
    as GraphML has them; what is covered is "?".
    """
    import networkx as nx  # takes a third of a second, which only who wants it should wait

    drawn = picture.structure
    graph: nx.MultiDiGraph = nx.MultiDiGraph(step=picture.step + 1)
    for box in drawn.boxes:
        state = picture.boxes.get(box.id)
        if box.ghost_of is None and state is not None and state.present:
            graph.add_node(box.id, **_tensor(box, state))
    for circle in drawn.circles:
        if (there := picture.circles.get(circle.id)) is not None and there.present:
            graph.add_node(circle.id, **_operation(circle))
    for block in drawn.blocks:
        if (stands := picture.blocks.get(block.id)) is not None and stands.present:
            graph.add_node(block.id, **_group(block))
    leaves = {box.id: box.ghost_of for box in drawn.boxes if box.ghost_of is not None}
    for lane in drawn.lanes:
        source = leaves.get(lane.source, lane.source)
        if source in graph and lane.target in graph:
            graph.add_edge(source, lane.target, key=lane.id, **_edge(lane, picture.lanes.get(lane.id)))
    return graph


def graphml_text(graph: nx.MultiDiGraph) -> str:
    import networkx as nx

    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(nx.generate_graphml(graph)) + "\n"


def dot_text(graph: nx.MultiDiGraph) -> str:
    """For Graphviz; every attribute is there, with colours and shapes as in the picture."""
    return "\n".join(_dot_lines(graph)) + "\n"


# ---------------------------------------------------------------- what is known


def _tensor(box: Box, state: BoxState) -> Known:
    return {
        "kind": "tensor",
        "label": state.name or box.name,
        "tensor_shape": shape_text(box.shape),
        "dtype": box.dtype,
        "is_leaf": box.is_leaf,
        "requires_grad": state.requires_grad,
        "value": _text(state.value),
        "grad": _text(state.grad.value) if state.grad.value is not None else "None",
    }


def _operation(circle: Circle) -> Known:
    return {
        "kind": "operation",
        "label": circle.symbol,
        "function": circle.function,
        "expression": circle.expression,
        "grad_fn": ", ".join(tab.name for tab in circle.tabs),
        "saves": "; ".join(", ".join(tab.saves) for tab in circle.tabs),
    }


def _group(block: Group) -> Known:
    return {
        "kind": "group",
        "label": block.name,
        "type_name": block.type_name,
        "count": block.count,
        "operations": block.operations,
        "parameters": block.parameters,
    }


def _edge(lane: Lane, state: LaneState | None) -> Known:
    """`returns`: whether a gradient comes back on it."""
    return {
        "slot": lane.slot,
        "count": lane.count,
        "returns": lane.returns,
        "value": _text(state.value if state is not None else None),
        "gradient": _text(state.gradient if state is not None else None),
    }


def _text(shown: Shown | None) -> str:
    """Empty where there is nothing; its size where the numbers were too many to keep."""
    if shown is None:
        return ""
    if shown.covered:
        return COVERED
    return shape_text(shown.shape) if shown.data is None else short(shown.data)


# ---------------------------------------------------------------- DOT


def _dot_lines(graph: nx.MultiDiGraph) -> Iterator[str]:
    yield "digraph autograd {"
    yield "  rankdir=LR;"
    for name, known in graph.nodes(data=True):
        yield f"  {_quoted(name)} [{_attributes(known | _node_look(known))}];"
    for source, target, known in graph.edges(data=True):
        yield f"  {_quoted(source)} -> {_quoted(target)} [{_attributes(known | _edge_look(known))}];"
    yield "}"


def _node_look(known: Known) -> Known:
    """A tensor is a rounded box with its value and gradient, an operation a circle with its sign."""
    match known["kind"]:
        case "tensor":
            rows = [
                f"{known['label']} {known['tensor_shape']}",
                f"{known['value']}",
                f".grad {known['grad']}",
            ]
            color = _GREEN if known["is_leaf"] else _GREY
            return {"label": "\n".join(rows), "shape": "box", "style": "rounded", "color": color}
        case "operation":
            return {"shape": "circle", "color": _BLUE, "tooltip": known["grad_fn"] or known["function"]}
        case _:
            return {"shape": "box3d", "color": _GREY, "tooltip": known["type_name"]}


def _edge_look(known: Known) -> Known:
    """Two lines where a gradient returns."""
    return {"color": f"{_BLUE}:{_VERMILION}" if known["returns"] else _BLUE, "label": known["value"]}


def _attributes(known: Known) -> str:
    return ", ".join(f"{name}={_quoted(value)}" for name, value in known.items())


def _quoted(value: str | bool | int) -> str:
    """In a quoted text only the quote and the backslash mean something; `\n` is a line's end."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'
