"""What an error of autograd means, in the reader's language: a title, the cause, and what to change."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tutor.insight.error_patterns import PATTERNS
from tutor.insight.error_words_backward import BACKWARD_WORDS
from tutor.insight.error_words_running import RUNNING_WORDS
from tutor.insight.error_words_tensor import TENSOR_WORDS
from tutor.insight.error_words_writing import WRITING_WORDS
from tutor.protocol import Failure, Warned

_WORDS = {**BACKWARD_WORDS, **WRITING_WORDS, **TENSOR_WORDS, **RUNNING_WORDS}


@dataclass(frozen=True, slots=True)
class Explanation:
    """`id` is stable (trace files carry it); the rest is in the current language."""

    id: str
    title: str
    cause: str
    fix: str


def explain(failure: Failure) -> Explanation | None:
    """None where there is nothing to say beyond the message itself."""
    return _explain(failure.type, failure.message)


def explain_warning(warned: Warned) -> Explanation | None:
    """The same for a warning of autograd."""
    return _explain(warned.category, warned.message)


def explained_ids() -> frozenset[str]:
    """Every error that has an explanation."""
    return frozenset(_WORDS)


def _explain(kind: str, message: str) -> Explanation | None:
    for identity, (expected, pattern) in PATTERNS.items():
        found = re.match(pattern, message) if kind.split(".")[-1] == expected else None
        if found:
            named = {key: text or "" for key, text in found.groupdict().items()}
            title, cause, fix = (text.format(**named) for text in _WORDS[identity]())
            return Explanation(identity, title, cause, fix)
    return None
