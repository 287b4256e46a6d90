"""Where things stand: nothing overlaps, lanes go round what is in their way, the same graph is laid out the same."""

from __future__ import annotations

import pickle
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trace import graphs
from tests.trace.programs import Shown
from tests.traces import golden, names
from tutor.trace.columns import columns
from tutor.trace.layout import Layout, Order, Point, layout
from tutor.trace.picture import ItemId, Structure
from tutor.trace.structure import structure

edges_of_a_graph = st.integers(2, 26).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(
            st.tuples(st.integers(0, count - 2), st.integers(1, count - 1)).filter(lambda e: e[0] < e[1]),
            max_size=3 * count,
        ),
    )
)


def _overlaps(drawn: Layout, sizes: graphs.Sizes) -> list[tuple[ItemId, ItemId]]:
    places = sorted(drawn.positions.items(), key=lambda found: found[1].x)
    found = []
    for at, (one, p) in enumerate(places):
        for other, q in places[at + 1 :]:
            if abs(p.x - q.x) < (sizes[one][0] + sizes[other][0]) / 2 - 0.01 and abs(p.y - q.y) < (
                (sizes[one][1] + sizes[other][1]) / 2 - 0.01
            ):
                found.append((one, other))
    return found


def _check(drawn: Layout, graph: Structure, sizes: graphs.Sizes) -> None:
    assert set(drawn.positions) == set(sizes)
    assert _overlaps(drawn, sizes) == []
    for lane in graph.lanes:
        route, source, target = (
            drawn.routes[lane.id],
            drawn.positions[lane.source],
            drawn.positions[lane.target],
        )
        assert route[0] == Point(source.x + sizes[lane.source][0] / 2, source.y)
        assert route[-1] == Point(target.x - sizes[lane.target][0] / 2, target.y)
        assert all(a.x <= b.x + 0.01 for a, b in pairwise(route))
        for point in route[1:-1]:
            assert not _inside(point, drawn, sizes), "a lane passes through an item"
    assert all(0 <= p.x <= drawn.width and 0 <= p.y <= drawn.height for p in drawn.positions.values())


def _inside(point: Point, drawn: Layout, sizes: graphs.Sizes) -> bool:
    return any(
        abs(point.x - p.x) < sizes[item][0] / 2 - 0.01 and abs(point.y - p.y) < sizes[item][1] / 2 - 0.01
        for item, p in drawn.positions.items()
    )


@settings(max_examples=60, deadline=None)
@given(edges_of_a_graph, st.integers(0, 5))
def test_nothing_overlaps_and_every_lane_arrives(found: tuple[int, list[tuple[int, int]]], seed: int) -> None:
    count, edges = found
    graph = graphs.graph(edges, count)
    sizes = graphs.sizes_of(graph, seed)
    _check(layout(graph, Order(sizes)), graph, sizes)


@pytest.mark.parametrize("name", names())
def test_recorded_programs_are_laid_out_well(name: str) -> None:
    drawn = structure(golden(name), None)
    sizes = graphs.sizes_of(drawn)
    _check(layout(drawn, Order(sizes)), drawn, sizes)


def test_the_same_graph_is_laid_out_the_same() -> None:
    graph = graphs.graph(graphs.random_edges(80, 3), 80)
    sizes = graphs.sizes_of(graph)
    assert layout(graph, Order(sizes)) == layout(graph, Order(sizes))
    assert pickle.loads(pickle.dumps(layout(graph, Order(sizes)))) == layout(graph, Order(sizes))


def test_equal_structures_share_one_layout() -> None:
    """The layout hangs on places and sizes, not on which tensors stand there."""
    placed = []
    for iteration in (0, 1):
        shown = Shown("q", iteration)
        by_key = {shown.structure.keys[i]: s for i, s in graphs.sizes_of(shown.structure).items()}
        sizes = {item: by_key[key] for item, key in shown.structure.keys.items()}
        drawn = layout(shown.structure, Order(sizes))
        placed.append({shown.structure.keys[item]: point for item, point in drawn.positions.items()})
    assert placed[0] == placed[1]


def test_values_go_from_left_to_right_or_from_top_to_bottom() -> None:
    shown = Shown("two_paths")
    sizes = graphs.sizes_of(shown.structure)
    across, down = (
        layout(shown.structure, Order(sizes)),
        layout(shown.structure, Order(sizes, direction="down")),
    )
    for lane in shown.structure.lanes:
        assert across.positions[lane.source].x < across.positions[lane.target].x
        assert down.positions[lane.source].y < down.positions[lane.target].y


