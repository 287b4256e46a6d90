"""How the `export` command is written: its options, and the values that each may have."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

from tutor.i18n import LANGUAGES, _

SIDES = (64, 8192)
"""Pixels of a side of a picture, at least and at most."""


def add_export(commands: Any, sentence: Callable[[str], str], add_run_options: Callable[[Any], None]) -> None:
    """The command, on the parser's commands."""
    text = _("draw a run without the window: a picture, an animation or its graph")
    parser = commands.add_parser(
        "export",
        help=text,
        description=sentence(text),
        epilog=_(
            "The ending of OUT says what is made: .png .svg .pdf (a picture), .gif .mp4 .webm (an animation), a folder\n"
            "or frame-%04d.png (an animation as numbered pictures), .dot .graphml (the graph for other programs).\n"
            "Steps are counted as in the window: 1 is the first, 0 is before it.\n"
            "\n"
            "  autograd-tutor export my_script.py -o run.gif --code\n"
            "  autograd-tutor export my_trace.json -o step.svg --step 8 --theme dark\n"
            "  autograd-tutor export lessons/02-q/en.md -o q.mp4 --from 5 --to 12 --size 1920x1080\n"
            "\n"
            "A script, notebook or lesson is run and recorded first, where it has no recording of its own text.\n"
            "What a lesson's questions ask for stays covered; --answers shows it.\n"
            "\n"
            "Exit status: as of trace; after Ctrl+C, or a fault, nothing is written."
        ),
    )
    parser.add_argument(
        "file", metavar=_("FILE"), help=_("a trace (.json), lesson (.md or its folder), script or notebook")
    )
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help=_("the file or folder to write"))
    _add_what(parser.add_argument_group(_("what is drawn")))
    _add_how(parser.add_argument_group(_("how it is drawn")))
    add_run_options(parser.add_argument_group(_("how a program is run first")))


def _add_what(group: Any) -> None:
    group.add_argument(
        "--step", type=_whole(0), metavar="N", help=_("of a picture: the step (default: the last)")
    )
    group.add_argument(
        "--from",
        dest="first",
        type=_whole(1),
        metavar="STEP",
        help=_("of an animation: the first step (default: 1)"),
    )
    group.add_argument(
        "--to",
        dest="last",
        type=_whole(1),
        metavar="STEP",
        help=_("the last step (default: the last there is)"),
    )
    group.add_argument(
        "--iteration",
        type=_iteration,
        metavar="N",
        help=_("only this turn of a training loop; “all”: all turns in one picture"),
    )
    group.add_argument(
        "--part", type=_whole(1), metavar="N", help=_("of a lesson: up to this part (default: the last)")
    )
    group.add_argument(
        "--cover", metavar="NAMES", default="", help=_("hide these numbers behind “?”, as a.grad,Q")
    )
    group.add_argument(
        "--unfold",
        type=_depth,
        metavar="N",
        help=_("so many levels of groups are open, or “all” (default: as many as there is room for)"),
    )
    group.add_argument("--answers", action="store_true", help=_("show what a lesson's questions ask for"))


def _add_how(group: Any) -> None:
    group.add_argument(
        "--size", type=_size, metavar="WxH", help=_("such as 1280x720 (default: as the picture needs)")
    )
    group.add_argument(
        "--scale",
        type=_number(0.1, 10),
        metavar="X",
        help=_("pixels a unit of the size (default: 2 for .png, else 1)"),
    )
    group.add_argument("--theme", choices=("light", "dark"), default="light", help=_("light or dark"))
    group.add_argument("--lang", choices=tuple(LANGUAGES), help=_("of the words in the picture"))
    group.add_argument(
        "--direction", choices=("auto", "right", "down"), default="auto", help=_("which way the picture runs")
    )
    group.add_argument("--caption", metavar=_("TEXT"), default="", help=_("a line under the picture"))
    group.add_argument("--code", action="store_true", help=_("the step's line of code under the picture"))
    group.add_argument("--transparent", action="store_true", help=_("of a picture: without a background"))
    group.add_argument(
        "--whole",
        action="store_true",
        help=_("of an animation: a large graph whole, instead of following the step"),
    )
    group.add_argument(
        "--speed", type=_number(0.1, 100), default=1.0, metavar="X", help=_("of an animation (default: 1)")
    )
    group.add_argument(
        "--fps", type=_whole(1, 100), metavar="N", help=_("frames a second of an animation (default: 25)")
    )


# ---------------------------------------------------------------- values


def _whole(least: int, most: int = 10**9) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,10}", text) or not least <= int(text) <= most:
            fault = _("“{text}” is not a whole number from {least}").format(text=text, least=least)
            up_to = _("“{text}” is not a whole number from {least} to {most}")
            raise argparse.ArgumentTypeError(
                fault if most == 10**9 else up_to.format(text=text, least=least, most=most)
            )
        return int(text)

    return read


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not least <= number <= most:
            fault = _("“{text}” is not a number from {least} to {most}")
            raise argparse.ArgumentTypeError(fault.format(text=text, least=f"{least:g}", most=f"{most:g}"))
        return number

    return read


def _iteration(text: str) -> int | str:
    """A turn's number from 1, or "all"."""
    return text if text == "all" else _whole(1)(text)


def _depth(text: str) -> int | str:
    """A number of levels from 0, or "all"."""
    return text if text == "all" else _whole(0)(text)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})[x×X](\d{1,6})", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(SIDES[0] <= side <= SIDES[1] for side in size):
        fault = _("“{text}” is not a size; write width and height as 1280x720, each from {least} to {most}")
        raise argparse.ArgumentTypeError(fault.format(text=text, least=SIDES[0], most=SIDES[1]))
    return size
