"""The graph for other programs, read back by networkx and by a DOT parser: nothing merged, nothing uncovered."""

from __future__ import annotations

import io
from dataclasses import replace

import networkx as nx
import pydot
import pytest

from tests.trace.programs import Shown
from tests.traces import names
from tutor.trace.multigraph import dot_text, graphml_text, multigraph
from tutor.trace.picture import Circle, ItemId, LaneId, Picture

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pydot")


def read_graphml(picture: Picture) -> nx.MultiDiGraph:
    """As another program gets it."""
    text = graphml_text(multigraph(picture))
    return nx.read_graphml(io.BytesIO(text.encode()), force_multigraph=True)


def read_dot(picture: Picture) -> pydot.Dot:
    found = pydot.graph_from_dot_data(dot_text(multigraph(picture)))
    assert found is not None
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", names())
def test_graphml_has_every_node_and_lane_with_what_is_known_of_it(name: str) -> None:
    picture = Shown(name).last
    graph = multigraph(picture)
    again = read_graphml(picture)
    assert dict(again.nodes(data=True)) == dict(graph.nodes(data=True))
    assert sorted(again.edges(keys=True)) == sorted(graph.edges(keys=True))
    there = [box for box in picture.structure.boxes if picture.boxes[box.id].present]
    assert {box.id for box in there} == {
        n for n, known in graph.nodes(data=True) if known["kind"] == "tensor"
    }


@pytest.mark.parametrize("name", names())
def test_dot_is_read_back_with_the_same_nodes_and_edges(name: str) -> None:
    picture = Shown(name).last
    graph, dot = multigraph(picture), read_dot(picture)
    assert {node.get_name().strip('"') for node in dot.get_nodes()} == set(graph.nodes)
    edges = [(edge.get_source().strip('"'), edge.get_destination().strip('"')) for edge in dot.get_edges()]
    assert sorted(edges) == sorted(graph.edges())


def test_two_edges_between_the_same_two_stay_two() -> None:
    """`y * y`: a plain directed graph would merge them, and with them two gradients."""
    picture = Shown("two_paths").last
    first = picture.structure.lanes[0]
    twice = replace(first, id=LaneId("twice"), slot=first.slot + 1)
    structure = replace(picture.structure, lanes=(*picture.structure.lanes, twice))
    again = read_graphml(replace(picture, structure=structure))
    assert again.number_of_edges(first.source, first.target) == 2
    assert {known["slot"] for known in again.get_edge_data(first.source, first.target).values()} == {0, 1}


def test_a_ghost_is_no_second_tensor() -> None:
    picture = Shown("slope").last
    structure = picture.structure
    x, lane = structure.boxes[0], structure.lanes[0]
    assert lane.source == x.id
    ghost = replace(x, id=ItemId("t0~o1"), ghost_of=x.id)
    haunted = replace(
        structure,
        boxes=(*structure.boxes, ghost),
        lanes=(replace(lane, source=ghost.id), *structure.lanes[1:]),
    )
    shown = replace(picture, structure=haunted, boxes={**picture.boxes, ghost.id: picture.boxes[x.id]})
    assert dict(multigraph(shown).adj) == dict(multigraph(picture).adj)


def test_a_tensor_says_its_value_and_its_gradient() -> None:
    known = read_graphml(Shown("q").last).nodes
    a = next(attributes for attributes in known.values() if attributes["label"] == "a")
    assert a["value"] == "[2, 3]"
    assert a["grad"] == "[36, 81]"
    assert a["is_leaf"] is True
    assert a["tensor_shape"] == "[2]"


def test_what_is_covered_is_a_question_mark() -> None:
    graph = multigraph(Shown("slope", covered=frozenset({"x.grad"})).last)
    x = next(known for _name, known in graph.nodes(data=True) if known["label"] == "x")
    assert (x["value"], x["grad"]) == ("3", "?")
    assert '"6"' not in dot_text(graph)


def test_what_is_not_there_yet_is_not_in_the_graph() -> None:
    shown = Shown("q")
    sizes = [len(multigraph(shown.at(step))) for step in range(-1, shown.structure.last_step + 1)]
    assert sizes[0] < sizes[-1]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    "text", ['say "no"', "a\\b", "two\nlines", "<b>&amp;", "ñ → ∂", "{x | y}", "];}", ""]
)
def test_any_text_survives_in_both(text: str) -> None:
    picture = Shown("slope").last
    lane = picture.structure.lanes[0]
    circle = Circle(ItemId("o99"), lane.tensor, text, text, text, (), None)  # type: ignore[arg-type]
    shown = replace(
        picture,
        structure=replace(picture.structure, circles=(*picture.structure.circles, circle)),
        circles={**picture.circles, circle.id: picture.circles[picture.structure.circles[0].id]},
    )
    assert read_graphml(shown).nodes["o99"]["expression"] == text
    node = next(node for node in read_dot(shown).get_nodes() if node.get_name() == '"o99"')
    told = str(node.get("expression"))[1:-1]
    assert told.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\") == text
