"""Reads the `question:` of a cell's metadata into a Question; `reader` calls it for each question of a lesson."""

from __future__ import annotations

import re

from tutor.course.data import Data
from tutor.course.question import (
    ChoiceQuestion,
    NumbersQuestion,
    Option,
    Question,
    Wrong,
    same_number,
)
from tutor.i18n import _

_COMMON = ("id", "kind", "prompt", "check", "covers", "hint", "why")
_NUMBERS = (*_COMMON, "subject", "answer", "tolerance", "wrong")
_CHOICE = (*_COMMON, "options")
_WRONG = ("answer", "misconception", "hint")
_OPTION = ("text", "right", "misconception", "hint", "value")
_COVERABLE = re.compile(r"[A-Za-z_]\w*(\.grad)?")
_TOLERANCE = 1e-3


def read_question(cell: Data) -> Question:
    """Raises DocumentError."""
    anything = cell.inner("question", dict.fromkeys((*_NUMBERS, *_CHOICE)))
    match anything.text("kind"):
        case "numbers":
            return _numbers_question(cell.inner("question", _NUMBERS))
        case "choose":
            return _choice_question(cell.inner("question", _CHOICE))
        case other:
            raise anything.fault("kind", _("“{kind}” is neither numbers nor choose").format(kind=other))


def _numbers_question(data: Data) -> NumbersQuestion:
    numbers, shape = _numbers(data, "answer")
    question = NumbersQuestion(
        id=data.text("id"),
        prompt=data.text("prompt"),
        subject=data.text("subject"),
        numbers=numbers,
        shape=shape,
        wrong=tuple(_wrong(one, shape) for one in data.inner_items("wrong", _WRONG)),
        tolerance=data.number("tolerance", _TOLERANCE),
        hint=data.text("hint"),
        why=data.text("why"),
        check=data.optional_text("check") or data.text("subject"),
        covers=_covers(data, data.text("subject")),
        line=data.reading.line,
    )
    _refuse_equal_answers(data, question)
    return question


def _wrong(data: Data, shape: tuple[int, ...]) -> Wrong:
    numbers, own_shape = _numbers(data, "answer")
    if own_shape != shape:
        raise data.fault("answer", _("write as many numbers as the right answer has"))
    return Wrong(numbers, data.text("misconception"), data.text("hint"))


def _refuse_equal_answers(data: Data, question: NumbersQuestion) -> None:
    seen = [question.numbers]
    for wrong, item in zip(question.wrong, data.inner_items("wrong", _WRONG), strict=True):
        for other in seen:
            if all(same_number(a, b, question.tolerance) for a, b in zip(wrong.numbers, other, strict=True)):
                reason = _(
                    "this answer stands here twice, or equals the right one; each must tell its mistake"
                )
                raise item.fault("answer", reason)
        seen.append(wrong.numbers)


def _choice_question(data: Data) -> ChoiceQuestion:
    items = data.inner_items("options", _OPTION)
    options = tuple(_option(item) for item in items)
    if len(options) < 2 or sum(option.right for option in options) != 1:
        raise data.fault("options", _("write two options or more, exactly one of them with “right: true”"))
    return ChoiceQuestion(
        id=data.text("id"),
        prompt=data.text("prompt"),
        options=options,
        hint=data.text("hint"),
        why=data.text("why"),
        check=data.optional_text("check") or "",
        covers=_covers(data, ""),
        line=data.reading.line,
    )


def _option(data: Data) -> Option:
    right = data.flag("right")
    if right and data.has("misconception"):
        raise data.fault("misconception", _("the right option has none; take it away"))
    return Option(
        text=data.text("text"),
        right=right,
        misconception=None if right else data.text("misconception"),
        hint="" if right else data.text("hint"),
        value=data.values.get("value"),
    )


def _numbers(data: Data, key: str) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """A number, a list of them or a list of equal rows, flat, and its shape."""
    value = data.values.get(key)
    if value is None:
        data.text(key)
    rows: list[object] = value if isinstance(value, list) else [value]
    lists = [row for row in rows if isinstance(row, list)]
    flat: list[object] = rows
    even = True
    shape: tuple[int, ...] = (len(rows),) if isinstance(value, list) else ()
    if lists:
        even = len(lists) == len(rows) and all(len(row) == len(lists[0]) for row in lists)
        flat, shape = [one for row in lists for one in row], (len(rows), len(lists[0]))
    numbers = [_number(one) for one in flat]
    if not numbers or not even or None in numbers:
        raise data.fault(key, _("write a number, a list of numbers, or a list of rows of equal length"))
    return tuple(number for number in numbers if number is not None), shape


def _number(value: object) -> float | None:
    if isinstance(value, str) and value.lower() in {"nan", "inf", "-inf"}:
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _covers(data: Data, subject: str) -> frozenset[str]:
    if not data.has("covers"):
        return frozenset([subject]) if _COVERABLE.fullmatch(subject) else frozenset()
    names = data.texts("covers")
    for name in names:
        if not _COVERABLE.fullmatch(name):
            raise data.fault(
                "covers", _("“{name}” is neither a name nor a gradient such as “a.grad”").format(name=name)
            )
    return frozenset(names)
