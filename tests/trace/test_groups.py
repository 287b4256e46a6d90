"""The groups of a graph, as a reader of the program would draw them: modules, turns, iterations, rows of like blocks."""

from __future__ import annotations

from math import prod

import pytest

from tests.trace.grouped import BLOCK, PROGRAMS, recorded
from tutor.trace.folding import first_folds, fold
from tutor.trace.iterations import iterations
from tutor.trace.picture import Structure
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

pytestmark = pytest.mark.kernel


def record(text: str) -> Trace:
    from tests.traces.recording import record_text

    trace = record_text("import torch\nfrom torch import nn\n" + text)
    assert trace.error is None, trace.error
    return trace


def tree(drawn: Structure) -> list[str]:
    """A line for each group: its depth, name and class, how many blocks, operations and parameters."""
    lines = []
    for group in drawn.groups:
        words = [f"{group.kind}", group.name, group.type_name]
        words.append(f"×{group.count}" if group.count > 1 else "")
        words.append(f"{group.operations} op")
        words.append(f"{group.parameters} par" if group.parameters else "")
        lines.append("  " * group.depth + " ".join(word for word in words if word))
    return lines


def names_in(drawn: Structure, which: int) -> list[str]:
    """The names of the boxes in the group of this number."""
    names = {box.id: box.name for box in drawn.boxes}
    return [names[item] for item in drawn.groups[which].items if item in names]


BLOCKS = f"""\
{BLOCK}
class Net(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.blocks = nn.ModuleList(Block() for _ in range(count))
        self.last = nn.Linear(4, 2)
    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.last(x)
"""


def test_modules_lie_in_each_other_and_like_ones_in_a_row() -> None:
    drawn = structure(
        record(BLOCKS + "net = Net(3)\nloss = net(torch.randn(5, 3)).sum()\nloss.backward()\n"), 0
    )
    block = ["    module blocks.{} Block 5 op 84 par", "      module blocks.{}.work Sequential 3 op 76 par"]
    assert tree(drawn) == [
        "module net Net 17 op 278 par",
        "  repeat blocks.0–2 Block ×3 15 op 252 par",
        *(line.format(number) for number in range(3) for line in block),
    ]


def test_a_module_owns_its_parameters_in_every_iteration_of_the_whole() -> None:
    trace = record("""\
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(3):
    optimizer.zero_grad()
    loss = net(torch.randn(4, 2)).pow(2).mean()
    loss.backward()
    optimizer.step()
""")
    turn = ["iteration {} 5 op 13 par", "  module net Sequential 3 op 13 par"]
    assert tree(structure(trace, None)) == [line.format(n) for n in (1, 2, 3) for line in turn]
    assert [tree(structure(trace, turn.index)) for turn in iterations(trace)] == [
        ["module net Sequential 3 op 13 par"]
    ] * 3


def test_what_is_shared_by_all_turns_belongs_to_the_loop_and_what_is_given_to_it_lies_outside() -> None:
    trace = record("""\
W = torch.randn(3, 3, requires_grad=True)
x = torch.randn(5, 2, 3)
h = torch.zeros(2, 3, requires_grad=True)
for t in range(5):
    noise = torch.rand(2, 3)
    h = torch.tanh(x[t] + h @ W + noise)
h.sum().backward()
""")
    drawn = structure(trace, 0)
    assert tree(drawn) == [
        "repeat for t in range(5) ×5 25 op 9 par",
        *(f"  turn {turn} 5 op" for turn in range(1, 6)),
    ]
    assert names_in(drawn, 0).count("W") == 1 and "x" not in names_in(drawn, 0)
    assert [names_in(drawn, turn) for turn in (1, 2, 5)] == [["noise", "h"]] * 3


def test_turns_of_a_loop_need_not_be_equal() -> None:
    trace = record("""\
w = torch.randn(3, 3, requires_grad=True)
h = torch.randn(2, 3)
for t in range(7):
    h = h @ w
    if t % 3 == 0:
        h = h * 2
    h = torch.tanh(h)
while h.abs().sum() > 0.5:
    h = h * 0.5
    h = h - h.mean()
h.sum().backward()
""")
    loop, *turns = tree(structure(trace, 0))
    assert loop == "repeat for t in range(7) ×7 17 op 9 par"
    assert [line.split()[-2] for line in turns[:7]] == ["3", "2", "2", "3", "2", "2", "3"]
    assert turns[7].startswith("repeat while h.abs().sum() > 0.5 ×")
    assert {line.split()[-2] for line in turns[8:]} == {"6"}


CALLED = """\
w = torch.randn(3, 3, requires_grad=True)
def step(h, k):
    a = h @ w
    if k > 1:
        a = a * 2
    return torch.tanh(a)
h = torch.randn(2, 3) + 1
for epoch in range(2):
    for k in range(4):
        h = {body}
    h = h / 2
h.sum().backward()
"""


@pytest.mark.parametrize("body", ["step(h, k) + 1", "step(h + 1, k)"])
def test_what_a_function_does_belongs_to_the_turn_that_calls_it(body: str) -> None:
    loop = ["    repeat for k in range(4) ×4 14 op"] + [
        f"      turn {turn} {size} op" for turn, size in zip((1, 2, 3, 4), (3, 3, 4, 4), strict=True)
    ]
    assert tree(structure(record(CALLED.format(body=body)), 0)) == [
        "repeat for epoch in range(2) ×2 30 op 9 par",
        "  turn 1 15 op", *loop,
        "  turn 2 15 op", *loop,
    ]  # fmt: skip


