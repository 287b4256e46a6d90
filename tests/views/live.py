"""A real session over a kernel that only notes what it is asked, and small programs as the kernel would tell them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import structs
from PySide6.QtCore import QSettings

from tests.session.fake_kernel import FakeKernel
from tutor.protocol import (
    Accumulation,
    BackwardBegan,
    BackwardEnded,
    BackwardId,
    Data,
    Edge,
    Failure,
    Frame,
    GradientAccumulated,
    Node,
    NodeId,
    NodeRan,
    NodeRun,
    Operation,
    OperationId,
    Output,
    Source,
    SourceId,
    Span,
    Step,
    Tensor,
    TensorId,
    TensorNamed,
    TraceEvent,
    Value,
)
from tutor.session.session import Session
from tutor.session.settings import Settings

SQUARE = """\
import torch
x = torch.tensor([3., -2.], requires_grad=True)
y = x**2
y.sum().backward()
print(x.grad)
"""
A_LEAF, A_RESULT = TensorId(0), TensorId(1)


def a_clock_that_stands() -> float:
    """Changes made one after another are never too far apart to be one, however slow the computer is."""
    return 0.0


def new_session(folder: Path, text: str = SQUARE) -> tuple[Session, FakeKernel]:
    """A session with the text in the sandbox's one cell."""
    kernel = FakeKernel()
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(kernel, Settings(store, folder), clock=a_clock_that_stands)
    session.set_cell_text(session.document.cells[0].id, text)
    return session, kernel


def lent(folder: Path, text: str = SQUARE) -> Iterator[tuple[Session, FakeKernel]]:
    """The same for a fixture, and gone afterwards."""
    session, kernel = new_session(folder, text)
    yield session, kernel
    session.deleteLater()
    kernel.deleteLater()


def run(session: Session, kernel: FakeKernel, events: Sequence[TraceEvent], *, outcome: str = "ok") -> None:
    """One whole run, at whose end the last step is looked at."""
    session.run_all()
    kernel.begin()
    kernel.send(*events)
    kernel.end(outcome)


def source(session: Session, place: int = 0) -> Source:
    cell = session.document.code_cells[place]
    return Source(id=SourceId(place), path=None, cell=cell.id, text=cell.text)


def span(line: int, col: int, end_col: int, *, in_source: int = 0) -> Span:
    return Span(SourceId(in_source), line, line, col, end_col)


def printed(text: str, step: int, *, stream: str = "stdout", line: int = 5) -> list[TraceEvent]:
    """An output and its step; `step` is the next step's index."""
    piece = Output(stream=stream, text=text, span=span(line, 0, 5), step=step)  # type: ignore[arg-type]
    return [piece, Step(kind="output", id=step, span=span(line, 0, 5))]


def square(session: Session, x: Data = None, *, output: bool = True) -> list[TraceEvent]:
    """What a run of SQUARE tells: x, y = x**2, a backward in one node, and a line of output."""
    numbers = [3.0, -2.0] if x is None else x
    squares, slopes = [n * n for n in numbers], [2 * n for n in numbers]
    one = BackwardId(0)
    power, leaf = NodeId(0), NodeId(1)
    events: list[TraceEvent] = [
        source(session),
        _tensor(A_LEAF, len(numbers), step=0, leaf=True),
        Value(tensor=A_LEAF, step=-1, version=0, value=numbers),
        TensorNamed(tensor=A_LEAF, name="x", step=0),
        _operation(),
        Node(id=power, name="PowBackward0", operation=OperationId(0), tensor=None, step=0),
        Node(id=leaf, name="AccumulateGrad", operation=None, tensor=A_LEAF, step=0),
        Edge(from_=power, output=0, to=leaf, input=0),
        _tensor(A_RESULT, len(numbers), step=0, leaf=False, grad_fn=power),
        Value(tensor=A_RESULT, step=0, version=0, value=squares),
        TensorNamed(tensor=A_RESULT, name="y", step=0),
        Step(kind="operation", id=0, span=span(3, 4, 8)),
        _backward(one, power),
        NodeRan(
            backward=one, run=NodeRun(node=power, grad_outputs=[[1.0, 1.0]], grad_inputs=[slopes], step=1)
        ),
        Step(kind="node", id=0, backward=one),
        NodeRan(backward=one, run=NodeRun(node=leaf, grad_outputs=[slopes], grad_inputs=[], step=2)),
        GradientAccumulated(
            backward=one,
            accumulation=Accumulation(
                tensor=A_LEAF, node=leaf, before=None, incoming=slopes, after=slopes, step=2
            ),
        ),
        Step(kind="node", id=1, backward=one),
        BackwardEnded(id=one, results=[], error=None, step=3),
    ]
    return events + (printed(f"tensor({slopes})\n", 3) if output else [])


def failed(session: Session, *, line: int, message: str, step: int) -> list[TraceEvent]:
    text = session.document.code_cells[0].text.split("\n")[line - 1]
    where = span(line, 0, len(text))
    frame = Frame("cell 1", "<module>", line, text, where)
    failure = Failure(type="RuntimeError", message=message, span=where, frames=[frame], step=step)
    return [failure, Step(kind="error", id=-1, span=where)]


def on_source(event: TraceEvent, place: int) -> TraceEvent:
    """The event as if it came from the source at `place`."""
    where = getattr(event, "span", None)
    moved = where and Span(SourceId(place), where.line, where.end_line, where.col, where.end_col)
    return structs.replace(event, span=moved) if where else event


def _tensor(tensor: TensorId, size: int, *, step: int, leaf: bool, grad_fn: NodeId | None = None) -> Tensor:
    return Tensor(
        id=tensor,
        name=None,
        shape=[size],
        dtype="float32",
        device="cpu",
        requires_grad=True,
        is_leaf=leaf,
        grad_fn=grad_fn,
        step=step,
    )


def _operation() -> Operation:
    return Operation(
        id=OperationId(0),
        function="torch.Tensor.__pow__",
        span=span(3, 4, 8),
        grad_enabled=True,
        module=None,
        inputs=[A_LEAF],
        outputs=[A_RESULT],
        arguments=["#0", "2"],
        nodes=[NodeId(0)],
        backward=None,
        step=0,
    )


def _backward(one: BackwardId, root: NodeId) -> BackwardBegan:
    return BackwardBegan(
        id=one,
        entry="Tensor.backward",
        parent=None,
        roots=[root],
        root_tensors=[A_RESULT],
        gradients=[[1.0, 1.0]],
        inputs=[],
        retain_graph=False,
        create_graph=False,
        span=span(4, 0, 18),
        step=1,
    )
