"""The session as its views know it: commands in, state and signals out, with a kernel that the test plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.views.live import a_clock_that_stands
from tutor.protocol import (
    CellText,
    Operation,
    OperationId,
    RunSettings,
    Source,
    SourceId,
    Span,
    Step,
    Tensor,
    TensorId,
    Value,
)
from tutor.session.files import Leave
from tutor.session.message import Message
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.source.document import CellId, Document

A = TensorId(0)
PROGRAM = "import torch\na = torch.tensor([2., 3.], requires_grad=True)\nb = a * 2\n"


class Person:
    """Answers what the window would ask."""

    def __init__(self) -> None:
        self.answer: Leave = "cancel"
        self.asked = 0
        self.place: Path | None = None

    def leave(self, document: Document) -> Leave:
        self.asked += 1
        return self.answer

    def save_path(self, document: Document) -> Path | None:
        return self.place


@pytest.fixture
def session(kernel: FakeKernel, tmp_path: Path) -> Iterator[Session]:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(kernel, Settings(store, tmp_path / "data"), clock=a_clock_that_stands)
    session.new_sandbox()
    yield session
    session.deleteLater()


@pytest.fixture
def told(session: Session) -> list[Message]:
    messages: list[Message] = []
    session.message.connect(messages.append)
    return messages


def cell(session: Session) -> CellId:
    return session.document.code_cells[0].id


def write(session: Session, text: str = PROGRAM) -> None:
    session.set_cell_text(cell(session), text)


def play_run(session: Session, kernel: FakeKernel, *, steps: int = 2) -> None:
    """A run that makes the tensor a and takes so many steps of which each is an operation on it."""
    kernel.begin()
    text = session.document.code_cells[0]
    source = Source(id=SourceId(0), path=None, cell=text.id, text=text.text)
    a = Tensor(
        id=A, name="a", shape=[2], dtype="float32", device="cpu", requires_grad=True, is_leaf=True, step=0
    )
    kernel.send(source, a, Value(tensor=A, step=-1, version=0, value=[2.0, 3.0]))
    span = Span(SourceId(0), 3, 3, 4, 9)
    for place in range(steps):
        made = Tensor(
            id=TensorId(place + 1),
            name=None,
            shape=[2],
            dtype="float32",
            device="cpu",
            requires_grad=False,
            is_leaf=True,
            step=place,
        )
        operation = Operation(
            id=OperationId(place),
            function="torch.Tensor.__mul__",
            span=span,
            grad_enabled=True,
            module=None,
            inputs=[A],
            outputs=[made.id],
            nodes=[],
            backward=None,
            step=place,
        )
        kernel.send(made, operation, Step(kind="operation", id=place, span=span))
    kernel.end()


def test_run_sends_the_text_and_follows_the_newest_step(session: Session, kernel: FakeKernel) -> None:
    write(session)
    session.run_all()
    assert kernel.ran[-1].cells == [CellText(cell(session), PROGRAM)]
    play_run(session, kernel, steps=3)
    assert (session.player.step, session.player.count) == (2, 3)
    assert [row.name for row in session.rows if row.name] == ["a"]
    assert session.picture is not None
    assert not session.stale


def test_an_edit_that_has_not_run_is_stale_until_it_is_undone_or_run(
    session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel)
    with qtbot.waitSignal(session.trace_changed):
        write(session, PROGRAM + "c = 1\n")
    assert session.stale
    session.undo()
    assert not session.stale
    session.redo()
    session.run_all()
    play_run(session, kernel)
    assert not session.stale


def test_a_run_up_to_a_cell_is_not_stale_for_what_lies_behind_it(
    session: Session, kernel: FakeKernel
) -> None:
    write(session)
    session.add_cell(cell(session))
    session.run_to(cell(session))
    play_run(session, kernel)
    session.set_cell_text(session.document.code_cells[1].id, "c = 2")
    assert [len(command.cells) for command in kernel.ran] == [1]
    assert not session.stale


def test_the_old_picture_stays_until_the_new_run_has_something_to_show(
    session: Session, kernel: FakeKernel
) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel)
    old = session.trace
    session.run_all()
    kernel.begin()
    assert session.trace is old
    kernel.send(Step(kind="error", id=-1))
    kernel.end("error")
    assert session.trace is not old


def test_a_run_of_the_document_before_does_not_show_in_the_next(
    session: Session, kernel: FakeKernel, told: list[Message], tmp_path: Path
) -> None:
    write(session)
    session.run_all()
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    session.open_path(path)
    assert kernel.stops == 1
    kernel.begin()
    kernel.send(Step(kind="error", id=-1))
    kernel.end("interrupted")
    assert session.trace.steps == []
    assert session.run.outcome is None
    assert not session.run.running
    assert told[-1].text == ""


def test_scrubbing_back_during_a_run_stays_there(session: Session, kernel: FakeKernel) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel, steps=4)
    session.player.seek(1)
    session.set_value(A, [2.0, 5.0])
    play_run(session, kernel, steps=4)
    assert session.player.step == 1
    session.run_all()
    play_run(session, kernel, steps=4)
    assert session.player.step == 3


def test_a_number_edited_changes_the_text_and_runs(session: Session, kernel: FakeKernel) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel)
    for number in (4.0, 5.0, 6.0):
        session.set_value(A, [2.0, number])
    assert "torch.tensor([2., 6.], requires_grad=True)" in session.document.code_cells[0].text
    assert kernel.ran[-1].cells[0].text == session.document.code_cells[0].text
    session.undo()
    assert session.document.code_cells[0].text == PROGRAM
    assert kernel.ran[-1].cells[0].text == PROGRAM


def test_requires_grad_flips_in_the_text(session: Session, kernel: FakeKernel) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel)
    session.set_requires_grad(A, False)
    assert "a = torch.tensor([2., 3.])\n" in session.document.code_cells[0].text


def test_backward_asks_for_v_and_then_writes_the_line(
    session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel)
    with qtbot.waitSignal(session.vector_wanted) as wanted:
        session.backward_on(A)
    assert wanted.args == [A]
    session.backward_on(A, [1.0, 1.0])
    last = session.document.code_cells[0].text.splitlines()[-1]
    assert last == "a.backward(gradient=torch.tensor([1., 1.]))"
    assert len(kernel.ran) == 2


def test_zero_grad_and_no_grad_write_their_lines(session: Session, kernel: FakeKernel) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel)
    session.zero_grad(A)
    assert session.document.code_cells[0].text.splitlines()[-1] == "a.grad = None"
    session.toggle_no_grad(cell(session), 3, 3)
    assert "with torch.no_grad():\n    b = a * 2\n" in session.document.code_cells[0].text


def test_what_cannot_be_done_is_said_and_nothing_changes(
    session: Session, kernel: FakeKernel, told: list[Message]
) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel)
    session.zero_grad(TensorId(1))
    assert "has no name" in told[-1].text
    assert session.document.code_cells[0].text == PROGRAM
    assert len(kernel.ran) == 1


def test_another_seed_runs_again_and_is_remembered(session: Session, kernel: FakeKernel) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel)
    session.new_random_numbers()
    assert session.settings.seed != 0
    assert kernel.ran[-1].settings == session.settings == session.preferences.run_settings
    session.undo()
    assert session.settings == RunSettings()


def test_a_device_that_is_not_there_gives_way_to_the_cpu(
    session: Session, kernel: FakeKernel, told: list[Message]
) -> None:
    session.set_device("cuda:0")
    kernel.be_ready(["cpu"])
    assert session.settings.device == "cpu"
    assert "cuda:0" in told[-1].text


def test_run_and_move_on_makes_a_cell_behind_the_last(session: Session, kernel: FakeKernel) -> None:
    write(session)
    session.run_and_move_on(cell(session))
    assert len(session.document.cells) == 2
    assert session.current_cell == session.document.cells[1].id
    assert kernel.ran[-1].cells == [CellText(cell(session), PROGRAM)]


def test_pointing_at_code_and_picture_light_each_other(session: Session, kernel: FakeKernel) -> None:
    write(session)
    session.run_all()
    play_run(session, kernel, steps=1)
    session.hover_code(cell(session), 3, 5)
    assert session.hovered_span == Span(SourceId(0), 3, 3, 4, 9)
    item = session.hovered_item
    session.hover_code(None)
    assert session.hovered_item is None
    session.hover_item(item)
    assert session.hovered_span == Span(SourceId(0), 3, 3, 4, 9)
    assert session.source_cell(session.hovered_span) == cell(session)


def test_unsaved_changes_are_asked_about(session: Session, tmp_path: Path) -> None:
    person = Person()
    session.asker = person
    path = tmp_path / "prueba.py"
    path.write_text("x = 1\n")
    session.open_path(path)
    write(session, "x = 2\n")
    assert session.dirty
    session.new_sandbox()
    assert session.path == path
    person.answer = "save"
    session.new_sandbox()
    assert session.document.kind == "sandbox"
    assert path.read_text() == "x = 2\n"
    assert person.asked == 2
    assert session.recent == (path,)


def test_the_sandbox_is_kept_without_asking(session: Session, tmp_path: Path) -> None:
    person = Person()
    session.asker = person
    write(session, "y = 7\n")
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    session.open_path(path)
    session.new_sandbox()
    assert session.document.code_cells[0].text == "y = 7\n"
    assert person.asked == 0


def test_the_sandbox_survives_a_start_in_which_it_was_not_opened(session: Session) -> None:
    session.new_sandbox()
    session.set_cell_text(session.document.cells[0].id, "x = 5")
    session.keep()
    for _start in range(2):
        again = Session(FakeKernel(), session.preferences)
        again.keep()
        again.new_sandbox()
        assert again.document.cells[0].text == "x = 5"
        again.deleteLater()


def test_a_saved_sandbox_becomes_the_file_that_it_was_saved_as(session: Session, tmp_path: Path) -> None:
    write(session)
    person = Person()
    person.place = tmp_path / "mio.py"
    session.asker = person
    assert session.save()
    assert (tmp_path / "mio.py").read_text() == PROGRAM
    assert (session.document.kind, session.path, session.dirty) == ("script", tmp_path / "mio.py", False)


def test_a_file_that_cannot_be_read_says_where_and_leaves_everything(
    session: Session, tmp_path: Path, told: list[Message]
) -> None:
    write(session)
    session.open_path(tmp_path / "nowhere.py")
    assert "nowhere.py" in told[-1].text
    assert session.document.code_cells[0].text == PROGRAM
