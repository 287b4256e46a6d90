"""What the editor's keys do to a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.source.editing import (
    Edit,
    backspaced,
    bracket_pair,
    commented,
    dedented,
    difference,
    home,
    indented,
    line_broken,
    word_before,
    words,
)


def after(text: str, edit: Edit) -> tuple[str, str]:
    """The new text with | where the cursor is, and what is selected in it."""
    new = edit.applied(text)
    first, last = sorted((edit.anchor, edit.position))
    return new[: edit.position] + "|" + new[edit.position :], new[first:last]


def at(marked: str) -> tuple[str, int, int]:
    place = marked.index("|")
    return marked.replace("|", ""), place, place


def test_tab_goes_to_the_next_stop() -> None:
    text, anchor, position = at("a|b")
    assert after(text, indented(text, anchor, position))[0] == "a   |b"


def test_tab_moves_the_selected_lines_and_keeps_them_selected() -> None:
    text = "one\n\ntwo\nthree"
    marked, chosen = after(text, indented(text, 1, 9))
    assert marked.replace("|", "") == "    one\n\n    two\nthree"
    assert chosen == "ne\n\n    two\n"


def test_shift_tab_takes_one_level_and_no_more() -> None:
    text = "      a\n  b\nc"
    assert dedented(text, 0, len(text)).applied(text) == "  a\nb\nc"


def test_comments_go_on_and_off_at_the_common_margin() -> None:
    text = "    a\n\n      b"
    on = commented(text, 0, len(text))
    assert on.applied(text) == "    # a\n\n    #   b"
    new = on.applied(text)
    assert commented(new, 0, len(new)).applied(new) == text


def test_an_empty_line_can_be_commented() -> None:
    text, anchor, position = at("|")
    assert after(text, commented(text, anchor, position))[0] == "# |"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("x = 1|", "x = 1\n|"),
        ("for i in y:|", "for i in y:\n    |"),
        ("    if x:  # why|", "    if x:  # why\n        |"),
        ("    return x|", "    return x\n|"),
        ("        pass|", "        pass\n    |"),
        ("x = f(a,|", "x = f(a,\n      |"),
        ("x = [|", "x = [\n    |"),
        ("x = '('|", "x = '('\n|"),
        ("s = 'a:#b'|", "s = 'a:#b'\n|"),
        ("    a|b", "    a\n    |b"),
    ],
)
def test_enter_goes_as_deep_as_the_code_asks(before: str, behind: str) -> None:
    text, anchor, position = at(before)
    assert after(text, line_broken(text, anchor, position))[0] == behind


def test_backspace_among_blanks_goes_back_one_level() -> None:
    text, _anchor, position = at("      |a")
    edit = backspaced(text, position)
    assert edit is not None and after(text, edit)[0] == "    |a"
    assert backspaced("a", 1) is None
    assert backspaced("", 0) is None


def test_home_toggles_between_code_and_margin() -> None:
    assert home("x\n    abc", 9) == 6
    assert home("x\n    abc", 6) == 2


@pytest.mark.parametrize(
    ("marked", "pair"),
    [
        ("f(a)|", (3, 1)),
        ("f|(a)", (1, 3)),
        ("f(')')|", (5, 1)),
        ("f(a|", None),
        ("# ()|", None),
        ("[(|])", None),
    ],
)
def test_brackets_find_their_partner_outside_strings(marked: str, pair: tuple[int, int] | None) -> None:
    text, _anchor, position = at(marked)
    assert bracket_pair(text, position) == pair


def test_words_of_the_document_are_offered_once() -> None:
    assert words(["loss = 3*a", "loss.backward()  # ñandú_1"]) == ["backward", "loss", "ñandú_1"]
    assert word_before("torch.tens", 10) == 6


@given(st.text("ab\n", max_size=12), st.text("ab\n", max_size=12))
def test_the_difference_makes_the_new_text_of_the_old(old: str, new: str) -> None:
    start, end, piece = difference(old, new)
    assert old[:start] + piece + old[end:] == new


@given(st.text(" a#(:\n\t", max_size=20), st.data())
def test_every_key_leaves_the_selection_inside_the_text(text: str, data: st.DataObject) -> None:
    anchor = data.draw(st.integers(0, len(text)))
    position = data.draw(st.integers(0, len(text)))
    for key in (indented, dedented, commented, line_broken):
        edit = key(text, anchor, position)
        size = len(edit.applied(text))
        assert 0 <= edit.anchor <= size and 0 <= edit.position <= size
        assert (anchor <= position) == (edit.anchor <= edit.position) or edit.anchor == edit.position