def residual(blocks: int) -> tuple[Structure, list[ItemId], list[ItemId]]:
    """Two operations with a weight each and a sum, over and over: the graph, its main path, and its weights."""
    edges, path, weights = [], [0], []
    count = 1
    for _ in range(blocks):
        start = path[-1]
        for _operation in range(2):
            weight, made = count, count + 1
            count += 2
            edges += [(path[-1], made), (weight, made)]
            path.append(made)
            weights.append(weight)
        edges += [(path[-1], count), (start, count)]
        path.append(count)
        count += 1
    graph = graphs.graph(edges, count)
    ids = {int(item.id[1:]): item.id for item in (*graph.boxes, *graph.circles)}
    return graph, [ids[node] for node in path], [ids[node] for node in weights]


def test_shortcuts_read_as_shortcuts() -> None:
    """The main path is one straight line, the shortcuts run over it, the weights hang under it."""
    graph, path, weights = residual(4)
    sizes = graphs.sizes_of(graph)
    drawn = layout(graph, Order(sizes))
    heights = {round(drawn.positions[item].y, 6) for item in path}
    assert len(heights) == 1
    line = heights.pop()
    assert all(drawn.positions[weight].y > line for weight in weights)
    for lane in graph.lanes:
        middle = drawn.routes[lane.id][1:-1]
        if lane.source in path and lane.target in path and middle:
            assert all(point.y < line for point in middle)
            assert len({point.y for point in middle}) == 1


def test_the_same_block_looks_the_same_all_along() -> None:
    graph, path, _ = residual(5)
    sizes = {item.id: (100.0, 60.0) for item in (*graph.boxes, *graph.circles)}
    drawn = layout(graph, Order(sizes))
    turns = [drawn.positions[b].x - drawn.positions[a].x for a, b in zip(path[3:-3], path[6:], strict=True)]
    assert len({round(turn, 6) for turn in turns}) == 1
    assert {round(point.y) for point in drawn.positions.values()} == {
        round(drawn.positions[item].y) for item in ("t0", "t1")
    }


def test_the_lanes_of_a_weight_used_far_away_run_at_one_height() -> None:
    graph = graphs.graph(*graphs.unrolled(30))
    drawn = layout(graph, Order(graphs.sizes_of(graph)))
    for weight in ("t0", "t1"):
        far = [drawn.routes[lane.id][1:-1] for lane in graph.lanes if lane.source == weight]
        assert len({point.y for middle in far for point in middle}) == 1


def test_a_program_that_is_run_again_has_the_very_same_picture() -> None:
    for name in names():
        placed = []
        for _ in range(2):
            drawn = structure(golden(name), None)
            placed.append(layout(drawn, Order(graphs.sizes_of(drawn))))
        assert placed[0] == placed[1]


def test_a_leaf_stands_beside_its_use() -> None:
    edges = [(0, 2), (2, 3), (3, 4), (1, 4)]
    assert columns(5, edges, [4]) == [0, 2, 1, 2, 3]


def test_what_leads_to_no_loss_stands_beside_its_source() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5)]
    assert columns(6, edges, [3])[4:] == [1, 2]


def test_unconnected_parts_stand_under_each_other() -> None:
    graph = graphs.graph([(0, 1), (2, 3)], 4)
    drawn = layout(graph, Order(graphs.sizes_of(graph)))
    upper = max(drawn.positions[ItemId(i)].y for i in ("t0", "o1"))
    assert min(drawn.positions[ItemId(i)].y for i in ("t2", "o3")) > upper


def test_nothing_to_draw_has_an_empty_layout() -> None:
    assert layout(graphs.graph([], 0), Order({})) == Layout()


def test_a_leaf_used_all_along_a_chain_has_a_lane_to_each_use() -> None:
    turns = range(300)
    edges = [edge for turn in turns for edge in ((2 * turn + 1, 2 * turn + 2), (2 * turn + 2, 2 * turn + 3))]
    edges += [(0, 2 * turn + 3) for turn in turns]
    graph = graphs.graph(edges, 2 * len(turns) + 2)
    drawn = layout(graph, Order(graphs.sizes_of(graph)))
    assert len(drawn.routes) == len(edges)


def _crossings(drawn: Layout) -> int:
    """How often two routes cross."""
    routes = list(drawn.routes.values())
    pieces = [(number, a, b) for number, route in enumerate(routes) for a, b in pairwise(route)]
    return sum(
        one != other and _cross(a, b, c, d)
        for at, (one, a, b) in enumerate(pieces)
        for other, c, d in pieces[:at]
    )


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, p: Point) -> float:
    return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
