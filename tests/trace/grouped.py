"""Programs whose graphs have groups, and graphs with groups made up: what folding is tested on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from tests.trace import graphs
from tutor.trace.picture import Group, ItemId, Structure
from tutor.trace.trace import Trace

BLOCK = """\
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.work = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))
    def forward(self, x):
        return x + self.work(self.norm(x))
"""
"""A block of a net: what is added to its input."""

PROGRAMS = {
    "cells by hand": """\
import torch
W = torch.randn(3, 3, requires_grad=True)
U = torch.randn(2, 3, requires_grad=True)
x = torch.randn(4, 1, 2)
h = torch.zeros(1, 3)
for t in range(4):
    z = x[t] @ U + h @ W
    h = torch.tanh(z)
loss = h.sum()
loss.backward(retain_graph=True)
loss.backward()
""",
    "blocks": f"""\
import torch
from torch import nn
{BLOCK}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*(Block() for _ in range(4)))
        self.head = nn.Linear(4, 2)
    def forward(self, x):
        return self.head(self.blocks(x))
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(3, 4)
for turn in range(2):
    optimizer.zero_grad()
    loss = net(x).pow(2).mean()
    loss.backward()
    optimizer.step()
""",
    "untracked and written": """\
import torch
w = torch.ones(3, requires_grad=True)
with torch.no_grad():
    s = w * 2
    for k in range(9):
        s = s + k
        s.mul_(2)
y = w * s
for k in range(5):
    y = y * w
    y += 1
y.sum().backward()
(y * 2).sum().backward()
""",
    "derivative of a derivative": """\
import torch
x = torch.tensor(2.0, requires_grad=True)
y = x
for k in range(8):
    y = y * x
(g,) = torch.autograd.grad(y, x, create_graph=True)
g.backward()
""",
}


@cache
def recorded(name: str) -> Trace:
    """The trace of a program of `PROGRAMS`."""
    from tests.traces.recording import record_text

    return record_text(PROGRAMS[name])


def grouped(graph: Structure, spans: list[tuple[int, int]]) -> Structure:
    """The graph with groups of neighbouring circles and the boxes of what only these use, nested or apart."""
    circles = [circle.id for circle in graph.circles]
    found: list[Group] = []
    for first, last in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        own = set(circles[first : last + 1])
        boxes = [box.id for box in graph.boxes if _lies_in(graph, box.id, own)]
        items = (*boxes, *circles[first : last + 1])
        around = [group for group in found if own < set(group.items)]
        if len(own) > 1 and all(own <= set(g.items) or own.isdisjoint(g.items) for g in found):
            parent = around[-1].id if around else None
            name = ItemId(f"m{len(found)}")
            found.append(Group(name, "module", name, "", 1, len(own), 0, items, parent, len(around)))
    names = [*(box.id for box in graph.boxes), *(circle.id for circle in graph.circles)]
    return replace(graph, keys=graph.keys or {name: str(name) for name in names}, groups=tuple(found))


def _lies_in(graph: Structure, box: ItemId, own: set[ItemId]) -> bool:
    """A result where it was made, anything else where alone it is used."""
    makers = {lane.source for lane in graph.lanes if lane.target == box}
    users = {lane.target for lane in graph.lanes if lane.source == box}
    return bool(makers or users) and (makers or users) <= own


@st.composite
def grouped_graphs(draw: st.DrawFn) -> Structure:
    count = draw(st.integers(6, 40))
    graph = graphs.graph(graphs.random_edges(count, draw(st.integers(0, 500)), reach=6), count)
    last = max(len(graph.circles) - 1, 1)
    ends = st.tuples(st.integers(0, last), st.integers(0, last)).map(lambda pair: (min(pair), max(pair)))
    return grouped(graph, draw(st.lists(ends, min_size=1, max_size=8)))


@st.composite
def folded(draw: st.DrawFn) -> tuple[Structure, frozenset[ItemId]]:
    """A graph, and which of its groups to close."""
    whole = draw(grouped_graphs())
    names = [group.id for group in whole.groups]
    return whole, frozenset(draw(st.lists(st.sampled_from(names)))) if names else frozenset()
