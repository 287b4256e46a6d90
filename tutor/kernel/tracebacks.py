"""Tracebacks that the learner's program sees: without the frames that are there for the recorder's sake alone."""

from __future__ import annotations

from types import TracebackType

from tutor.kernel.own_frames import OVERRIDES, OWN_FOLDER


def hide(error: BaseException) -> None:
    """Called in the recorder's frames, just before they raise again: takes out what the exception passed until here."""
    trace = _first_seen(error.__traceback__)
    BaseException.with_traceback(error, trace)
    while trace is not None:
        following = _first_seen(trace.tb_next)
        if following is not trace.tb_next:
            trace.tb_next = following
        trace = following


def _first_seen(trace: TracebackType | None) -> TracebackType | None:
    """From `trace` on, the first entry that would be there without the recorder."""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(OWN_FOLDER):
            trace = trace.tb_next
        elif _is_detour(trace):
            trace = trace.tb_next and trace.tb_next.tb_next
        else:
            break
    return trace


def _is_detour(trace: TracebackType) -> bool:
    """Whether it is a torch function written in Python that went to our mode, from which it is called once more."""
    dispatch = trace.tb_next
    if dispatch is None or dispatch.tb_frame.f_code.co_filename != OVERRIDES:
        return False
    again = dispatch.tb_next
    while again is not None and again.tb_frame.f_code.co_filename.startswith(OWN_FOLDER):
        again = again.tb_next
    return again is not None and again.tb_frame.f_code is trace.tb_frame.f_code
