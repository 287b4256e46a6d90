"""What a learner has done, in one file: the part reached, the answers, their own text of the code, lesson by lesson.

Every change is read fresh, made and written in one move, so that neither a crash nor an older or newer version of the
program loses anything: keys that are not known here stay as they are, a broken file is set aside and never deleted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

from tutor.course.question import Answer, ChoiceAnswer, NumbersAnswer, ShowMe, Verdict
from tutor.source.disk import DocumentError, write_bytes

_FORMAT = "autograd-tutor-progress"
_log = logging.getLogger(__name__)

Tree = dict[str, Any]
"""JSON as it lies in the file (`Any`, since JSON is recursive)."""


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """The answers to one question. `first` is kept for ever; `latest` is None after the question was reset."""

    first: Answer | None
    first_right: bool
    first_misconception: str | None
    latest: Answer | None
    times: int


@dataclass(frozen=True, slots=True)
class LessonProgress:
    """One lesson's progress: the part to go on with, the furthest part seen, whether the last one was reached."""

    part: int = 0
    reached: int = 0
    finished: bool = False
    answers: Mapping[str, AnswerRecord] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    """The learner's own text by cell label, where it differs from the lesson's."""

    @property
    def started(self) -> bool:
        return self.reached > 0 or bool(self.answers) or bool(self.code)


