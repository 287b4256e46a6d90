"""Text of the learner's program made fit for the wire and the trace file, whatever the program put into it."""

from __future__ import annotations

from collections.abc import Iterator

MESSAGE_CHARACTERS = 20_000
"""How much of an exception's or a warning's message is kept."""


def encodable(text: str) -> str:
    """Half of a surrogate pair cannot be written in UTF-8; it becomes an escape, as on stderr."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def text_of(value: object) -> str:
    """Its `str`; where the learner's `__str__` itself raises, what Python says then."""
    try:
        text = str(value)
    except BaseException:
        text = "<exception str() failed>"
    return shortened(text)


def message_of(error: BaseException) -> str:
    """What the exception says, with its notes and the exceptions of a group."""
    parts = [error, *getattr(error, "__notes__", ())]
    return shortened("\n".join([*map(text_of, parts), *_members(error)]))


def _members(error: BaseException) -> Iterator[str]:
    for member in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        said = f"{type(member).__name__}: {message_of(member)}"
        yield "  " + said.replace("\n", "\n  ")


def shortened(message: str) -> str:
    """The message, encodable and not without end."""
    kept = message[:MESSAGE_CHARACTERS]
    return encodable(kept if len(kept) == len(message) else f"{kept}…")
