"""Times what the window does for a step, and the layout of growing graphs: `python -m tests.benchmarks.window`.

Every figure stands beside the same work on a smaller trace or graph, timed in turn: the ratio says how it grows.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from PySide6.QtWidgets import QApplication

from tests.trace import graphs
from tests.trace.made import loop
from tests.views.graph_session import GraphSession
from tutor.trace.iterations import iteration_at
from tutor.trace.layout import Order, layout
from tutor.trace.picture import Structure
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.tensors import tensor_rows
from tutor.trace.trace import Trace
from tutor.views.graph.routes import places
from tutor.views.graph.sizes import measure
from tutor.views.graph.view import GraphView

ROUNDS = 5


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(name: str, small: Callable[[], object], large: Callable[[], object]) -> None:
    """The median of each, and of the ratios of the pairs."""
    pairs = [(seconds(small), seconds(large)) for _ in range(ROUNDS)]
    ratio = statistics.median(after / max(before, 1e-9) for before, after in pairs)
    first, second = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
    sys.stdout.write(f"{name:52} {first:9.2f} ms → {second:9.2f} ms   {ratio:6.2f}×\n")


def steps_of(turns: int, operations: int) -> Callable[[], object]:
    """Forty steps to and fro in the middle of a long loop."""
    trace = Trace()
    trace.extend(loop(turns, operations))
    iteration = iteration_at(trace, len(trace.steps) // 2)
    drawn = structure(trace, iteration.index)
    steps = range(iteration.first_step, iteration.first_step + 40)

    def work() -> None:
        for step in (*steps, *reversed(steps)):
            picture(trace, drawn, step)
            tensor_rows(trace, step)

    return work


def laid_out(drawn: Structure) -> Callable[[], object]:
    order = Order(graphs.sizes_of(drawn))
    return lambda: layout(drawn, order)


def unrolled(turns: int) -> Structure:
    return graphs.graph(*graphs.unrolled(turns))


def fan_out(uses: int) -> Structure:
    """A leaf used all along a chain."""
    chain = [(n, n + 1) for n in range(1, uses + 1)]
    return graphs.graph([(0, n) for n in range(2, uses + 2)] + chain, uses + 2)


def placed(drawn: Structure) -> Callable[[], object]:
    sizes = measure(drawn, Trace())
    found = layout(drawn, sizes.order())
    return lambda: places(drawn, sizes, found)


def drawn_steps(name: str) -> Callable[[], object]:
    """Every step of a recorded program, drawn with its callout."""
    session = GraphSession(name)
    view = GraphView(session)  # type: ignore[arg-type]
    view.resize(1000, 680)
    view.show()

    def work() -> None:
        for step in range(session.player.count):
            session.at(step)
        view.grab()

    return work


def main() -> None:
    app = QApplication.instance() or QApplication([])
    compare("80 steps, 20 → 200 turns of 50 operations", steps_of(20, 50), steps_of(200, 50))
    compare("80 steps, 20 turns of 50 → 500 operations", steps_of(20, 50), steps_of(20, 500))
    compare("layout, recurrent net of 500 → 2,000 turns", laid_out(unrolled(500)), laid_out(unrolled(2_000)))
    compare("layout, a leaf used 75 → 300 times", laid_out(fan_out(75)), laid_out(fan_out(300)))
    compare("places, a leaf used 75 → 300 times", placed(fan_out(75)), placed(fan_out(300)))
    compare("all steps drawn, slope → training loop", drawn_steps("slope"), drawn_steps("loop"))
    app.processEvents()


if __name__ == "__main__":
    main()
