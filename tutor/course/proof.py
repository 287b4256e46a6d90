"""What `check` holds against a lesson: its words, its formulas, its question against torch's own numbers, its twin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

import numpy
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tutor.course.expression import ExpressionError, evaluate
from tutor.course.lesson import Lesson, Part
from tutor.course.marks import last_step, stop_steps
from tutor.course.question import (
    Answer,
    ChoiceAnswer,
    ChoiceQuestion,
    NumbersAnswer,
    NumbersQuestion,
    Question,
    judge,
    number_text,
    same_number,
)
from tutor.course.sight import in_sight
from tutor.course.tex import TexError, check_tex
from tutor.course.typed import UnreadableAnswerError, read_numbers
from tutor.course.words import slips
from tutor.i18n import _
from tutor.source.disk import DocumentError
from tutor.trace.trace import Trace


def text_faults(lesson: Lesson) -> Iterator[DocumentError]:
    """Forbidden words (in Spanish), and formulas that cannot be drawn."""
    text = lesson.path.read_text("utf-8")
    if lesson.language == "es":
        for slip in slips(text):
            reason = _("the course does not say “{word}”; write {instead}")
            yield DocumentError(lesson.path, slip.line, reason.format(word=slip.word, instead=slip.instead))
    for part in lesson.parts:
        for tex in _formulas(part):
            try:
                check_tex(tex)
            except TexError as fault:
                reason = _("the formula “{tex}” cannot be drawn: {why}")
                line = _line_of(text, tex, part.line)
                yield DocumentError(lesson.path, line, reason.format(tex=tex.strip(), why=fault.reason))


def _line_of(text: str, piece: str, start: int) -> int:
    """The first line from `start` on that holds the beginning of the piece."""
    wanted = piece.strip().split("\n")[0]
    lines = enumerate(text.splitlines(), start=1)
    return next((number for number, line in lines if number >= start and wanted in line), start)


def trace_faults(lesson: Lesson, trace: Trace) -> Iterator[DocumentError]:
    """What the run of the lesson's own code shows to be wrong."""
    if trace.error is not None:
        reason = _("the lesson's code fails: {type}: {message}")
        yield DocumentError(
            lesson.path, None, reason.format(type=trace.error.type, message=trace.error.message)
        )
    for place, part in enumerate(lesson.parts):
        if len(stop_steps([part], trace)) < len(part.stops):
            reason = _("a stop of “{title}” is never reached in a run of it; name another line or gradient")
            yield DocumentError(lesson.path, part.line, reason.format(title=part.title))
        if part.question is not None:
            yield from _question_faults(lesson, place, part.question, trace)


def twin_faults(one: Lesson, other: Lesson) -> Iterator[DocumentError]:
    """Where the same lesson in another language is not the same lesson."""
    if (one.id, one.number) != (other.id, other.number):
        yield _twin(one, other, 1, _("another id or number"))
    for mine, theirs in zip_longest(one.parts, other.parts):
        if mine is None or theirs is None:
            yield _twin(one, other, (mine or one.parts[-1]).line, _("another count of parts"))
            return
        if _bones(one, mine) != _bones(other, theirs):
            yield _twin(
                one,
                other,
                mine.line,
                _("another code, pane, stop or question in “{title}”").format(title=mine.title),
            )


def _bones(lesson: Lesson, part: Part) -> object:
    """What of a part is the same in every language."""
    question = part.question
    numbers = question.numbers if isinstance(question, NumbersQuestion) else ()
    mistakes: object = ()
    match question:
        case NumbersQuestion():
            mistakes = [(wrong.numbers, wrong.misconception) for wrong in question.wrong]
        case ChoiceQuestion():
            mistakes = [(option.right, option.misconception) for option in question.options]
        case None:
            mistakes = ()
    code = [(cell, lesson.document.cell(cell).text) for cell in part.code_cells]
    return (
        code,
        part.panes,
        part.covers,
        part.stops,
        part.drag,
        question.id if question else None,
        numbers,
        mistakes,
    )


def _twin(one: Lesson, other: Lesson, line: int, what: str) -> DocumentError:
    reason = _("{what} than in {other}; both languages teach one lesson").format(
        what=what, other=other.path.name
    )
    return DocumentError(one.path, line, reason)


def _question_faults(lesson: Lesson, part: int, question: Question, trace: Trace) -> Iterator[DocumentError]:
    yield from _wrong_by_torch(lesson, part, question, trace)
    if isinstance(question, NumbersQuestion):
        yield from _can_be_read_off(lesson, part, question, trace)
    yield from _learners(lesson, question)


