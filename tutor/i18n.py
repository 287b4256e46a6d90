"""The program's own texts in the reader's language: English in the source, other languages from gettext catalogues.

`_` and `ngettext` translate at the moment of the call, so that a change of language shows at once.
"""

from __future__ import annotations

import io
import locale
import os
from functools import cache
from gettext import GNUTranslations, NullTranslations

from tutor.shipped import resource

LANGUAGES = {"es": "Español", "en": "English"}

_current: NullTranslations = NullTranslations()
_language = "en"


def _(text: str) -> str:
    """The text in the current language."""
    return _current.gettext(text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form of the text that fits `count`; the caller formats the number in."""
    return _current.ngettext(singular, plural, count)


def language() -> str:
    """The current language's code: a key of LANGUAGES."""
    return _language


def use_language(code: str) -> None:
    """Switches what `_` answers from now on. Raises KeyError for a language that does not exist."""
    global _current, _language
    LANGUAGES[code]
    _current = _catalogue(code)
    _language = code


def system_language() -> str:
    """The first language of the system's settings that the program speaks; Spanish when it speaks none of them."""
    wanted = os.environ.get("LANGUAGE", "").split(":") + [
        os.environ.get(v, "") for v in ("LC_ALL", "LC_MESSAGES", "LANG")
    ]
    wanted.append(locale.getlocale()[0] or "")
    codes = (code[:2].lower() for code in wanted if code)
    return next((code for code in codes if code in LANGUAGES), "es")


@cache
def _catalogue(code: str) -> NullTranslations:
    path = resource("translations") / f"{code}.po"
    if not path.is_file():
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as text:
        write_mo(compiled, read_po(text, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)
