"""Times the way of a picture from sizes to places, on recorded networks: `python -m tests.benchmarks.layout [NAMES]`.

Beside it the layout library graphlay and Graphviz `dot`, where it is installed, on the same graphs: bare, without ports,
frames and routes of two lines. `… --graphlay NAME` is the process that times graphlay.
"""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

from tests.benchmarks.networks import NETWORKS, ROOT, trace_of
from tutor.trace.folding import all_closed, first_folds, fold
from tutor.trace.layout import Layout, Order, layout
from tutor.trace.picture import ItemId, Structure
from tutor.trace.structure import structure

PATIENCE = 60.0
"""Seconds that others may take."""
ROUNDS = 3
BLOCK = (200.0, 90.0)

_T = TypeVar("_T")


def main() -> None:
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    names = [name for name in sys.argv[1:] if name in NETWORKS] or list(NETWORKS)
    _say(f"load {os.getloadavg()[0]:.1f}; milliseconds on the clock (of the processor), medians of {ROUNDS}")
    for name in names:
        _time_network(name)
    app.processEvents()


def _time_network(name: str) -> None:
    from tutor.views.graph.routes import places
    from tutor.views.graph.sizes import measure

    trace = trace_of(name)
    drawn = structure(trace, None)
    # As after a run in the window: what was read is no garbage, and is not looked through again.
    gc.collect()
    gc.freeze()
    _say(f"\n{name}: {len(trace.nodes)} nodes, {_count(drawn)}")
    sizes = _timed("sizes", lambda: measure(drawn, trace))
    order = _timed("what the layout is asked for", sizes.order)
    found = _timed("layout", lambda: layout(drawn, order))
    _timed("places", lambda: places(drawn, sizes, found))
    _time_folds(drawn, order)
    _say(f"  {'the window, with the helper process':38} {_in_the_window(drawn, order)}")
    _say(f"  {'graphlay, bare':38} {_graphlay(name)}")
    _say(f"  {'Graphviz dot, bare':38} {_dot(drawn, order)}")
    gc.unfreeze()


def _time_folds(drawn: Structure, order: Order) -> None:
    """As it is seen first, and with every group open; and what opening one group moves."""
    closed = first_folds(drawn)
    first, opened = fold(drawn, closed), fold(drawn, ())
    if first.blocks:
        _timed(f"layout at first, {_count(first)}", lambda: layout(first, _for(first, order)))
    if opened.frames:
        _timed(f"layout of {len(opened.frames)} open groups", lambda: layout(opened, _for(opened, order)))
    closed = closed or all_closed(drawn)
    whole = fold(drawn, closed)
    kept = [_kept(whole, fold(drawn, closed - {block.id}), order, block.id) for block in whole.blocks[:8]]
    if kept:
        _say(f"  {'opening a group leaves in their rows':38} {100 * min(kept):6.0f} % of the others at least")


def _kept(before: Structure, after: Structure, order: Order, opened: ItemId) -> float:
    """The share of items that stand as high as before relative to most others, when a group is opened."""
    old, new = layout(before, _for(before, order)), layout(after, _for(after, order))
    known = [item for item in old.positions if item in new.positions and item != opened]
    shifts = [round(new.positions[item].y - old.positions[item].y, 3) for item in known]
    return shifts.count(statistics.mode(shifts)) / len(shifts) if shifts else 1.0


def _for(drawn: Structure, order: Order) -> Order:
    """The order of a folded structure, whose blocks have one size."""
    items = {item.id for found in (drawn.boxes, drawn.circles) for item in found}
    sizes = {item: size for item, size in order.sizes.items() if item in items}
    sizes |= {block.id: BLOCK for block in drawn.blocks}
    return Order(sizes, {item: port for item, port in order.ports.items() if item in items}, order.direction)