def _wrong_by_torch(lesson: Lesson, part: int, question: Question, trace: Trace) -> Iterator[DocumentError]:
    if not question.check:
        return
    try:
        torchs = evaluate(question.check, trace, last_step(lesson, part, trace))
    except ExpressionError as fault:
        yield DocumentError(lesson.path, question.line, _("“check”: {why}").format(why=fault))
        return
    if not _agrees(question, torchs):
        reason = _("torch says {check} = {torch}, and the right answer here is another one")
        said = numpy.array(torchs).tolist() if torchs is not None else None
        yield DocumentError(lesson.path, question.line, reason.format(check=question.check, torch=said))


def _agrees(question: Question, torchs: object) -> bool:
    if isinstance(question, ChoiceQuestion):
        right = question.right.value
        if torchs is None or right is None or isinstance(torchs, bool):
            return torchs is right
        return bool(numpy.allclose(numpy.array(torchs), numpy.array(right)))
    if torchs is None:
        return False
    found = numpy.array(torchs, dtype=float)
    flat = found.reshape(-1).tolist()
    return found.shape == question.shape and all(
        same_number(mine, theirs, question.tolerance)
        for mine, theirs in zip(question.numbers, flat, strict=True)
    )


def _can_be_read_off(
    lesson: Lesson, part: int, question: NumbersQuestion, trace: Trace
) -> Iterator[DocumentError]:
    """The right numbers must not stand anywhere else while the question is open."""
    found: dict[float, str] = {}
    for seen in in_sight(lesson, part, trace):
        found.setdefault(seen.number, seen.where)
    for number in dict.fromkeys(question.numbers):
        where = next(
            (found[other] for other in found if same_number(number, other, question.tolerance)), None
        )
        if where is not None:
            reason = _("the right answer {number} is in sight: {where}; cover it or ask with other numbers")
            yield DocumentError(
                lesson.path, question.line, reason.format(number=number_text(number), where=where)
            )


def _learners(lesson: Lesson, question: Question) -> Iterator[DocumentError]:
    """The right learner must pass, and a blind one for each misconception must be caught, however they type."""
    for answer, misconception in _answers(question):
        verdict = judge(question, answer)
        if verdict.right != (misconception is None) or verdict.misconception != misconception:
            reason = _("a learner with {misconception} is not told apart from another")
            said = misconception or _("the right answer")
            yield DocumentError(lesson.path, question.line, reason.format(misconception=said))
        elif not verdict.right and not verdict.hint.strip():
            reason = _("the mistake {misconception} has no hint")
            yield DocumentError(lesson.path, question.line, reason.format(misconception=misconception))


def _answers(question: Question) -> Iterator[tuple[Answer, str | None]]:
    match question:
        case ChoiceQuestion():
            for place, option in enumerate(question.options):
                yield ChoiceAnswer(place), option.misconception
        case NumbersQuestion():
            yield from _typed(question.numbers, None)
            for wrong in question.wrong:
                yield from _typed(wrong.numbers, wrong.misconception)


def _typed(numbers: tuple[float, ...], misconception: str | None) -> Iterator[tuple[Answer, str | None]]:
    """One box a number, with a point and with a comma, and all of them in the first box."""
    plain = [number_text(number) for number in numbers]
    rest = [""] * (len(numbers) - 1)
    for boxes in (plain, [text.replace(".", ",") for text in plain], [f"[{', '.join(plain)}]", *rest]):
        try:
            yield NumbersAnswer(read_numbers(boxes)), misconception
        except UnreadableAnswerError:
            yield NumbersAnswer((float("nan"),) * len(numbers)), misconception


def _formulas(part: Part) -> Iterator[str]:
    parser = MarkdownIt("commonmark").use(dollarmath_plugin)
    for token in parser.parse(part.markdown):
        for one in (token, *(token.children or ())):
            if one.type.startswith("math"):
                yield one.content
    if part.question is not None:
        for text in _question_texts(part.question):
            yield from re.findall(r"\$([^$]+)\$", text)


def _question_texts(question: Question) -> Iterator[str]:
    yield from (question.prompt, question.hint, question.why)
    match question:
        case NumbersQuestion():
            yield question.subject
            yield from (wrong.hint for wrong in question.wrong)
        case ChoiceQuestion():
            yield from (text for option in question.options for text in (option.text, option.hint))
