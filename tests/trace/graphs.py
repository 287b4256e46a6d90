"""Graphs of any size, without a trace: what layouts are tested on."""

from __future__ import annotations

import random

from tutor.protocol import OperationId, TensorId
from tutor.trace.picture import Box, Circle, ItemId, Lane, LaneId, Structure

Sizes = dict[ItemId, tuple[float, float]]


def graph(edges: list[tuple[int, int]], count: int) -> Structure:
    """Nodes that nothing leads to are boxes, the others circles."""
    made = {target for _, target in edges}
    boxes = tuple(_box(n) for n in range(count) if n not in made)
    circles = tuple(_circle(n) for n in range(count) if n in made)
    ids = {n: ItemId(f"{'o' if n in made else 't'}{n}") for n in range(count)}
    lanes = tuple(
        Lane(LaneId(f"{a}>{b}:{at}"), ids[a], ids[b], TensorId(a), at, returns=True)
        for at, (a, b) in enumerate(edges)
    )
    return Structure(0, boxes, circles, lanes)


def sizes_of(structure: Structure, seed: int = 0) -> Sizes:
    """Boxes and circles of many sizes."""
    wild = random.Random(seed)
    sizes = {b.id: (wild.uniform(120, 320), wild.uniform(80, 200)) for b in structure.boxes}
    return sizes | {c.id: (wild.uniform(52, 130), wild.uniform(52, 120)) for c in structure.circles}


def random_edges(count: int, seed: int, reach: int = 12) -> list[tuple[int, int]]:
    """Every node but the first feeds on one or two of those shortly before it."""
    wild = random.Random(seed)
    edges = []
    for node in range(1, count):
        if wild.random() < 0.2:
            continue
        edges.append((wild.randrange(max(0, node - reach), node), node))
        if wild.random() < 0.5:
            edges.append((wild.randrange(max(0, node - reach), node), node))
    return edges


def unrolled(turns: int) -> tuple[list[tuple[int, int]], int]:
    """A recurrent net: two weights used in every turn."""
    edges, count, state = [], 3, 2
    for _ in range(turns):
        product, sum_, bent = count, count + 1, count + 2
        count += 3
        edges += [(0, product), (state, product), (1, sum_), (product, sum_), (sum_, bent)]
        state = bent
    return edges, count


def _box(number: int) -> Box:
    return Box(
        ItemId(f"t{number}"), TensorId(number), f"t{number}", (), "float32", is_leaf=True, tracked=True
    )


def _circle(number: int) -> Circle:
    return Circle(ItemId(f"o{number}"), OperationId(number), "×", "mul", "", (), None)
