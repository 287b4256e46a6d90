"""The lessons that ship, as a list and by name, each in the language that is wanted or else in another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tutor.course.lesson import LessonEntry
from tutor.course.reader import read_entry
from tutor.i18n import LANGUAGES
from tutor.shipped import shipped


def lessons(language: str, folder: Path | None = None) -> tuple[LessonEntry, ...]:
    """The lessons that ship (or those of another folder), by number.

    Raises DocumentError for a lesson whose front matter is at fault.
    """
    entries = [read_entry(path) for path in _files(folder or shipped("lessons"), language)]
    return tuple(sorted(entries, key=lambda entry: (entry.number, entry.id)))


def lesson_path(lesson_id: str, language: str) -> Path:
    """The file of a lesson that ships. Raises KeyError when there is no such lesson."""
    for entry in lessons(language):
        if entry.id == lesson_id:
            return entry.path
    raise KeyError(lesson_id)


def _files(folder: Path, language: str) -> Iterator[Path]:
    wanted = (language, *(code for code in LANGUAGES if code != language))
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        files = (place / f"{code}.md" for code in wanted)
        if (found := next((path for path in files if path.is_file()), None)) is not None:
            yield found
