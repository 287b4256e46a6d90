"""The one door: `python main.py`, or `autograd-tutor`. Opens the window, or does one of the commands without it."""

from __future__ import annotations

import argparse
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tutor import __version__
from tutor.export_options import add_export
from tutor.i18n import _, ngettext, system_language, use_language

COMMANDS = ("open", "trace", "export", "check")


INTERRUPTED = 130
"""The exit status after Ctrl+C, as a shell gives it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the command line says and returns the exit status."""
    try:
        return _obey(argv)
    except KeyboardInterrupt:
        return INTERRUPTED


def _obey(argv: Sequence[str] | None) -> int:
    arguments, program_arguments = _split(list(sys.argv[1:] if argv is None else argv))
    use_language(system_language())
    _speak(argparse)
    if not _names_command(arguments):
        arguments.insert(0, "open")
    values = _parser().parse_args(arguments)
    match values.command:
        case "trace":
            return _trace(values, program_arguments)
        case "export":
            return _export(values, program_arguments)
        case "check":
            return _check(values)
        case _:
            return _open(values)


def _split(arguments: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Our own arguments, and those of the program behind `--`."""
    if "--" not in arguments:
        return arguments, ()
    place = arguments.index("--")
    return arguments[:place], tuple(arguments[place + 1 :])


def _names_command(arguments: list[str]) -> bool:
    """A file may come in the place of a command; a file that is called like one is written ./trace."""
    return bool(arguments) and (arguments[0] in COMMANDS or arguments[0] in ("-h", "--help", "--version"))


# ---------------------------------------------------------------- the commands, each loaded when it is wanted


def _open(values: argparse.Namespace) -> int:
    with _ended_by_interrupt():
        from tutor.app import run

    return run(None if values.file is None else Path(values.file))


@contextmanager
def _ended_by_interrupt() -> Iterator[None]:
    """Ctrl+C ends the process at once: while Qt loads, a KeyboardInterrupt would come up in the middle of its start."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _trace(values: argparse.Namespace, program_arguments: tuple[str, ...]) -> int:
    from tutor.trace_command import options_from, trace

    return trace(options_from(values, program_arguments), sys.stderr)


def _export(values: argparse.Namespace, program_arguments: tuple[str, ...]) -> int:
    with _ended_by_interrupt():
        from tutor.export_command import export

    return export(values, program_arguments, sys.stderr)


def _check(values: argparse.Namespace) -> int:
    from tutor.course.check import main as check

    return check(values.lessons)


# ---------------------------------------------------------------- how it is written


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="autograd-tutor",
        description=_("See how PyTorch's autograd works: real torch, played back step by step."),
        epilog=_(
            "Without a command the window opens, on FILE if one is given:\n"
            "  autograd-tutor my_script.py\n"
            "  autograd-tutor trace my_script.py -o my_trace.json -- --epochs 2\n"
            "  autograd-tutor export my_script.py -o run.gif\n"
            "  autograd-tutor open my_trace.json"
        ),
    )
    parser.add_argument(
        "--version", action="version", version=_version(), help=_("show the versions and exit")
    )
    commands = parser.add_subparsers(
        dest="command", title=_("commands"), metavar=_("COMMAND"), parser_class=_Parser
    )
    _add_open(commands)
    _add_trace(commands)
    add_export(commands, _sentence, _add_run_options)
    _add_check(commands)
    return parser


def _add_open(commands: Any) -> None:
    text = _("open the window, on a script, notebook, lesson or trace file")
    parser = commands.add_parser("open", help=text, description=_sentence(text))
    parser.add_argument(
        "file", nargs="?", metavar=_("FILE"), help=_("a .py, .ipynb, .md or trace .json file")
    )


def _add_trace(commands: Any) -> None:
    text = _("run a program without the window and write its trace file")
    parser = commands.add_parser(
        "trace",
        help=text,
        description=_sentence(text),
        epilog=_(
            "What the program prints is shown. Arguments behind -- are the program's own.\n"
            "The file holds all that came, however the program ends: an error, sys.exit, Ctrl+C, a crash.\n"
            "\n"
            "Exit status:\n"
            "  0    the file is written (it tells the program's own error, and sys.exit's status is shown)\n"
            "  1    torch or the recorder could not be loaded\n"
            "  2    a file cannot be read or written, or the command line is wrong\n"
            "  130  the file is written, after Ctrl+C (143 after SIGTERM, 129 when the terminal was closed)"
        ),
    )
    parser.add_argument(
        "file", metavar=_("FILE"), help=_("a script (.py), notebook (.ipynb) or lesson (.md)")
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT.json", help=_("the trace file; FILE.trace.json when not given")
    )
    _add_run_options(parser)


def _add_run_options(parser: Any) -> None:
    parser.add_argument(
        "--device", default="cpu", help=_("the default device, as torch names it (default: %(default)s)")
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, help=_("the seed of the random numbers (default: %(default)s)")
    )
    parser.add_argument(
        "--timeout", type=_seconds, metavar="S", help=_("stop the program after S seconds (default: never)")
    )


def _add_check(commands: Any) -> None:
    text = _("check lessons against real torch and record their traces anew")
    parser = commands.add_parser("check", help=text, description=_sentence(text))
    parser.add_argument(
        "lessons", nargs="*", metavar=_("FOLDER"), help=_("a lesson's folder; all lessons when none is given")
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError:
        seed = -1
    if not 0 <= seed < 2**63:
        raise argparse.ArgumentTypeError(_("“{text}” is not a whole number from 0").format(text=text))
    return seed


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(_("“{text}” is not a number of seconds").format(text=text))
    return seconds


def _version() -> str:
    return f"Autograd Tutor {__version__}, torch {_installed('torch')}, Python {platform.python_version()}"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _("(not installed)")


# ---------------------------------------------------------------- argparse in the reader's language


class _Parser(argparse.ArgumentParser):
    """Keeps the line breaks of our texts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **options})


def _speak(module: Any) -> None:
    """argparse asks gettext for its own few texts; it shall ask our catalogue, where `_ITS_TEXTS` puts them."""
    module._ = _
    module.ngettext = ngettext


def _its_texts() -> tuple[str, ...]:
    """argparse's texts that a person may see here, for the collector of texts."""
    return (
        _("usage: "),
        _("options"),
        _("positional arguments"),
        _("show this help message and exit"),
        _("the following arguments are required: %s"),
        _("unrecognized arguments: %s"),
        _("expected one argument"),
        _("argument %(argument_name)s: %(message)s"),
        _("%(prog)s: error: %(message)s\n"),
        _("invalid choice: %(value)r (choose from %(choices)s)"),
    )
