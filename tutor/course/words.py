"""Words that a Spanish lesson must not use, each with the one to write instead: the course says one thing in one word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FORBIDDEN = (
    (r"antorchas?", "torch"),
    (r"calificaci(?:ón|ones)", "gradiente, gradientes"),
    (r"graduaci(?:ón|ones)|acumulaciones graduales", "gradiente, gradientes"),
    (r"(?:las?|unas?|estas?|esas?) gradientes?", "el gradiente, los gradientes"),
    (r"(?:método|función|llamar a|llama a|llamamos a|llamada a) «?hacia atrás»?", "`backward()`"),
    (r"`[^`]*(?:hacia[ _]atrás)[^`]*`|hacia[ _]atrás\(\)", "`backward()`"),
    (r"despeg(?:ar|a|as|amos|ue|ado|ada|ados|adas)", "separar (del grafo)"),
    (r"gráficas?", "grafo"),
    (r"gráficos?(?! computacional)", "grafo"),
    (r"learning rate de aprendizaje", "tasa de aprendizaje"),
    (r"paso hacia (?:adelante|atrás)", "propagación hacia adelante, hacia atrás"),
    (r"ganchos? de", "hook"),
)
_PATTERNS = tuple(
    (re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE), said) for pattern, said in _FORBIDDEN
)


@dataclass(frozen=True, slots=True)
class Slip:
    """A word that must not stand there: its line (from 1), and what to write."""

    line: int
    word: str
    instead: str


def slips(text: str) -> Iterator[Slip]:
    """Every forbidden word of a Spanish text, in order."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, instead in _PATTERNS:
            for found in pattern.finditer(line):
                yield Slip(number, found.group(), instead)
