"""What the window tells the person in passing, as data; and the words for what became of the kernel or a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tutor.i18n import _

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence or two, with at most one thing to do about it. Without a text: nothing is to be told any more."""

    level: Level
    text: str
    action: tuple[str, Callable[[], None]] | None = None


NOTHING = Message("info", "")


def queued() -> Message:
    return Message("info", _("torch is loading; the run starts when it is ready."))


def own_numbers_back() -> Message:
    text = _("The question is about the lesson’s own program, so it is back. Undo brings back yours.")
    return Message("info", text)


def stopped() -> Message:
    return Message("info", _("Stopped. What ran up to there is in the picture."))


def exited(status: str | int | None) -> Message:
    shown = 0 if status is None else status
    return Message("info", _("The program ended itself with sys.exit({status}).").format(status=shown))


def recorder_fault(fault: str) -> Message:
    text = _("The recorder failed, and the rest of the program ran without being recorded: {fault}")
    return Message("error", text.format(fault=fault))


def kernel_failed(start_again: Callable[[], None]) -> Message:
    return Message("error", _("The kernel does not start."), (_("Start again"), start_again))


def restarting() -> Message:
    return Message("info", _("The kernel is starting again; your text is intact."))


def died(cause: str, detail: str | int | None) -> Message:
    """Why the kernel went, in plain words. It comes back by itself."""
    return Message("warning", _reason(cause, detail) + " " + _("It is starting again; your text is intact."))


def back_again(cause: str, detail: str | int | None, run_again: Callable[[], None] | None) -> Message:
    """After a death, once torch is loaded again."""
    text = _reason(cause, detail) + " " + _("It is back; your text is intact.")
    return Message("info", text, (_("Run again"), run_again) if run_again is not None else None)


def device_missing(device: str) -> Message:
    text = _("This computer's torch has no device {device}; the CPU is used.")
    return Message("warning", text.format(device=device))


def progress_set_aside(path: Path) -> Message:
    text = _(
        "The file with your progress could not be read. It was set aside as {path}; a new one was begun."
    )
    return Message("warning", text.format(path=path))


def _reason(cause: str, detail: str | int | None) -> str:
    match cause:
        case "stopped":
            return _("The program did not react to Stop, so the kernel was ended.")
        case "killed":
            return _("The kernel was killed from outside.")
        case "memory":
            return _("The program needed more memory than there is, and the system ended the kernel.")
        case "segfault":
            return _("The kernel crashed inside compiled code (segmentation fault).")
        case "exit":
            return _("The program ended the kernel itself (exit status {status}).").format(status=detail)
        case _:
            return _("The kernel ended unexpectedly.")
