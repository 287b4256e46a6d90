"""A learner's exception as data: type, message, and the learner's own frames."""

from __future__ import annotations

from tutor.kernel.encodable import message_of, shortened
from tutor.kernel.spans import Sources, module_frame
from tutor.protocol import BackwardId, Cause, Failure, Frame, NodeId, Span

_MOST_CAUSES = 8


def failure_of(
    error: BaseException, sources: Sources, *, step: int, backward: tuple[BackwardId, NodeId | None] | None
) -> Failure:
    """`backward` is the one that raised this very exception, with the node that it stopped at."""
    frames = sources.frames(error.__traceback__)
    span = next((frame.span for frame in reversed(frames) if frame.span is not None), None)
    if isinstance(error, SyntaxError) and error.filename in sources.files:
        frames, span = _syntax(error, sources, frames)
    elif isinstance(error, SyntaxError) and sources.is_module(error.filename or ""):
        frames = [*frames, module_frame(error.filename or "", "<module>", error.lineno or 1)]
    return Failure(
        type=type(error).__name__,
        message=_message(error),
        span=span,
        frames=frames,
        backward=None if backward is None else backward[0],
        node=None if backward is None else backward[1],
        causes=_causes(error, sources),
        step=step,
    )


def _message(error: BaseException) -> str:
    return shortened(error.msg) if isinstance(error, SyntaxError) and error.msg else message_of(error)


def _causes(error: BaseException, sources: Sources) -> list[Cause]:
    """The chain behind it as Python prints it; what a library handled within itself is left out."""
    found: list[Cause] = []
    seen = [error]
    while len(seen) <= _MOST_CAUSES:
        direct = error.__cause__ is not None
        hidden = error.__suppress_context__
        before = error.__cause__ if direct or hidden else error.__context__
        if before is None or any(before is one for one in seen):
            break
        seen.append(before)
        frames = sources.frames(before.__traceback__)
        if direct or frames:
            found.append(
                Cause(type=type(before).__name__, message=_message(before), direct=direct, frames=frames)
            )
        error = before
    return found


def _syntax(error: SyntaxError, sources: Sources, frames: list[Frame]) -> tuple[list[Frame], Span]:
    file = sources.files[error.filename or ""]
    line = max(error.lineno or 1, 1)
    start = max((error.offset or 1) - 1, 0)
    end = (error.end_offset or 0) - 1
    same_line = (error.end_lineno or line) == line
    span = Span(
        source=file.id,
        line=line,
        end_line=error.end_lineno or line,
        col=start,
        end_col=end if end > start or not same_line else start + 1,
    )
    frame = Frame(
        path=file.path or file.filename,
        function="<module>",
        line=line,
        text=file.line(line).strip(),
        span=span,
    )
    return [*frames, frame], span
