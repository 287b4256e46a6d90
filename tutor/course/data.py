"""A lesson's metadata taken apart key by key: typed values out, or a fault at the line where the key stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from tutor.i18n import _
from tutor.source.disk import DocumentError


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a piece of metadata stands: a file, the line where it begins, and what it is called there."""

    path: Path
    line: int
    name: str

    def mapping(self, values: object, known: Iterable[str]) -> Data:
        """The keys and values of this piece. Raises DocumentError for anything else, or for a key that is not known."""
        keys = tuple(known)
        if not isinstance(values, Mapping):
            reason = _("“{name}” must hold “key: value” lines, with the keys {known}")
            raise DocumentError(self.path, self.line, reason.format(name=self.name, known=", ".join(keys)))
        data = Data(self, {str(key): value for key, value in values.items()})
        for key in data.values:
            if key not in keys:
                raise data.fault(key, _unknown_key(key, keys))
        return data


@dataclass(frozen=True, slots=True)
class Data:
    """The keys of one piece of metadata. Every accessor raises DocumentError where the value is of the wrong kind."""

    reading: Reading
    values: Mapping[str, object]

    def has(self, key: str) -> bool:
        return self.values.get(key) is not None

    def text(self, key: str) -> str:
        value = self._needed(key)
        if isinstance(value, bool):
            raise self.fault(key, _("write a text; yes, no, true and false need quotes"))
        if isinstance(value, list | Mapping) or not str(value).strip():
            raise self.fault(key, _("write a text"))
        return str(value).strip()

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def integer(self, key: str) -> int:
        value = self._needed(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.fault(key, _("write a whole number from 0"))
        return value

    def number(self, key: str, default: float) -> float:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(key, _("write a number"))
        return float(value)

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, _("write true or false"))
        return value

    def items(self, key: str) -> list[object]:
        value = self._needed(key)
        if not isinstance(value, list):
            raise self.fault(key, _("write a list: [one, another]"))
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        items = self.items(key)
        if not all(isinstance(item, str) and item.strip() for item in items):
            raise self.fault(key, _("write a list of words: [one, another]"))
        return tuple(str(item).strip() for item in items)

    def inner(self, key: str, known: Iterable[str]) -> Data:
        return Reading(self.reading.path, self.line_of(key), key).mapping(self._needed(key), known)

    def inner_items(self, key: str, known: Iterable[str]) -> tuple[Data, ...]:
        keys = tuple(known)
        return tuple(
            Reading(self.reading.path, self._line_of_item(key, place), key).mapping(item, keys)
            for place, item in enumerate(self.items(key))
        )

    def fault(self, key: str, remedy: str) -> DocumentError:
        reason = remedy if key not in self.values else f"“{key}”: {remedy}"
        return DocumentError(self.reading.path, self.line_of(key), reason)

    def line_of(self, key: str) -> int:
        """The first line from this piece's beginning on which the key stands; that beginning when it is not found."""
        wanted = re.compile(rf"(^|[\s{{,\"'-]){re.escape(key)}[\"']?\s*:")
        for number, line in self._lines():
            if wanted.search(line):
                return number
        return self.reading.line

    def _line_of_item(self, key: str, place: int) -> int:
        start = self.line_of(key)
        marks = [number for number, line in self._lines() if number > start and re.match(r"\s*- ", line)]
        return marks[place] if place < len(marks) else start

    def _lines(self) -> list[tuple[int, str]]:
        lines = self.reading.path.read_text("utf-8", errors="replace").splitlines()
        return [(number, line) for number, line in enumerate(lines, start=1) if number >= self.reading.line]

    def _needed(self, key: str) -> object:
        if self.values.get(key) is None:
            reason = _("“{name}” lacks the key “{key}”")
            raise DocumentError(
                self.reading.path, self.reading.line, reason.format(name=self.reading.name, key=key)
            )
        return self.values[key]


def _unknown_key(key: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(key, known, n=1)
    if near:
        return _("there is no such key; did you mean “{near}”?").format(near=near[0])
    return _("there is no such key; the keys here are {known}").format(known=", ".join(known))
