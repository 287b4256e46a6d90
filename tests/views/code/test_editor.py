"""Typing into one cell's editor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tutor.protocol import SourceId, Span
from tutor.source.untracked import Untracked
from tutor.views.code.editor import CodeEditor
from tutor.views.code.gutter import LineMarks
from tutor.views.code.text_positions import to_characters, to_units
from tutor.views.theme import DARK

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def editor(qtbot: QtBot) -> Iterator[CodeEditor]:
    window = QWidget()
    qtbot.addWidget(window)
    made = CodeEditor(window)
    made.resize(400, made.height())
    window.resize(400, 600)
    window.show()
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    yield made


def put(editor: CodeEditor, marked: str) -> None:
    """Shows the text, the cursor where the bar is."""
    place = marked.index("|")
    text = marked.replace("|", "")
    editor.show_text(text)
    cursor = editor.textCursor()
    cursor.setPosition(to_units(text, place))
    editor.setTextCursor(cursor)


def marked(editor: CodeEditor) -> str:
    return editor.text[: editor.cursor_offset] + "|" + editor.text[editor.cursor_offset :]


@pytest.mark.parametrize(
    ("before", "key", "held", "behind"),
    [
        ("for i in x:|", Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "for i in x:\n    |"),
        ("a|", Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier, "a   |"),
        ("    a|", Qt.Key.Key_Backtab, SHIFT, "a|"),
        ("    |a", Qt.Key.Key_Backspace, Qt.KeyboardModifier.NoModifier, "|a"),
        ("😀ñ = 1|", Qt.Key.Key_Slash, CTRL, "# 😀ñ = 1|"),
        ("  x = 1|", Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, "  |x = 1"),
    ],
)
def test_keys_do_what_a_programmer_expects(
    editor: CodeEditor, before: str, key: Qt.Key, held: Qt.KeyboardModifier, behind: str
) -> None:
    put(editor, before)
    QTest.keyClick(editor, key, held)
    assert marked(editor) == behind


def test_typing_tells_the_new_text_once_a_key(editor: CodeEditor, qtbot: QtBot) -> None:
    told: list[str] = []
    editor.text_edited.connect(told.append)
    QTest.keyClicks(editor, "ab")
    assert told == ["a", "ab"]


def test_a_text_pushed_in_is_not_told_back(editor: CodeEditor) -> None:
    told: list[str] = []
    editor.text_edited.connect(told.append)
    editor.show_text("x = 1\n")
    assert told == []
    assert editor.toPlainText() == "x = 1\n"


def test_a_change_elsewhere_leaves_the_cursor_in_its_place(editor: CodeEditor) -> None:
    put(editor, "a = torch.tensor(2.)\nb = a|\n")
    editor.show_text("a = torch.tensor(2.25)\nb = a\n")
    assert marked(editor) == "a = torch.tensor(2.25)\nb = a|\n"


@pytest.mark.parametrize(
    "text", ["a\u00a0=\u00a01", "s = '\u2028'\nb", "\ttab", "x = '😀'; y = 1", "a\n\n\n"]
)
def test_unusual_characters_survive_typing(editor: CodeEditor, text: str) -> None:
    editor.show_text(text)
    editor.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(editor, "z")
    assert editor.text == text + "z"


def test_the_editor_is_as_tall_as_its_text_and_never_scrolls(editor: CodeEditor) -> None:
    one = editor.height()
    editor.show_text("\n" * 30)
    assert editor.height() >= 30 * editor.fontMetrics().lineSpacing() > one
    editor.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(editor, "x")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert editor.verticalScrollBar().value() == 0
    editor.show_text("x")
    assert editor.height() == one


def test_taller_letters_are_seen_whole(editor: CodeEditor) -> None:
    editor.show_text("\n".join(["😀"] * 50))
    bottom = editor.line_rect(50).bottom()
    assert editor.height() >= bottom
    editor.moveCursor(QTextCursor.MoveOperation.End)
    assert editor.line_rect(1).top() >= 0


def test_a_long_line_wraps_and_makes_the_editor_taller(editor: CodeEditor) -> None:
    one = editor.height()
    editor.show_text("x = " + " + ".join(["loss"] * 60))
    assert editor.height() > one


@pytest.mark.parametrize(
    ("key", "held", "signal"),
    [
        (Qt.Key.Key_Z, CTRL, "undo_requested"),
        (Qt.Key.Key_Z, CTRL | SHIFT, "redo_requested"),
        (Qt.Key.Key_Y, CTRL, "redo_requested"),
        (Qt.Key.Key_Return, CTRL, "run_requested"),
        (Qt.Key.Key_Enter, CTRL | Qt.KeyboardModifier.KeypadModifier, "run_requested"),
        (Qt.Key.Key_Return, SHIFT, "run_and_move_requested"),
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier, "left"),
    ],
)
def test_keys_that_are_the_windows_business_are_told(
    editor: CodeEditor, qtbot: QtBot, key: Qt.Key, held: Qt.KeyboardModifier, signal: str
) -> None:
    put(editor, "x = 1|")
    with qtbot.waitSignal(getattr(editor, signal)):
        QTest.keyClick(editor, key, held)
    assert editor.text == "x = 1"


def test_the_arrows_leave_the_cell_only_at_its_edges(editor: CodeEditor) -> None:
    gone: list[int] = []
    editor.went_beyond.connect(gone.append)
    put(editor, "one\ntw|o\nthree")
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert gone == []
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert gone == [-1]
    for _time in range(3):
        QTest.keyClick(editor, Qt.Key.Key_Down)
    assert gone == [-1, 1]


def test_pointing_tells_line_and_column_in_characters(editor: CodeEditor) -> None:
    pointed: list[tuple[int, int]] = []
    away: list[bool] = []
    editor.pointed_at.connect(lambda line, column: pointed.append((line, column)))
    editor.pointed_away.connect(lambda: away.append(True))
    editor.show_text("a = 1\ns = '😀' + b")
    cursor = editor.textCursor()
    cursor.setPosition(to_units(editor.text, len("a = 1\ns = '😀' + ")))
    QTest.mouseMove(editor.viewport(), editor.cursorRect(cursor).center())
    assert pointed == [(2, 10)]
    QTest.mouseMove(editor.viewport(), QPoint(editor.viewport().width() - 3, 3))
    assert away == [True]


def test_the_steps_line_and_its_expression_are_lit(editor: CodeEditor) -> None:
    editor.show_text("s = '😀'\nQ = 3*a**3 - b")
    editor.show_step(Span(SourceId(0), 2, 2, 6, 10))
    editor.show_marks(LineMarks(step=2, error=1, untracked=(Untracked(1, 1, "no_grad"),)))
    lit = [light.cursor.selectedText() for light in editor.extraSelections()]
    assert lit == ["", "", "a**3"]
    assert editor.marks.step == 2
    editor.show_step(None)
    assert [light.cursor.selectedText() for light in editor.extraSelections()] == [""]


def test_a_span_beyond_the_text_lights_nothing_and_breaks_nothing(editor: CodeEditor) -> None:
    editor.show_text("x")
    editor.show_step(Span(SourceId(0), 7, 9, 0, 4))
    editor.show_hovered(Span(SourceId(0), 1, 1, 0, 99))
    assert editor.extraSelections()[-1].cursor.selectedText() == "x"


def test_a_string_over_several_lines_stays_a_string(editor: CodeEditor) -> None:
    def colour(line: int) -> str:
        block = editor.document().findBlockByNumber(line - 1)
        formats = block.layout().formats()
        return formats[0].format.foreground().color().name() if formats else ""

    editor.show_text("a = 1\nb = 2\nc")
    assert colour(3) == ""
    editor.show_text("a = '''\nb = 2\nc")
    in_light = colour(2)
    assert in_light == colour(3) != ""
    editor.apply_theme(DARK)
    assert in_light != colour(2) == colour(3) != ""


def test_letters_of_other_alphabets_are_typed(editor: CodeEditor) -> None:
    QTest.keyEvent(QTest.KeyAction.Click, editor, "x")
    for letter in "жñ":
        event = QKeyEvent(QEvent.Type.KeyPress, ord(letter.upper()), Qt.KeyboardModifier.NoModifier, letter)
        QApplication.sendEvent(editor, event)
    assert editor.text == "xжñ"


def test_the_gutter_says_what_its_marks_mean(editor: CodeEditor) -> None:
    editor.show_text("with torch.no_grad():\n    y = x\nz = 1")
    editor.show_marks(LineMarks(step=2, error=3, untracked=(Untracked(1, 2, "no_grad"),)))
    gutter = editor.gutter
    assert "not tracked" in gutter.help_at(editor.line_rect(1).center().y())
    assert "The step is here" in gutter.help_at(editor.line_rect(2).center().y())
    assert gutter.help_at(editor.line_rect(3).center().y()) == "The program stopped here."


def test_completions_narrow_and_are_taken_by_tab(editor: CodeEditor, qtbot: QtBot) -> None:
    asked: list[tuple[str, int, bool]] = []
    editor.completions_wanted.connect(lambda *wanted: asked.append(wanted))
    QTest.keyClicks(editor, "torch.")
    assert asked == [("torch.", 6, False)]
    editor.offer(["tensor", "tanh", "zeros", "_C"])
    assert editor.completer.is_open
    assert editor.completer.matches == ["tanh", "tensor", "zeros", "_C"]
    QTest.keyClicks(editor, "te")
    assert editor.completer.matches == ["tensor"]
    popup = editor.completer.popup
    QTest.keyClick(popup, Qt.Key.Key_Tab)
    assert marked(editor) == "torch.tensor|"
    assert not editor.completer.is_open


def test_escape_closes_the_completions_before_it_leaves(editor: CodeEditor) -> None:
    left: list[bool] = []
    editor.left.connect(lambda: left.append(True))
    QTest.keyClicks(editor, "lo")
    editor.offer(["loss", "load"])
    QTest.keyClick(editor.completer.popup, Qt.Key.Key_Escape)
    assert not editor.completer.is_open
    assert left == []
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert left == [True]


def test_offsets_count_characters_here_and_units_there() -> None:
    text = "é😀x"
    assert [to_units(text, at) for at in range(4)] == [0, 1, 3, 4]
    assert [to_characters(text, at) for at in (0, 1, 3, 4)] == [0, 1, 2, 3]
