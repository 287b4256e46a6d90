"""A lesson's file becomes parts; a fault in it is told by path, line, what is wrong and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.course.catalogue import lesson_path, lessons
from tutor.course.lesson import Stop
from tutor.course.question import ChoiceQuestion, NumbersQuestion
from tutor.course.reader import read_lesson
from tutor.source.disk import DocumentError
from tutor.source.document import CellId

HEADER = """\
---
tutor:
  id: try
  lang: en
  number: 7
  title: A try
  minutes: 3
---
"""

QUESTION = """\
## Ask

```{code-cell} ipython3
---
label: ask
tutor:
  question:
    id: q
    kind: numbers
    prompt: What is `x.grad`?
    subject: x.grad
    answer: [6, 8]
    hint: Think.
    why: So it is.
    wrong:
    - answer: [3, 4]
      misconception: forgets-the-2
      hint: Twice.
---
x.sum().backward()
```
"""

CHOICE = """\
## Ask

```{code-cell} ipython3
---
label: ask
tutor:
  question:
    id: q
    kind: choose
    prompt: Is it a leaf?
    hint: Think.
    why: So it is.
    check: d.is_leaf
    options:
    - text: It is
      right: true
      value: true
    - text: no, never
      misconception: S18
      hint: Look again.
---
d = c * 2
```
"""


def written(folder: Path, body: str, header: str = HEADER) -> Path:
    path = folder / "en.md"
    path.write_text(f"{header}\n{body}", "utf-8")
    return path


def fault(folder: Path, body: str, header: str = HEADER) -> str:
    """The fault's line and reason."""
    path = written(folder, body, header)
    with pytest.raises(DocumentError) as caught:
        read_lesson(path)
    text = str(caught.value)
    assert text.startswith(f"{path}:")
    return text.removeprefix(f"{path}:")


def test_headings_make_parts_and_panes_are_inherited(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '+++ {"tutor": {"panes": ["graph", "lesson", "code"]}}\n\n## One\n\nText.\n\n'
        "```{code-cell} ipython3\n:label: one\n\nx = 1\n```\n\nMore.\n\n## Two\n\nEnd.\n",
    )
    lesson = read_lesson(path)
    assert [part.title for part in lesson.parts] == ["One", "Two"]
    assert lesson.parts[0].markdown.split() == ["Text.", "More."]
    assert lesson.parts[0].code_cells == ("one",)
    assert [part.panes for part in lesson.parts] == [("lesson", "code", "graph")] * 2
    assert (lesson.id, lesson.number, lesson.title, lesson.minutes) == ("try", 7, "A try", 3)
    assert lesson.cells_up_to(1) == ("one",)


def test_a_heading_inside_a_fence_is_no_part(tmp_path: Path) -> None:
    lesson = read_lesson(written(tmp_path, "## One\n\n~~~\n## not this\n~~~\n"))
    assert [part.title for part in lesson.parts] == ["One"]
    assert "## not this" in lesson.parts[0].markdown


def test_a_part_knows_what_it_covers_where_it_stops_and_what_is_dragged(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '+++ {"tutor": {"covers": ["y"], "drag": "x"}}\n\n## One\n\n'
        "```{code-cell} ipython3\n---\nlabel: one\ntutor:\n  stops: [1, x.grad]\n---\ny = 1\n```\n",
    )
    part = read_lesson(path).parts[0]
    assert part.covers == {"y"}
    assert part.drag == "x"
    assert part.stops == (Stop(CellId("one"), 1, None), Stop(CellId("one"), None, "x"))


def test_a_question_covers_what_it_asks_for(tmp_path: Path) -> None:
    part = read_lesson(written(tmp_path, QUESTION)).parts[0]
    question = part.question
    assert isinstance(question, NumbersQuestion)
    assert (question.numbers, question.shape, question.check) == ((6, 8), (2,), "x.grad")
    assert part.covers == {"x.grad"}


def test_a_choice_has_one_right_option(tmp_path: Path) -> None:
    question = read_lesson(written(tmp_path, CHOICE)).parts[0].question
    assert isinstance(question, ChoiceQuestion)
    assert [option.right for option in question.options] == [True, False]
    assert question.right.value is True


def test_a_solution_is_never_run(tmp_path: Path) -> None:
    body = "## One\n\n```{code-cell} ipython3\n:label: s\n:tags: [solution]\n\nx = 1\n```\n"
    assert read_lesson(written(tmp_path, body)).parts[0].code_cells == ()


