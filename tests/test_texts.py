"""Every text that a person sees is in Spanish too, with the same placeholders and in the course's own words."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from tools.texts import FOLDER, LANGUAGES, ROOT, collected, read_catalogue
from tutor.i18n import _, ngettext, use_language

FORBIDDEN = (
    r"antorcha",
    r"calificaci[oó]n",
    r"graduaci[oó]n",
    r"gr[aá]fica",
    r"\bgr[aá]fico\b",
    r"despeg",
    r"difusi[oó]n",
    r"tasa de learning",
    r"learning rate de",
    r"\bmomento\b",
    r"\busted",
    r"\bvos\b|\bvosotros\b",
    r"paso hacia (adelante|atr[aá]s)",
    r"\bgancho",
    r"la gradiente\b",
)
"""TEACHING's words that machine translation likes and the course does not write."""

CODE_WORDS = (
    *(
        "requires_grad",
        "grad_fn",
        "no_grad",
        "zero_grad",
        "detach(",
        "retain_grad",
        "retain_graph",
        "create_graph",
    ),
    *(
        "clone(",
        "backward()",
        ".grad",
        "torch",
        "optimizer.",
        "None",
        "dtype",
        "is_leaf",
        "inference_mode",
        "vᵀJ",
    ),
)
"""Never translated: what the English text holds, the other must hold too."""


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _texts(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _placeholders(text: str) -> set[str]:
    braces = {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}
    return braces | set(re.findall(r"%\(\w+\)[sr]|%s", text))


@pytest.fixture(scope="module")
def template() -> Catalog:
    return collected()


@pytest.fixture(scope="module", params=LANGUAGES)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return read_catalogue(FOLDER / f"{request.param}.po", request.param)


def test_every_text_has_its_translation(template: Catalog, catalog: Catalog) -> None:
    """`make texts` collects new ones and says which are empty."""
    missing = []
    for message in _messages(template):
        own = catalog.get(_texts(message.id)[0])
        if own is None or own.fuzzy or not all(_texts(own.string)) or type(own.id) is not type(message.id):
            missing.append(message.id)
    assert missing == []


def test_no_translation_is_of_a_text_that_is_gone(template: Catalog, catalog: Catalog) -> None:
    assert [message.id for message in _messages(catalog) if template.get(_texts(message.id)[0]) is None] == []
    assert not catalog.obsolete


def test_placeholders_are_the_same(catalog: Catalog) -> None:
    faults = [
        (english, text)
        for message in _messages(catalog)
        for english, text in zip(_texts(message.id), _texts(message.string), strict=True)
        if _placeholders(text) != _placeholders(english)
    ]
    assert faults == []


def test_code_words_stay_as_they_are(catalog: Catalog) -> None:
    faults = [
        (word, text)
        for message in _messages(catalog)
        for text in _texts(message.string)
        for word in CODE_WORDS
        if word in _texts(message.id)[0] and word not in text
    ]
    assert faults == []


def test_the_course_does_not_say_these_words(catalog: Catalog) -> None:
    faults = [
        (word, text)
        for message in _messages(catalog)
        for text in _texts(message.string)
        for word in FORBIDDEN
        if re.search(word, text, re.IGNORECASE)
    ]
    assert faults == []


def test_whitespace_and_ellipses_at_the_ends_are_kept(catalog: Catalog) -> None:
    """A text that opens something ends in “…” in every language."""

    def ends(text: str) -> tuple[bool, bool, bool]:
        return text.startswith(" "), text.endswith((" ", "\n")), text.endswith("…")

    faults = [
        (message.id, text)
        for message in _messages(catalog)
        for text in _texts(message.string)
        if ends(text) != ends(_texts(message.id)[-1])
    ]
    assert faults == []


def test_no_menu_has_one_key_twice(catalog: Catalog) -> None:
    """The letters behind & in the menu bar, in each language."""
    for texts in (lambda english: english, lambda english: catalog.get(english).string):
        bar = [texts(english) for english in ("&File", "&Edit", "&Run", "&View", "&Help")]
        letters = [text[text.index("&") + 1].lower() for text in bar]
        assert len(set(letters)) == len(letters), letters


def test_the_program_speaks_spanish() -> None:
    assert _("Run") == "Run"
    use_language("es")
    assert _("Run") == "Ejecutar"
    assert ngettext("{count} minute", "{count} minutes", 1).format(count=1) == "1 minuto"
    assert ngettext("{count} minute", "{count} minutes", 5).format(count=5) == "5 minutos"


def test_texts_are_written_out_where_they_are_translated() -> None:
    """`_(f"…")` or `_(name)` cannot be collected."""
    faults = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "tutor").rglob("*.py"))
        for call in _calls(path)
        for argument in call.args[: 1 if call.func.id == "_" else 2]  # type: ignore[attr-defined]
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str))
    ]
    assert faults == []


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "ngettext")
        ):
            yield node
