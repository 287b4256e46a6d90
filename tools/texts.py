"""Collects the program's texts into resources/translations: new ones come in empty, gone ones leave.

`make texts`. Every text stands as `_("…")` or `ngettext("…", "…", n)` in the code.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "translations"
LANGUAGES = ("es",)
HEAD = """\
# The program's texts in another language; `make texts` collects new ones.
msgid ""
msgstr ""
"Project-Id-Version: Autograd Tutor\\n"
"Language: {code}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""
KEYWORDS = {"_": None, "ngettext": (1, 2)}


def main() -> None:
    template = collected()
    for code in LANGUAGES:
        path = FOLDER / f"{code}.po"
        catalog = updated(read_catalogue(path, code), template)
        write_catalogue(path, catalog)
        missing = [message for message in catalog if message.id and not all(_texts(message.string))]
        print(f"{path.name}: {len(catalog)} texts, {len(missing)} to be translated")
        for message in missing:
            print(f"  {message.locations[0][0] if message.locations else '?'}: {message.id!r}")


def collected() -> Catalog:
    """All texts in the code, each with the files that it stands in."""
    template = Catalog(project="Autograd Tutor", charset="utf-8")
    found = extract_from_dir(
        ROOT / "tutor", method_map=[("**.py", "python")], keywords=KEYWORDS, comment_tags=("Translators:",)
    )
    for name, _line, text, comments, context in found:
        template.add(
            text,
            locations=[(f"tutor/{Path(name).as_posix()}", None)],
            auto_comments=comments,
            context=context,
        )
    return template


def read_catalogue(path: Path, code: str) -> Catalog:
    if not path.is_file():
        return Catalog(locale=code, project="Autograd Tutor", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=code)


def updated(catalog: Catalog, template: Catalog) -> Catalog:
    """The translations of the texts that there are; what is gone is gone."""
    fresh = Catalog(locale=catalog.locale, project="Autograd Tutor", charset="utf-8", fuzzy=False)
    for message in template:
        if message.id:
            old = catalog.get(message.id if isinstance(message.id, str) else message.id[0])
            same = old is not None and isinstance(old.id, str) == isinstance(message.id, str)
            string = old.string if same and old.string else _nothing(message.id)
            fresh.add(message.id, string, locations=message.locations, auto_comments=message.auto_comments)
    return fresh


def write_catalogue(path: Path, catalog: Catalog) -> None:
    """With a header of its own: dates would make two runs differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(HEAD.format(code=catalog.locale, plurals=catalog.plural_forms).encode())
        write_po(file, catalog, width=110, sort_by_file=True, include_lineno=False, omit_header=True)


def _nothing(text: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return "" if isinstance(text, str) else ("", "")


def _texts(string: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


if __name__ == "__main__":
    main()
