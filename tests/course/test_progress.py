"""What a learner did is never lost: not by a crash, not by an update, not by a broken file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tutor.course.progress import ProgressStore
from tutor.course.question import ChoiceAnswer, NumbersAnswer, ShowMe, Verdict

RIGHT = Verdict(True)
WRONG = Verdict(False, misconception="forgets-the-2")


def clock() -> datetime:
    return datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "progress.json"


def test_nothing_is_done_at_first_and_nothing_is_written(path: Path) -> None:
    progress = ProgressStore(path).lesson("00-slope")
    assert (progress.part, progress.reached, progress.finished, progress.started) == (0, 0, False, False)
    assert not path.exists()


def test_the_part_and_the_furthest_part_are_kept(path: Path) -> None:
    store = ProgressStore(path)
    store.go_to("q", 3)
    store.go_to("q", 1)
    progress = ProgressStore(path).lesson("q")
    assert (progress.part, progress.reached, progress.finished) == (1, 3, False)
    store.finish("q")
    assert ProgressStore(path).lesson("q").finished


def test_the_first_answer_is_kept_for_ever(path: Path) -> None:
    store = ProgressStore(path, now=clock)
    store.answered("q", "a-grad", NumbersAnswer((3.0, 12.0), sure=True), WRONG)
    store.answered("q", "a-grad", NumbersAnswer((9.0, 36.0)), RIGHT)
    record = ProgressStore(path).lesson("q").answers["a-grad"]
    assert record.first == NumbersAnswer((3.0, 12.0), sure=True)
    assert (record.first_right, record.first_misconception, record.times) == (False, "forgets-the-2", 2)
    assert record.latest == NumbersAnswer((9.0, 36.0))


@pytest.mark.parametrize("answer", [ChoiceAnswer(1, sure=False), ShowMe(), NumbersAnswer((float("inf"),))])
def test_every_kind_of_answer_comes_back(path: Path, answer: ChoiceAnswer | ShowMe | NumbersAnswer) -> None:
    ProgressStore(path).answered("q", "leaf", answer, WRONG)
    assert ProgressStore(path).answer("q", "leaf") == answer


def test_a_reset_opens_the_question_and_remembers_the_first_answer(path: Path) -> None:
    store = ProgressStore(path)
    store.answered("q", "leaf", ChoiceAnswer(1), WRONG)
    store.reset_exercise("q", "leaf")
    assert store.answer("q", "leaf") is None
    assert store.lesson("q").answers["leaf"].first == ChoiceAnswer(1)


def test_a_lesson_starts_again_without_touching_another(path: Path) -> None:
    store = ProgressStore(path)
    store.keep_code("q", {"program": "x = 1"})
    store.keep_code("slope", {"square": "y = 2"})
    store.go_to("q", 2)
    store.answered("q", "leaf", ChoiceAnswer(1), WRONG)
    store.reset_lesson("q")
    progress = ProgressStore(path).lesson("q")
    assert (progress.part, dict(progress.code), progress.answers["leaf"].latest) == (0, {}, None)
    assert ProgressStore(path).lesson("slope").code == {"square": "y = 2"}


def test_a_reset_can_be_taken_back(path: Path) -> None:
    store = ProgressStore(path)
    store.keep_code("q", {"program": "x = 1"})
    store.go_to("q", 2)
    store.answered("q", "leaf", ChoiceAnswer(1), WRONG)
    before = store.lesson("q")
    store.reset_lesson("q")
    store.reset_lesson("slope")
    store.take_back_reset("q")
    assert ProgressStore(path).lesson("q") == before
    store.take_back_reset("q")
    assert ProgressStore(path).lesson("q") == before


def test_own_code_is_kept_and_dropped_cell_by_cell(path: Path) -> None:
    store = ProgressStore(path)
    store.keep_code("q", {"one": "1", "two": "2"})
    store.keep_code("q", {"two": "22"})
    store.drop_code("q", ["one"])
    assert ProgressStore(path).lesson("q").code == {"two": "22"}


def test_what_another_version_wrote_stays(path: Path) -> None:
    path.parent.mkdir()
    newer = {"version": 9, "review": [1], "lessons": {"q": {"part": 1, "stars": 3}, "later": {"x": 1}}}
    path.write_text(json.dumps(newer))
    ProgressStore(path).go_to("q", 2)
    tree = json.loads(path.read_text())
    assert (tree["version"], tree["review"], tree["lessons"]["later"]) == (9, [1], {"x": 1})
    assert tree["lessons"]["q"]["stars"] == 3
    assert tree["lessons"]["q"]["part"] == 2


def test_two_windows_do_not_undo_each_other(path: Path) -> None:
    one, other = ProgressStore(path), ProgressStore(path)
    one.go_to("q", 2)
    other.keep_code("slope", {"square": "y = 2"})
    progress = ProgressStore(path)
    assert progress.lesson("q").part == 2
    assert progress.lesson("slope").code == {"square": "y = 2"}


@pytest.mark.parametrize("broken", [b"", b"{", b"[1]", b"\xff\xfe", b'{"lessons": ' + b"[" * 200000])
def test_a_broken_file_is_set_aside_and_never_deleted(
    path: Path, broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(broken)
    store = ProgressStore(path)
    assert store.set_aside is not None
    assert store.set_aside.read_bytes() == broken
    store.go_to("q", 1)
    assert ProgressStore(path).lesson("q").part == 1
    path.write_bytes(broken)
    second = ProgressStore(path).set_aside
    assert second is not None and second != store.set_aside
    assert store.set_aside.exists()


def test_odd_values_of_known_keys_are_read_as_nothing(path: Path) -> None:
    path.parent.mkdir()
    odd = {
        "lessons": {"q": {"part": "two", "answers": {"a": 1, "b": {"latest": {"numbers": ["x"]}}}, "code": 5}}
    }
    path.write_text(json.dumps(odd))
    progress = ProgressStore(path).lesson("q")
    assert (progress.part, dict(progress.code), progress.answers["b"].latest) == (0, {}, None)


def test_a_crash_while_saving_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ProgressStore(path)
    store.go_to("q", 1)

    def crash(*_names: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", crash)
    with pytest.raises(KeyboardInterrupt):
        store.go_to("q", 2)
    monkeypatch.undo()
    assert ProgressStore(path).lesson("q").part == 1
    assert [file.name for file in path.parent.iterdir()] == ["progress.json"]


def test_what_cannot_be_saved_now_is_saved_with_the_next_change(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = ProgressStore(path)

    def full(*_names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    store.go_to("q", 1)
    assert store.fault is not None
    assert store.lesson("q").part == 1
    monkeypatch.undo()
    store.keep_code("q", {"one": "1"})
    assert store.fault is None
    assert ProgressStore(path).lesson("q").part == 1
