"""Where in a text a position stands: its function, the class of that, and the loops around it."""

from __future__ import annotations

from tutor.protocol import SourceId, Span
from tutor.trace.index import Index
from tutor.trace.places import Place, places_of

TEXT = """\
for a in range(3):
    y = a + 1; z = y
    while y < b:
        y = f(y)
class Net:
    def forward(self, x):
        é = "é" + [g(v) for v in h(x)][0]
        return é
"""


def place(text: str, line: int, piece: str) -> Place:
    index = Index()
    index.sources[SourceId(0)] = text.splitlines()
    col = index.sources[SourceId(0)][line - 1].index(piece)
    span = Span(source=SourceId(0), line=line, end_line=line, col=col, end_col=col + len(piece))
    found = places_of(index).of(span)
    assert found is not None
    return found


def headers(line: int, piece: str) -> list[str]:
    return [loop.header for loop in place(TEXT, line, piece).loops]


def test_loops_are_told_from_the_outermost_and_only_with_what_they_do_again() -> None:
    assert headers(1, "range(3)") == []
    assert headers(2, "a + 1") == ["for a in range(3)"]
    assert headers(3, "y < b") == ["for a in range(3)", "while y < b"]
    assert headers(4, "f(y)") == ["for a in range(3)", "while y < b"]


def test_a_comprehension_is_a_loop_but_for_its_iterable() -> None:
    assert headers(7, "g(v)") == ["for v in h(x)"]
    assert headers(7, "h(x)") == []


def test_the_statement_of_a_loop_is_told_by_its_position() -> None:
    (loop,) = place(TEXT, 2, "z = y").loops
    assert [loop.statement_at(place(TEXT, *at).at) for at in ((2, "a + 1"), (2, "z = y"), (4, "f(y)"))] == [
        0,
        1,
        2,
    ]
    test = place(TEXT, 3, "y < b")
    assert test.loops[1].statement_at(test.at) == -1


def test_a_method_is_told_with_its_class() -> None:
    found = place(TEXT, 8, "é")
    assert (found.name, found.owner) == ("forward", "Net")
    assert (place(TEXT, 2, "a + 1").name, place(TEXT, 2, "a + 1").function) == ("", 0)


def test_what_is_no_python_has_neither_functions_nor_loops() -> None:
    assert place("%matplotlib inline\n" + TEXT, 3, "a + 1").loops == ()


def test_a_new_source_is_looked_through_too() -> None:
    index = Index()
    assert places_of(index) is places_of(index)
    before = places_of(index)
    index.sources[SourceId(0)] = TEXT.splitlines()
    assert places_of(index) is not before
