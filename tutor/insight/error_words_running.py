"""Explanations of what a run refuses to do, and of how a process can end: title, cause, what to change."""

from __future__ import annotations

from tutor.i18n import _
from tutor.insight.error_words_backward import Words

RUNNING_WORDS: dict[str, Words] = {
    "input-refused": lambda: (
        _("A run cannot ask for input"),
        _("Each run goes through by itself, so that the same text gives the same picture."),
        _("Write the value into the code: name = 'Ada' instead of name = input()."),
    ),
    "ipython-command": lambda: (
        _("This is a command of IPython, not Python"),
        _("Lines with %, ! or ? are for Jupyter itself; here the code runs as Python runs it."),
        _("Delete the line or write it in Python. Packages are installed outside, with pip."),
    ),
    "crash": lambda: (
        _("The process crashed inside compiled code"),
        _("Not Python but a library or the operating system ended it, so there is no Python error to show."),
        _("Look at the last line that ran, above all where memory is reached by its address."),
    ),
    "process-exit": lambda: (
        _("The program ended its own process"),
        _("os._exit() or a library ended the process at once, without Python's own ending."),
        _("Use sys.exit(), which ends the program and leaves everything else in order."),
    ),
}
