"""Every sentence of the product can be translated, and the complete languages have every one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.template import Engine
from django.template.base import TextNode
from django.test import override_settings
from django.utils import translation
from django.utils.translation import gettext, trans_real

from handrail.conformance import messages

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "handrail").rglob("templates/**/*.html"))
_TAG = re.compile(r"<[^>]*>|&\w+;|\bdata-[\w-]+=", re.DOTALL)
_SPOKEN = re.compile(r"\b(?:aria-label|alt|title|placeholder)=\"([^\"]+)\"")
_CLASSES = re.compile(r"{% block main_class %}.*?{% endblock %}")
_WORD = re.compile(r"[^\W\d_]{2,}")
NAMES = {"Handrail", "UTC", "AAA", "SHA"}
"""Words that are the same in every language."""


def test_the_complete_languages_have_every_sentence_and_the_files_are_current():
    assert messages.problems() == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_no_template_holds_a_word_that_cannot_be_translated(path):
    nodes = Engine.get_default().from_string(_CLASSES.sub("", path.read_text())).nodelist
    text = "\x00".join(node.s for node in nodes.get_nodes_by_type(TextNode))
    spoken = _TAG.sub(" ", text.replace("\x00", "")) + " ".join(_SPOKEN.findall(text))
    assert set(_WORD.findall(spoken)) - NAMES == set()


def test_every_refusal_is_a_sentence_that_can_be_translated():
    plain = []
    for path in sorted((ROOT / "handrail").rglob("*.py")):
        if "/tests/" in str(path) or "/conformance/" in str(path):
            continue
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if re.search(r"\b(Refusal|AlreadySaved)\(", text) else ():
            name = getattr(getattr(node, "func", None), "id", "") if isinstance(node, ast.Call) else ""
            if name in {"Refusal", "AlreadySaved"}:
                wrapped = {id(inner) for call in ast.walk(node) if isinstance(call, ast.Call) and call is not node for inner in ast.walk(call)}
                plain += [
                    f"{path.name}:{node.lineno}: {inner.value}" for inner in ast.walk(node)
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and " " in inner.value and id(inner) not in wrapped
                ]
    assert plain == []


def test_a_missing_and_a_damaged_sentence_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "FOLDER", tmp_path)
    messages.update("es")
    assert len(messages.missing("es")) > 300
    assert any(problem.startswith("es lacks") for problem in messages.problems())
    path = tmp_path / "es" / "LC_MESSAGES" / "django.po"
    path.write_text(path.read_text().replace('%(number)s %%"\nmsgstr ""', '%(number)s %%"\nmsgstr "%(numero)s %%"'))
    assert messages.damaged("es") == ["%(number)s %%"]


@pytest.mark.slow
@pytest.mark.parametrize("language", messages.BEGUN)
def test_six_more_languages_can_be_begun_and_show_what_they_lack(language, tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "FOLDER", tmp_path)
    assert messages.update(language) == len(messages.missing(language)) > 300
    assert messages.update(language) == len(messages.missing(language))
    code = translation.to_language(language)
    with override_settings(LOCALE_PATHS=[tmp_path], LANGUAGES=[("en", "English"), (code, code)]):
        trans_real._translations.clear()
        try:
            with translation.override(code):
                assert gettext("Sign in first.") == "‹Sign in first.›"
        finally:
            trans_real._translations.clear()


def test_every_name_under_which_a_sentence_is_translated_is_looked_for():
    """A sentence in `_l(...)` that nobody finds is English in every language."""
    imported = re.compile(r"^from django\.utils\.translation import n?p?gettext(?:_lazy)? as (\w+)$", re.MULTILINE)
    used = {name for path in (ROOT / "handrail").rglob("*.py") if "/tests/" not in str(path) for name in imported.findall(path.read_text())}
    assert used >= {"_", "_l"}
    assert used <= set(messages.KEYWORDS)
