"""What the program printed, as far as the step has come."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtCore import QBuffer, QIODevice, QUrl
from PySide6.QtGui import QGuiApplication, QImage, QTextDocument
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.traces.recording import record_text
from tests.views import live
from tutor.protocol import Cause, Failure, Gap, Output, SourceId, Span, Step, TraceEvent, Unseen, Warned
from tutor.session.session import Session
from tutor.trace.file import write_trace
from tutor.views.output import writer as output_writer
from tutor.views.output.view import OutputView
from tutor.views.output.writer import OutputWriter, link_to, linked_span
from tutor.views.theme import DARK

RECORDINGS = Path(__file__).parents[2] / "traces"


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> Iterator[OutputView]:
    made = OutputView(session)
    qtbot.addWidget(made)
    made.resize(400, 220)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.refresh()


def display(step: int, **other: str) -> list[TraceEvent]:
    piece = Output(stream="display", span=None, step=step, **({"text": "shown"} | other))
    return [piece, Step(kind="output", id=step)]


def ran(session: Session, kernel: FakeKernel, view: OutputView, events: list[TraceEvent]) -> None:
    live.run(session, kernel, events)
    view.refresh()


def test_the_empty_view_says_what_will_be_here(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    assert "Nothing has run yet" in view.empty_text
    session.run_all()
    assert "Running" in view.empty_text
    kernel.begin()
    kernel.send(*live.square(session, output=False))
    kernel.end()
    view.refresh()
    assert "printed nothing" in view.empty_text


def test_outputs_come_in_order_and_a_display_ends_its_line(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    printed = live.printed("a", 0) + display(1) + live.printed("b\n", 2, stream="stderr")
    ran(session, kernel, view, [live.source(session), *printed])
    assert view.text == "ashown\nb\n"
    assert view.empty_text == ""


def test_text_appears_while_the_run_goes_on(
    view: OutputView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    session.run_all()
    kernel.begin()
    kernel.send(live.source(session), *live.printed("one\n", 0))
    qtbot.waitUntil(lambda: view.text == "one\n")
    kernel.send(*live.printed("two\n", 1))
    qtbot.waitUntil(lambda: view.text == "one\ntwo\n")


def test_a_flood_is_written_slice_by_slice_until_all_is_there(
    view: OutputView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    flood = [event for at in range(1000) for event in live.printed(f"{at}\n", at)]
    session.run_all()
    kernel.begin()
    kernel.send(live.source(session), *flood)
    view.refresh()
    assert 0 < len(view.text) < len(session.trace.output)
    qtbot.waitUntil(lambda: view.text == session.trace.output)
    kernel.end()


def test_what_the_step_has_not_reached_is_faded(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    ran(session, kernel, view, [live.source(session), *live.printed("one\n", 0), *live.printed("two\n", 1)])
    assert view.faded == ""
    session.player.seek(0)
    assert view.faded == "two\n"
    session.player.seek(-1)
    assert view.faded == "one\ntwo\n"
    session.player.seek(1)
    assert view.faded == ""


def test_what_was_printed_in_an_iteration_that_is_told_late_fades_where_it_came(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    early = [Output(stream="stdout", text=f"{line}\n", step=3) for line in ("out", "kept")]
    session.run_all()
    kernel.begin()
    kernel.send(*live.square(session, output=False), *early)
    view.refresh()
    assert (view.text, view.faded) == ("out\nkept\n", "")

    kernel.send(Gap(iterations=9, operations=9, backwards=9, step=3), Step(kind="gap", id=0))
    kernel.send(Step(kind="output", id=1))
    kernel.end()
    view.refresh()
    session.player.seek(3)
    assert view.faded.strip() == "kept"
    session.player.seek(4)
    assert view.faded == ""


def test_another_run_begins_an_empty_sheet(view: OutputView, session: Session, kernel: FakeKernel) -> None:
    ran(session, kernel, view, [live.source(session), *live.printed("old\n", 0)])
    ran(session, kernel, view, [live.source(session), *live.printed("new\n", 0)])
    assert view.text == "new\n"


def test_covered_numbers_are_question_marks_and_are_copied_so(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    ran(session, kernel, view, live.square(session))
    session.set_covered(frozenset({"x.grad"}))
    assert view.text == "tensor([?, ?])\n"
    view.copy()
    assert QGuiApplication.clipboard().text() == "tensor([?, ?])\n"
    session.set_covered(frozenset())
    assert view.text == "tensor([6.0, -4.0])\n"


def test_a_cut_output_says_how_much_is_missing(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    piece = Output(stream="stdout", text="end\n", span=None, cut=12_345, step=0)
    ran(session, kernel, view, [live.source(session), piece, Step(kind="output", id=0)])
    assert view.text == "… output was cut here: 12\u202f345 characters left out …\nend\n"


def test_a_progress_bar_stays_on_its_line(view: OutputView, session: Session, kernel: FakeKernel) -> None:
    bars = live.printed("10%", 0) + live.printed("\r\x1b[32m50%\x1b[0m", 1) + live.printed("\r99%\r\n", 2)
    ran(session, kernel, view, [live.source(session), *bars])
    assert view.text == "99%\n"
    session.player.seek(0)
    session.player.seek(2)
    assert view.faded == ""


def test_a_picture_is_shown(view: OutputView, session: Session, kernel: FakeKernel) -> None:
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(0)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    png = base64.b64encode(buffer.data().data()).decode()
    ran(session, kernel, view, [live.source(session), *display(0, text="<Figure>", png=png)])
    assert "\N{OBJECT REPLACEMENT CHARACTER}" in view.text


def test_a_broken_picture_leaves_its_words(view: OutputView, session: Session, kernel: FakeKernel) -> None:
    png = base64.b64encode(b"no picture").decode()
    ran(session, kernel, view, [live.source(session), *display(0, text="<Figure>", png=png)])
    assert view.text == "<Figure>\n"


def test_an_error_is_the_learners_lines_with_links_and_an_explanation(
    view: OutputView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    message = "element 0 of tensors does not require grad and does not have a grad_fn"
    failed = live.failed(session, line=4, message=message, step=1)
    ran(session, kernel, view, [live.source(session), *live.printed("before\n", 0), *failed])
    assert view.text.startswith(
        "before\nTraceback (most recent call last):\n  cell 1, line 4\n    y.sum().backward()\n"
    )
    assert f"RuntimeError: {message}" in view.text
    assert "What helps:" in view.text
    with qtbot.waitSignal(session.reveal) as revealed:
        view.follow(QUrl(link_to(live.span(4, 0, 18))))
    assert revealed.args == [live.span(4, 0, 18)]


def test_the_calls_of_an_endless_recursion_are_folded(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    failure, step = live.failed(session, line=4, message="too deep", step=0)
    assert isinstance(failure, Failure)
    deep = structs.replace(failure, frames=failure.frames * 970)
    ran(session, kernel, view, [live.source(session), deep, step])
    assert view.text.count("cell 1, line 4") == 3
    assert "  … 967 more calls like these\n" in view.text


def test_what_led_to_an_error_stands_above_it(view: OutputView, session: Session, kernel: FakeKernel) -> None:
    failure, step = live.failed(session, line=4, message="no such layer", step=0)
    assert isinstance(failure, Failure)
    cause = Cause(type="KeyError", message="'w'", direct=True, frames=failure.frames)
    failure = structs.replace(failure, causes=[cause])
    ran(session, kernel, view, [live.source(session), failure, step])
    first, _, second = view.text.partition("\nThe exception above is the cause of this one:\n")
    assert first.endswith("KeyError: 'w'")
    assert "RuntimeError: no such layer" in second
    assert view.text.count("Traceback (most recent call last):") == 2


def test_an_error_without_an_explanation_stands_alone(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    failed = live.failed(session, line=1, message="a quite unheard of fault", step=0)
    ran(session, kernel, view, [live.source(session), *failed])
    assert "a quite unheard of fault" in view.text
    assert "What helps:" not in view.text


def test_what_is_printed_after_a_warning_stands_before_it(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    session.run_all()
    kernel.begin()
    warned = Warned(category="UserWarning", message="careful", span=live.span(2, 0, 3))
    kernel.send(live.source(session), *live.printed("one\n", 0), warned)
    view.refresh()
    kernel.send(*live.printed("two\n", 1))
    view.refresh()
    assert view.text == "one\ntwo\nline 2 · UserWarning: careful\n"


def test_a_warning_that_python_printed_is_not_said_twice(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    warned = Warned(category="UserWarning", message="careful", span=live.span(2, 0, 3))
    printed = live.printed("<cell-1>:2: UserWarning: careful\n  f()\n", 0, stream="stderr")
    ran(session, kernel, view, [live.source(session), warned, *printed])
    assert view.text.count("careful") == 1


def test_a_warning_of_torch_is_explained_once(view: OutputView, session: Session, kernel: FakeKernel) -> None:
    message = "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone()"
    warned = [Warned(category="UserWarning", message=message, span=None)] * 2
    ran(session, kernel, view, [live.source(session), *warned])
    assert view.text.count("To copy construct") == 2
    assert view.text.count("What helps:") == 1


def test_an_edit_that_has_not_run_is_said(
    view: OutputView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    ran(session, kernel, view, live.square(session))
    session.set_cell_text(session.document.cells[0].id, "x = 1")
    qtbot.waitUntil(view.banner.isVisible)


def test_colours_change_and_the_text_stays(view: OutputView, session: Session, kernel: FakeKernel) -> None:
    ran(session, kernel, view, live.square(session))
    view.apply_theme(DARK)
    view.set_text_size(20)
    view.retranslate()
    assert view.text == "tensor([6.0, -4.0])\n"


def test_long_outputs_lose_their_oldest_lines_in_the_view_alone(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_writer, "MOST_LINES", 10)
    document = QTextDocument()
    writer = OutputWriter(document)
    for step in range(1000):
        writer.add(Output(stream="stdout", text=f"{step}\n", step=step), f"{step}\n")
        writer.trim()
    lines = document.toPlainText().split("\n")
    assert lines[-2] == "999"
    assert len(lines) <= 10 + 400
    assert int(lines[0]) == writer.hidden_lines
    assert writer.unreached(997).selectedText() == "998\u2029999\u2029"


def test_a_recorded_program_prints_what_it_printed(view: OutputView, session: Session) -> None:
    session.open_path(RECORDINGS / "prints.json")
    view.refresh()
    assert view.text == session.trace.output
    session.player.first()
    assert view.faded == session.trace.output
    session.player.last()
    assert view.faded == ""


def test_a_recorded_error_is_explained(view: OutputView, session: Session) -> None:
    session.open_path(RECORDINGS / "error.json")
    view.refresh()
    assert "RuntimeError: Trying to backward through the graph a second time" in view.text
    assert "What helps:" in view.text


def test_links_name_a_place_and_nothing_else_is_one() -> None:
    span = Span(SourceId(3), 1, 2, 0, 7)
    assert linked_span(link_to(span)) == span
    assert linked_span("https://example.org") is None
    assert linked_span("code:1:2") is None


def test_work_that_the_recorder_does_not_see_is_told_quietly(
    view: OutputView, session: Session, kernel: FakeKernel
) -> None:
    ran(session, kernel, view, live.square(session))
    assert view.unseen == ""
    ran(
        session,
        kernel,
        view,
        [*live.square(session), Unseen(what="thread", step=1), Unseen(what="fork", step=1)],
    )
    assert view.unseen.splitlines() == [
        "Other threads computed too; what they did is not shown.",
        "Other processes computed too; what they did is not shown.",
    ]


def test_a_second_backward_is_explained_with_what_freed_the_graph(
    view: OutputView, session: Session, tmp_path: Path
) -> None:
    trace = record_text(
        "import torch\na = torch.tensor(2.0, requires_grad=True)\nb = a * a\nb.backward()\nb.backward()\n"
    )
    write_trace(trace, tmp_path / "twice.json")
    session.open_path(tmp_path / "twice.json")
    view.refresh()

    assert "MulBackward0 of a·a: what that had saved (a) was freed by the backward of line 4" in view.text
