"""Python code in colours: Pygments' lexer, its state carried from line to line, its tokens in the program's palette."""

from __future__ import annotations

from collections.abc import Iterator

from pygments.lexer import ExtendedRegexLexer, LexerContext
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType
from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from tutor.views.code.text_positions import to_units
from tutor.views.theme import DARK, LIGHT, Palette

Stack = tuple[str, ...]
_ROOT: Stack = ("root",)


class _LineLexer(ExtendedRegexLexer, PythonLexer):
    """Pygments' Python lexer that can start a line in the state in which the line before ended."""


_lexer = _LineLexer()


def lexed(line: str, stack: Stack) -> tuple[list[tuple[int, _TokenType, str]], Stack]:
    """The tokens of one line (offset in characters, kind, text) and the lexer's state behind it."""
    context = LexerContext(line + "\n", 0, list(stack))
    tokens = list(_tokens(context))
    return tokens, tuple(context.stack or _ROOT)


def _tokens(context: LexerContext) -> Iterator[tuple[int, _TokenType, str]]:
    yield from _lexer.get_tokens_unprocessed(context=context)


class Highlighter(QSyntaxHighlighter):
    """Colours a document as it is typed; a line is done again only when its text or the state before it changed."""

    def __init__(self, document: QTextDocument, palette: Palette = LIGHT) -> None:
        super().__init__(document)
        self._stacks: list[Stack] = [_ROOT]
        self._formats = token_formats(palette)

    def apply_theme(self, palette: Palette) -> None:
        self._formats = token_formats(palette)
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        state = self.previousBlockState()
        tokens, stack = lexed(text, self._stacks[state] if state > 0 else _ROOT)
        for place, kind, piece in tokens:
            if (style := format_of(kind, self._formats)) is not None:
                self.setFormat(to_units(text, place), to_units(piece, len(piece)), style)
        self.setCurrentBlockState(self._state(stack))

    def _state(self, stack: Stack) -> int:
        """The number of a lexer state: Qt goes on to the next line as long as the number changes."""
        if stack not in self._stacks:
            self._stacks.append(stack)
        return self._stacks.index(stack)


def format_of(kind: _TokenType, formats: dict[_TokenType, QTextCharFormat]) -> QTextCharFormat | None:
    """That of the token's kind, or of the kind that this one is a kind of; None for plain text."""
    return next((formats[part] for part in reversed(kind.split()) if part in formats), None)


def token_formats(palette: Palette) -> dict[_TokenType, QTextCharFormat]:
    """Code keeps to quiet colours: blue, vermilion and green mean values, gradients and leaves, and stay free."""
    dark = palette == DARK
    keyword, string, number = ("#c9a7ff", "#c5cf8d", "#e6edf3") if dark else ("#6f3fb5", "#6b6a00", "#1b2430")
    colours = {
        Keyword: (keyword, QFont.Weight.DemiBold),
        Operator.Word: (keyword, QFont.Weight.DemiBold),
        String: (string, QFont.Weight.Normal),
        Number: (number, QFont.Weight.DemiBold),
        Comment: (palette.muted, QFont.Weight.Normal),
        Name.Builtin: (keyword, QFont.Weight.Normal),
        Name.Decorator: (palette.special_text, QFont.Weight.Normal),
        Name.Function: (palette.ink, QFont.Weight.DemiBold),
        Name.Class: (palette.ink, QFont.Weight.DemiBold),
    }
    return {kind: _styled(kind, *style) for kind, style in colours.items()}


def _styled(kind: _TokenType, colour: str, weight: QFont.Weight) -> QTextCharFormat:
    style = QTextCharFormat()
    style.setForeground(QColor(colour))
    style.setFontWeight(weight)
    style.setFontItalic(kind is Comment)
    return style
