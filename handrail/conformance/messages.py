"""`make messages`: finds every sentence of the product, brings the translations along, and compiles them.

`python -m handrail.conformance.messages [LANGUAGE …]` updates `handrail/locale/<language>/LC_MESSAGES/django.po` of the
named languages (of those that exist, if none is named; a new one is started) and writes the `.mo` beside it.
`--check` changes nothing and fails when a sentence of a complete language is missing, stale, or holds other placeholders
than the English one. A language that is still being translated shows what is missing in ‹angle quotes›: visible,
never blank (`domain/people.md` 11). No program besides Python is needed.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import django
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "handrail" / "locale"
COMPLETE = ("es",)
"""Languages that must have every sentence: a missing one fails."""
BEGUN = ("sw", "uk", "ru", "ky", "mk", "pt_BR")
"""Languages of the eight countries of MISSION.md that can be begun with `make messages LANGUAGE=…`."""
KEYWORDS: dict[str, Any] = {
    "_": None, "_t": None, "_l": None, "_now": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
}
_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands in the head of each `.mo`, so that the same sentences give the same bytes at any time."""
_PLACEHOLDER = re.compile(r"%\(\w+\)[-+0-9.]*[sdf]|%[sdf%]|\{\w*\}")


@dataclass(frozen=True)
class Sentence:
    """One sentence of the product: where it stands, its plural and its context."""

    file: str
    line: int
    text: str
    plural: str | None = None
    context: str | None = None


@cache
def sentences() -> tuple[Sentence, ...]:
    """Every sentence in Python and templates, in the order of files."""
    return (*_from_python(), *_from_templates())