def _in_the_window(drawn: Structure, order: Order) -> str:
    """The whole time until the layout is there, and the longest stretch in which the window could do nothing."""
    from PySide6.QtCore import QEventLoop, QTimer

    from tutor.session.layout_client import LayoutClient

    client, loop, ticks, found = LayoutClient(), QEventLoop(), list[float](), list[Layout]()
    ticking = QTimer(interval=0)
    ticking.timeout.connect(lambda: ticks.append(time.perf_counter()))
    client.done.connect(lambda _structure, layout: (found.append(layout), loop.quit()))
    client.failed.connect(loop.quit)
    ticking.start()
    ticks.append(time.perf_counter())
    client.request(drawn, order)
    if not found:
        loop.exec()
    ticks.append(time.perf_counter())
    ticking.stop()
    longest = max(after - before for before, after in pairwise(ticks))
    return f"{1000 * (ticks[-1] - ticks[0]):8.1f} ms, blocked for {1000 * longest:.1f} ms at most"


# ------------------------------------------------------------------ others


def _graphlay(name: str) -> str:
    """In a process of its own, which can be ended: it holds the interpreter."""
    command = [sys.executable, "-m", "tests.benchmarks.layout", "--graphlay", name]
    try:
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True)
    except subprocess.TimeoutExpired:
        return f"not within {PATIENCE:.0f} s"
    except subprocess.CalledProcessError as error:
        return error.stderr.strip().splitlines()[-1]
    return said.stdout.strip()


def _time_graphlay(name: str) -> None:
    import graphlay
    from PySide6.QtWidgets import QApplication

    from tutor.views.graph.sizes import measure

    app = QApplication([])
    trace = trace_of(name)
    drawn = structure(trace, None)
    sizes = measure(drawn, trace).order().sizes
    graph = graphlay.Graph()
    for item, (width, height) in sizes.items():
        graph.node(item, width=width, height=height)
    for source, target in _edges(drawn):
        graph.edge(source, target)
    options = {"direction": "leftright", "routing": {"style": "orthogonal"}}
    start = time.perf_counter()
    graphlay.layout(graph, options=options)
    _say(f"{1000 * (time.perf_counter() - start):8.1f} ms")
    app.processEvents()


def _dot(drawn: Structure, order: Order) -> str:
    if shutil.which("dot") is None:
        return "not installed"
    nodes = [f'"{i}" [width={w / 72:.2f} height={h / 72:.2f}]' for i, (w, h) in order.sizes.items()]
    edges = [f'"{source}" -> "{target}"' for source, target in _edges(drawn)]
    text = "digraph {rankdir=LR; node [shape=box fixedsize=true]; " + "; ".join([*nodes, *edges]) + "}"
    start = time.perf_counter()
    try:
        subprocess.run(
            ["dot", "-Tplain"], input=text, text=True, capture_output=True, timeout=PATIENCE, check=True
        )
    except subprocess.TimeoutExpired:
        return f"not within {PATIENCE:.0f} s"
    except subprocess.CalledProcessError as error:
        return f"exit status {error.returncode}"
    return f"{1000 * (time.perf_counter() - start):8.1f} ms"


def _edges(drawn: Structure) -> list[tuple[ItemId, ItemId]]:
    pairs = ((lane.source, lane.target) for lane in drawn.lanes if lane.source != lane.target)
    return list(dict.fromkeys(pairs))


# ------------------------------------------------------------------ timing


def _timed(what: str, work: Callable[[], _T]) -> _T:
    clock, processor = [], []
    for _ in range(ROUNDS):
        start, own = time.perf_counter(), time.process_time()
        result = work()
        clock.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (time.process_time() - own))
    _say(f"  {what:38} {statistics.median(clock):8.1f} ms ({statistics.median(processor):.1f})")
    return result


def _count(drawn: Structure) -> str:
    items = len(drawn.boxes) + len(drawn.circles) + len(drawn.blocks)
    return f"{items} items, {len(drawn.lanes)} lanes"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--graphlay"]:
        _time_graphlay(sys.argv[2])
    else:
        main()