def test_calls_of_a_function_form_a_row_where_the_loop_is_out_of_sight() -> None:
    trace = record("""\
w = torch.randn(3, 3, requires_grad=True)
def cell(h):
    a = h @ w
    return torch.tanh(a) + a * 2
def run(h):
    for t in range(6):
        h = cell(h)
    return h
run(torch.randn(2, 3)).sum().backward()
""")
    row, *turns = tree(structure(trace, 0))
    assert row == "repeat cell ×6 24 op 9 par" and turns == [f"  turn {n} 4 op" for n in range(1, 7)]


def test_a_long_row_is_parted_into_tens_and_hundreds() -> None:
    trace = record("""\
net = nn.LSTMCell(2, 2)
h = c = torch.zeros(1, 2)
for t in range(400):
    h, c = net(torch.ones(1, 2), (h, c))
h.sum().backward()
""")
    drawn = structure(trace, 0)
    lines = tree(drawn)
    assert lines[:4] == [
        "repeat for t in range(400) ×400 400 op 48 par",
        "  repeat 1–100 ×100 100 op",
        "    repeat 1–10 ×10 10 op",
        "    repeat 11–20 ×10 10 op",
    ]
    assert lines[-1] == "    repeat 391–400 ×10 10 op"
    folded = fold(drawn, first_folds(drawn))
    assert [block.name for block in folded.blocks][:2] == ["1–10", "11–20"] and len(folded.blocks) == 40


ALTERNATING = """\
layers = [layer for _ in range({count}) for layer in (nn.Linear(2, 2), nn.ReLU())]
net = nn.Sequential(*layers)
for epoch in range(2):
    net(torch.randn(3, 2)).sum().backward()
"""


def test_layers_that_alternate_are_parted_into_like_neighbours_whatever_loop_calls_them() -> None:
    drawn = structure(record(ALTERNATING.format(count=8)), 0)
    assert tree(drawn) == [
        "module net Sequential ×8 16 op 48 par",
        *(f"  module {at}–{at + 1} Linear, ReLU 2 op 6 par" for at in range(0, 16, 2)),
    ]
    assert names_in(drawn, 1) == ["net.0.weight", "net.0.bias"]


def test_a_small_network_is_not_parted_so() -> None:
    drawn = structure(record(ALTERNATING.format(count=4)), 0)
    assert tree(drawn) == ["module net Sequential 8 op 24 par"]


def test_short_loops_and_single_calls_are_no_groups() -> None:
    trace = record("""\
w = torch.ones(2, requires_grad=True)
parts = [w * k for k in range(3)]
y = nn.Linear(2, 2)(torch.stack(parts))
y.sum().backward()
""")
    assert tree(structure(trace, 0)) == []


def test_a_result_that_the_caller_names_lies_behind_the_module_of_the_library_that_made_it() -> None:
    trace = record("""\
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
guess = net(torch.randn(4, 2))
loss = guess.pow(2).mean()
loss.backward()
""")
    drawn = structure(trace, 0)
    assert names_in(drawn, 0) == ["net.0.weight", "net.0.bias"]
    folded = fold(drawn, [drawn.groups[0].id])
    assert "guess" in {box.name for box in folded.boxes}


@pytest.mark.parametrize("name", PROGRAMS)
def test_groups_lie_in_each_other_and_hold_what_they_say(name: str) -> None:
    trace = recorded(name)
    for iteration in (None, *(turn.index for turn in iterations(trace))):
        drawn = structure(trace, iteration)
        known = {group.id: group for group in drawn.groups}
        assert len(known) == len(drawn.groups)
        circles = [circle.id for circle in drawn.circles]
        for at, group in enumerate(drawn.groups):
            own = [circle for circle in circles if circle in group.items]
            assert group.operations == len(own) > 1
            assert own == circles[circles.index(own[0]) :][: len(own)], "it is one stretch of the run"
            around = [g for g in drawn.groups if set(group.items) < set(g.items)]
            assert group.depth >= len(around) - 1 and sum(g.parent == group.id for g in drawn.groups) <= 36
            if group.parent is not None:
                parent = known[group.parent]
                assert drawn.groups.index(parent) < at and parent.depth == group.depth - 1
                assert set(group.items) <= set(parent.items)
            boxes = {box.id: box for box in drawn.boxes}
            assert group.parameters == sum(prod(boxes[leaf].shape) for leaf in group.leaves)


def test_a_row_of_many_modules_has_no_more_children_than_are_seen_at_once() -> None:
    drawn = structure(record(BLOCKS + "net = Net(60)\nnet(torch.randn(5, 3)).sum().backward()\n"), 0)
    row = next(group for group in drawn.groups if group.kind == "repeat")
    assert (row.name, row.count, row.type_name) == ("blocks.0–59", 60, "Block")
    chunks = [group for group in drawn.groups if group.parent == row.id]
    assert [(chunk.name, chunk.count) for chunk in chunks][:2] == [("blocks.0–9", 10), ("blocks.10–19", 10)]
    assert len(chunks) == 6