def test_matrix_answers_keep_their_rows(tmp_path: Path) -> None:
    body = QUESTION.replace("[6, 8]", "[[1, 2], [3, 4]]").replace("[3, 4]\n", "[[0, 0], [0, 0]]\n")
    question = read_lesson(written(tmp_path, body)).parts[0].question
    assert isinstance(question, NumbersQuestion)
    assert (question.shape, question.numbers) == ((2, 2), (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "the lesson has no parts; begin each with a “## heading”"),
        ("Loose text.\n\n## One\n", "10: before the first “## heading” nothing but “# A try” may stand"),
        ("```{code-cell} ipython3\n:label: x\n\n1\n```\n", "10: this code stands before the first part"),
        ("## One\n\n```{code-cell} ipython3\nx = 1\n```\n", "12: this code has no label"),
        ('+++ {"tutor": {"panes": ["graf"]}}\n\n## One\n', "10: “panes”: “graf” is none of lesson, code"),
        (
            '+++ {"tutor": {"pane": ["graph"]}}\n\n## One\n',
            "10: “pane”: there is no such key; did you mean “panes”?",
        ),
        (
            '+++ {"tutor": {"drag": "x"}}\n\nNo heading.\n',
            "10: “tutor” data of a part belongs right above its",
        ),
    ],
)
def test_faults_of_a_part(tmp_path: Path, body: str, expected: str) -> None:
    assert expected in fault(tmp_path, body)


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("kind: numbers", "kind: guess", 18, "“guess” is neither numbers nor choose"),
        ("    hint: Think.\n", "", 16, "“question” lacks the key “hint”"),
        ("    why: So", "    wy: So", 23, "“wy”: there is no such key; did you mean “why”?"),
        ("answer: [6, 8]", "answer: [6, eight]", 21, "“answer”: write a number, a list of numbers"),
        ("answer: [6, 8]", "answer: [[6], [8, 9]]", 21, "“answer”: write a number, a list of numbers"),
        ("- answer: [3, 4]", "- answer: 3", 25, "“answer”: write as many numbers as the right answer has"),
        (
            "- answer: [3, 4]",
            "- answer: [6, 8]",
            25,
            "this answer stands here twice, or equals the right one",
        ),
        ("    id: q\n", "    id: q\n    covers: [x grad]\n", 18, "“x grad” is neither a name nor a gradient"),
        ("    id: q\n", "    id: q\n    tolerance: small\n", 18, "“tolerance”: write a number"),
        (
            "  question:\n",
            "  stops: [9]\n  question:\n",
            16,
            "“9” is neither a line of this cell nor a gradient",
        ),
        (
            "    subject: x.grad\n",
            "    options: []\n    subject: x.grad\n",
            20,
            "“options”: there is no such key",
        ),
    ],
)
def test_faults_of_a_question(tmp_path: Path, old: str, new: str, line: int, expected: str) -> None:
    assert old in QUESTION
    told = fault(tmp_path, QUESTION.replace(old, new, 1))
    assert told.startswith(f"{line}: "), told
    assert expected in told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("      right: true\n", "", "lacks the key “misconception”"),
        ("      misconception: S18\n", "      right: true\n", "exactly one of them with “right: true”"),
        ("text: It is", "text: yes", "“text”: write a text; yes, no, true and false need quotes"),
        ("right: true", "right: perhaps", "“right”: write true or false"),
    ],
)
def test_faults_of_a_choice(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert expected in fault(tmp_path, CHOICE.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  id: try\n", "", "“tutor” lacks the key “id”"),
        ("number: 7", "number: seven", "“number”: write a whole number from 0"),
        ("lang: en", "lang: fr", "“lang”: write one of es, en"),
        ("minutes: 3", "minuts: 3", "did you mean “minutes”?"),
    ],
)
def test_faults_of_the_front_matter(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert expected in fault(tmp_path, "## One\n", HEADER.replace(old, new, 1))


def test_two_questions_with_one_id_are_a_fault(tmp_path: Path) -> None:
    twice = QUESTION + QUESTION.replace("label: ask", "label: again")
    assert "the question id “q” is taken" in fault(tmp_path, twice)


def test_a_part_asks_one_question(tmp_path: Path) -> None:
    again = QUESTION.split("\n", 2)[2].replace("label: ask", "label: again").replace("id: q", "id: r")
    assert "this part has a question already" in fault(tmp_path, QUESTION + "\n" + again)


def test_a_notebook_is_no_lesson(tmp_path: Path) -> None:
    assert "this is no lesson" in fault(
        tmp_path, "## One\n", "---\nkernelspec:\n  display_name: Python 3\n  name: python3\n---\n"
    )


def test_the_list_is_by_number_in_the_language_or_else_in_another(tmp_path: Path) -> None:
    for name, number, code in (("b", 2, "es"), ("a", 1, "en")):
        folder = tmp_path / name
        folder.mkdir()
        header = HEADER.replace("lang: en", f"lang: {code}").replace("number: 7", f"number: {number}")
        (folder / f"{code}.md").write_text(f"{header}\n## One\n\n## Two\n", "utf-8")
    entries = lessons("es", tmp_path)
    assert [(entry.number, entry.language, entry.parts) for entry in entries] == [(1, "en", 2), (2, "es", 2)]


def test_a_lesson_that_ships_is_found_by_its_id() -> None:
    assert lesson_path("00-slope", "en").name == "en.md"
    with pytest.raises(KeyError):
        lesson_path("99-none", "en")
