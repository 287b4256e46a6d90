"""A lesson's Markdown into the HTML that Qt's rich text can show, with formulas, notes, foldable notes and tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from PySide6.QtGui import QFont

from tutor.course.tex import TexError
from tutor.views.prose.maths import Formula, display_formula, inline_formula
from tutor.views.theme import DARK, Palette, mix

FOLD = "fold:"
"""Scheme of the links that open and close a foldable note: "fold:0", "fold:1" ..."""


_UNBROKEN = 18
"""Inline code up to so many characters is not broken at its spaces."""


@dataclass(frozen=True, slots=True)
class Look:
    """With what a text is drawn: its colours, the font of its prose and that of its code, the screen's pixel ratio."""

    palette: Palette
    font: QFont
    code_font: QFont
    ratio: float


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered text: its HTML, and the images that it names in `src`, the formulas."""

    html: str
    images: dict[str, Formula]


def to_page(markdown: str, look: Look, opened: Collection[int] = ()) -> Page:
    """`opened` are the foldable notes, from 0, that show their text."""
    return _Writer(look, opened).page(markdown)


class _Writer:
    """Writes one page: keeps its images and counts its foldable notes."""

    def __init__(self, look: Look, opened: Collection[int]) -> None:
        self.look = look
        self.images: dict[str, Formula] = {}
        self._opened = opened
        self._folds = 0

    def page(self, markdown: str) -> Page:
        return Page(self._styled(self.body(markdown)), self.images)

    def body(self, markdown: str) -> str:
        return str(_parser().render(markdown, {"writer": self}))

    def formula(self, tex: str, *, display: bool) -> str:
        look = self.look
        draw = display_formula if display else inline_formula
        try:
            drawn = draw(tex, font=look.font, color=look.palette.ink, ratio=look.ratio)
        except TexError:
            return f'<code style="color:{look.palette.error}">{escape(tex)}</code>'
        key = f"formula:{hashlib.sha1(f'{display}{tex}'.encode(), usedforsecurity=False).hexdigest()}"
        self.images[key] = drawn
        return (
            f'<img src="{key}" width="{drawn.width}" height="{drawn.height}" '
            f'style="vertical-align:{drawn.align}" alt="{escape(tex)}">'
        )

    def code(self, text: str) -> str:
        kept = text.replace(" ", "\N{NO-BREAK SPACE}") if len(text) <= _UNBROKEN else text
        return f"<code>{escape(kept)}</code>"

    def code_block(self, text: str) -> str:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer

        style = "github-dark" if self.look.palette is DARK else "friendly"
        formatter = HtmlFormatter(noclasses=True, nowrap=True, style=style)
        coloured = highlight(text.rstrip("\n"), PythonLexer(), formatter).rstrip("\n")
        return self._box(f"<pre>{coloured}</pre>", bar=None, ground=self.look.palette.code_line)

    def note(self, info: str, content: str) -> str:
        kind, __, title = info.strip().removeprefix("{").partition("}")
        if kind == "dropdown":
            return self._fold(title.strip(), content)
        palette = self.look.palette
        bars = {"tip": palette.leaf, "warning": palette.gradient, "important": palette.gradient}
        bar = bars.get(kind, palette.value)
        head = f'<p class="head">{escape(title.strip())}</p>' if title.strip() else ""
        return self._box(head + self.body(content), bar=bar, ground=mix(palette.panel, bar, 0.09))

    def _fold(self, title: str, content: str) -> str:
        number, self._folds = self._folds, self._folds + 1
        is_open = number in self._opened
        arrow = "▾" if is_open else "▸"
        head = f'<p><a class="fold" href="{FOLD}{number}">{arrow}&nbsp; {escape(title)}</a></p>'
        palette = self.look.palette
        body = head + (self.body(content) if is_open else "")
        return self._box(body, bar=palette.value, ground=mix(palette.panel, palette.value, 0.09))

    def _box(self, body: str, *, bar: str | None, ground: str) -> str:
        edge = f'<td width="3" bgcolor="{bar}"></td>' if bar else ""
        return (
            '<table class="box" width="100%" cellspacing="0" cellpadding="0"><tr>'
            f'{edge}<td class="boxed" bgcolor="{ground}">{body}</td></tr></table>'
        )

    def _styled(self, body: str) -> str:
        palette, font, code = self.look.palette, self.look.font, self.look.code_font
        pixels = font.pixelSize()
        soft = mix(palette.panel, palette.ink, 0.08)
        typed = f'font-family: "{code.family()}"; font-size: {code.pixelSize()}px;'
        loose = f"line-height: {round(pixels * 0.36)}px; -qt-line-height-type: line-distance;"
        return f"""<style>
p, li {{ {loose} margin: 0 0 {round(pixels * 0.75)}px 0; }}
h3 {{ font-size: {pixels}px; font-weight: 600; }}
code {{ {typed} background-color: {soft}; }}
pre {{ {typed} margin: 0; }}
a {{ color: {palette.value_text}; text-decoration: none; }}
a.fold {{ font-weight: 600; }}
p.head {{ font-weight: 600; margin-bottom: 4px; }}
td.boxed {{ padding: 8px 12px 2px 12px; }}
table.box {{ margin: 6px 0 14px 0; }}
th, td.cell {{ padding: 4px 10px; border-bottom: 1px solid {palette.faint}; }}
table {{ margin-bottom: 12px; }}
div.formula {{ margin: 4px 0 14px 0; }}
</style>{body}"""


_Env = MutableMapping[str, Any]


def _writer(env: _Env) -> _Writer:
    return cast("_Writer", env["writer"])


@cache
def _parser() -> MarkdownIt:
    """No HTML of the author's passes: what a lesson may hold is Markdown."""
    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(
        ["table", "strikethrough"]
    )
    parser.use(dollarmath_plugin, double_inline=True).use(colon_fence_plugin)
    rules: dict[str, Callable[[_Writer, Token], str]] = {
        "math_inline": lambda writer, token: writer.formula(token.content, display=False),
        "math_inline_double": lambda writer, token: _centred(writer, token),
        "math_block": lambda writer, token: _centred(writer, token),
        "math_block_label": lambda writer, token: _centred(writer, token),
        "code_inline": lambda writer, token: writer.code(token.content),
        "code_block": lambda writer, token: writer.code_block(token.content),
        "fence": lambda writer, token: writer.code_block(token.content),
        "colon_fence": lambda writer, token: writer.note(token.info, token.content),
        "td_open": lambda writer, token: '<td class="cell">',
    }
    for name, write in rules.items():
        parser.add_render_rule(name, _rule(write))
    return parser


def _centred(writer: _Writer, token: Token) -> str:
    return f'<div class="formula" align="center">{writer.formula(token.content.strip(), display=True)}</div>'


def _rule(write: Callable[[_Writer, Token], str]) -> Callable[..., str]:
    def rule(__: RendererHTML, tokens: Sequence[Token], index: int, ___: OptionsDict, env: _Env) -> str:
        return write(_writer(env), tokens[index])

    return rule