def _from_python() -> Iterator[Sentence]:
    for path in sorted((ROOT / "handrail").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if "/tests/" in name or "/migrations/" in name or "/conformance/" in name:
            continue
        for line, found, _comments, context in extract("python", io.BytesIO(path.read_bytes()), KEYWORDS):
            text, plural = found if isinstance(found, tuple) else (found, None)
            if text:
                yield Sentence(name, line, text, plural, context)


def _from_templates() -> Iterator[Sentence]:
    from django.template import Engine  # noqa: PLC0415  Django must be set up first
    from django.templatetags.i18n import BlockTranslateNode, TranslateNode  # noqa: PLC0415

    engine = Engine.get_default()
    for path in sorted((ROOT / "handrail").rglob("templates/**/*.html")):
        name = str(path.relative_to(ROOT))
        nodes = engine.from_string(path.read_text()).nodelist
        for node in nodes.get_nodes_by_type(TranslateNode):
            text = str(getattr(node.filter_expression.var, "literal", "")).replace("%", "%%")
            context = node.message_context.var if node.message_context else None
            yield Sentence(name, node.token.lineno, text, None, str(context) if context else None)
        for node in nodes.get_nodes_by_type(BlockTranslateNode):
            single, _names = node.render_token_list(node.singular)
            many = node.render_token_list(node.plural)[0] if node.plural else None
            yield Sentence(name, node.token.lineno, single, many)


def catalogue(language: str) -> Catalog:
    """The English sentences as an empty catalogue of a language; places without line numbers, so that diffs stay small."""
    made = Catalog(
        locale=Locale.parse(language), project="Handrail", charset="utf-8", fuzzy=False, creation_date=_ANY_DAY, revision_date=_ANY_DAY
    )
    for found in sentences():
        key: str | tuple[str, str] = found.text if found.plural is None else (found.text, found.plural)
        flags = ["python-format"] if "%" in found.text else []
        made.add(key, locations=[(found.file, 0)], flags=flags, context=found.context)
    return made


def read(language: str) -> Catalog:
    """The translations as they stand; an empty catalogue for a language nobody has begun."""
    path = _po(language)
    if not path.exists():
        return Catalog(locale=Locale.parse(language))
    with path.open("rb") as handle:
        return read_po(handle, locale=language)


def merged(language: str) -> Catalog:
    """Today's sentences with the translations that exist; what no longer stands in the product is dropped, nothing is guessed."""
    wanted, had = catalogue(language), read(language)
    for message in wanted:
        before = had.get(message.id, message.context) if message.id else None
        if before is not None and before.string and not before.fuzzy:
            message.string = before.string
    return wanted


def missing(language: str, catalog: Catalog | None = None) -> list[str]:
    """Sentences of the product that a language lacks."""
    return [_text(m) for m in (merged(language) if catalog is None else catalog) if m.id and not _is_translated(m)]


def damaged(language: str, catalog: Catalog | None = None) -> list[str]:
    """Translations whose placeholders are not those of the English sentence: they would fail or show nonsense."""
    found = []
    for message in merged(language) if catalog is None else catalog:
        if message.id and _is_translated(message):
            sources = message.id if isinstance(message.id, tuple) else (message.id,)
            wanted = {frozenset(_PLACEHOLDER.findall(source)) for source in sources}
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            found += [_text(message) for text in strings if frozenset(_PLACEHOLDER.findall(text)) not in wanted]
    return found


def compiled(catalog: Catalog) -> bytes:
    """The `.mo` of a catalogue, what is missing marked in angle quotes instead of left out: the catalogue is changed by it."""
    for message in catalog:
        if message.id and not _is_translated(message):
            forms = catalog.num_plurals
            if isinstance(message.id, tuple):
                message.string = tuple(f"‹{message.id[min(form, 1)]}›" for form in range(forms))
            else:
                message.string = f"‹{message.id}›"
    target = io.BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def written(catalog: Catalog) -> bytes:
    """The `.po` of a catalogue, the same bytes for the same sentences."""
    target = io.BytesIO()
    write_po(target, catalog, width=120, sort_output=True, omit_header=True, include_lineno=False, ignore_obsolete=True)
    plural = f'"Plural-Forms: {catalog.plural_forms}\\n"\n'
    head = f'msgid ""\nmsgstr ""\n"Language: {catalog.locale_identifier}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n{plural}\n'
    return head.encode() + target.getvalue()


def update(language: str) -> int:
    """Bring a language's files along; returns how many sentences it lacks."""
    catalog = merged(language)
    lacking = sum(1 for m in catalog if m.id and not _is_translated(m))
    path = _po(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(catalog))
    path.with_suffix(".mo").write_bytes(compiled(catalog))
    return lacking


def problems() -> list[str]:
    """What keeps the translations from being complete and current, as sentences; empty is good."""
    found: list[str] = []
    for language in _languages():
        catalog = merged(language)
        if language in COMPLETE:
            found += [f"{language} lacks: {text}" for text in missing(language, catalog)]
        found += [f"{language} has other placeholders than the English: {text}" for text in damaged(language, catalog)]
        path = _po(language)
        if path.read_bytes() != written(catalog):
            found.append(f"The .po of {language} is not what `make messages` would write.")
        if path.with_suffix(".mo").read_bytes() != compiled(catalog):
            found.append(f"The .mo of {language} is stale: run make messages.")
    return found


def _languages() -> list[str]:
    return sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/django.po"))


def _po(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "django.po"


def _text(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else str(message.id)


def _is_translated(message: Message) -> bool:
    strings: Sequence[str] = message.string if isinstance(message.string, tuple) else (message.string or "",)
    return bool(strings) and all(strings)


def main() -> None:
    """The command behind `make messages`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE")
    parser.add_argument("--check", action="store_true")
    parsed = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handrail.settings")
    django.setup()
    if parsed.check:
        found = problems()
        print("\n".join(found[:60]))
        sys.exit(1 if found else 0)
    for language in parsed.languages or _languages() or list(COMPLETE):
        print(f"{language}: {update(language)} sentences to translate")


if __name__ == "__main__":
    main()