class ProgressStore:
    """The one keeper of the progress file. `set_aside` names a broken file that was moved out of the way, if any."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] | None = None) -> None:
        self.path = path
        self.set_aside: Path | None = None
        self.fault: DocumentError | None = None
        """Why the last change could not be saved; it is kept in memory and tried again with the next one."""
        self._now = now or _utc_now
        self._tree = self._read()

    def lesson(self, lesson_id: str) -> LessonProgress:
        return _progress(_mapping(_mapping(self._tree, "lessons"), lesson_id))

    def answer(self, lesson_id: str, question_id: str) -> Answer | None:
        """The answer that stands, or None where the question is open."""
        record = self.lesson(lesson_id).answers.get(question_id)
        return record.latest if record else None

    def go_to(self, lesson_id: str, part: int) -> None:
        """The learner opened this part (from 0)."""

        def change(lesson: Tree) -> None:
            lesson["part"] = part
            lesson["reached"] = max(part, _integer(lesson, "reached"))

        self._change(lesson_id, change)

    def finish(self, lesson_id: str) -> None:
        """The learner has seen the last part and settled every question."""
        self._change(lesson_id, lambda lesson: lesson.update({"finished": True}))

    def answered(self, lesson_id: str, question_id: str, answer: Answer, verdict: Verdict) -> None:
        entry = {**_packed(answer), "right": verdict.right, "when": self._now().isoformat(timespec="seconds")}
        if verdict.misconception:
            entry["misconception"] = verdict.misconception

        def change(lesson: Tree) -> None:
            record = _grown(_grown(lesson, "answers"), question_id)
            record.setdefault("first", entry)
            record["latest"] = entry
            record["times"] = _integer(record, "times") + 1

        self._change(lesson_id, change)

    def keep_code(self, lesson_id: str, code: Mapping[str, str]) -> None:
        """The learner's own text by cell label; what is not named here stays as it was."""
        self._change(lesson_id, lambda lesson: _grown(lesson, "code").update(code))

    def drop_code(self, lesson_id: str, labels: Iterable[str]) -> None:
        """These cells read as the lesson gives them again."""

        def change(lesson: Tree) -> None:
            own = _grown(lesson, "code")
            for label in labels:
                own.pop(label, None)

        self._change(lesson_id, change)

    def reset_exercise(self, lesson_id: str, question_id: str) -> None:
        """The question is open again; what was answered first stays known."""

        def change(lesson: Tree) -> None:
            _grown(_grown(lesson, "answers"), question_id)["latest"] = None

        self._change(lesson_id, change)

    def reset_lesson(self, lesson_id: str) -> None:
        """As on the first day: first part, every question open, the lesson's own code; first answers stay known.

        What was there is set aside in the file until the next reset.
        """

        def change(lesson: Tree) -> None:
            lesson.pop("before_reset", None)
            lesson["before_reset"] = deepcopy(lesson)
            lesson.update({"part": 0, "reached": 0, "finished": False, "code": {}})
            for record in _grown(lesson, "answers").values():
                if isinstance(record, dict):
                    record["latest"] = None

        self._change(lesson_id, change)

    def take_back_reset(self, lesson_id: str) -> None:
        """The lesson as it was before it was reset the last time."""

        def change(lesson: Tree) -> None:
            before = _mapping(lesson, "before_reset")
            if before:
                lesson.clear()
                lesson.update(before)

        self._change(lesson_id, change)

    def _change(self, lesson_id: str, change: Callable[[Tree], None]) -> None:
        tree = self._tree if self.fault else self._read()
        tree = deepcopy(tree)
        change(_grown(_grown(tree, "lessons"), lesson_id))
        self._tree = tree
        self._write()

    def _read(self) -> Tree:
        try:
            tree = json.loads(self.path.read_bytes().decode("utf-8"))
        except FileNotFoundError:
            return _new_tree()
        except (ValueError, RecursionError):
            return self._put_aside()
        except OSError as fault:
            _log.warning("cannot read %s: %s", self.path, fault)
            self.fault = DocumentError(self.path, None, str(fault))
            return _new_tree()
        return tree if isinstance(tree, dict) else self._put_aside()

    def _put_aside(self) -> Tree:
        """Renames the broken file beside itself, under a name that is free."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.broken-{number}.json")).exists():
            number += 1
        self.path.rename(aside)
        self.set_aside = aside
        _log.warning("the progress file could not be read; it was set aside as %s", aside)
        return _new_tree()

    def _write(self) -> None:
        text = json.dumps(self._tree, ensure_ascii=False, indent=1)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self.path, text.encode())
        except (DocumentError, OSError) as fault:
            _log.warning("cannot save the progress: %s", fault)
            self.fault = (
                fault if isinstance(fault, DocumentError) else DocumentError(self.path, None, str(fault))
            )
        else:
            self.fault = None


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_tree() -> Tree:
    return {"format": _FORMAT, "version": 1, "lessons": {}}


def _mapping(tree: Mapping[str, Any], key: str) -> Tree:
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def _grown(tree: Tree, key: str) -> Tree:
    """The mapping under `key`, made where there is none."""
    if not isinstance(tree.get(key), dict):
        tree[key] = {}
    grown: Tree = tree[key]
    return grown


def _integer(tree: Mapping[str, Any], key: str) -> int:
    value = tree.get(key)
    return value if isinstance(value, int) and value >= 0 else 0


def _progress(lesson: Tree) -> LessonProgress:
    records = _mapping(lesson, "answers")
    return LessonProgress(
        part=_integer(lesson, "part"),
        reached=_integer(lesson, "reached"),
        finished=lesson.get("finished") is True,
        answers={name: _record(record) for name, record in records.items() if isinstance(record, dict)},
        code={label: text for label, text in _mapping(lesson, "code").items() if isinstance(text, str)},
    )


def _record(record: Tree) -> AnswerRecord:
    first = _mapping(record, "first")
    misconception = first.get("misconception")
    return AnswerRecord(
        first=_unpacked(first),
        first_right=first.get("right") is True,
        first_misconception=misconception if isinstance(misconception, str) else None,
        latest=_unpacked(_mapping(record, "latest")),
        times=_integer(record, "times"),
    )


def _packed(answer: Answer) -> Tree:
    match answer:
        case NumbersAnswer():
            return {"numbers": [repr(number) for number in answer.numbers], "sure": answer.sure}
        case ChoiceAnswer():
            return {"option": answer.option, "sure": answer.sure}
        case ShowMe():
            return {"show": True}
        case _:
            assert_never(answer)


def _unpacked(entry: Mapping[str, Any]) -> Answer | None:
    sure = entry.get("sure") if isinstance(entry.get("sure"), bool) else None
    match entry:
        case {"show": True}:
            return ShowMe()
        case {"option": int() as option}:
            return ChoiceAnswer(option, sure)
        case {"numbers": list() as numbers}:
            return _numbers_answer(numbers, sure)
        case _:
            return None


def _numbers_answer(numbers: list[object], sure: bool | None) -> Answer | None:
    try:
        return NumbersAnswer(tuple(float(str(number)) for number in numbers), sure)
    except ValueError:
        return None
