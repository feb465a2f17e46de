"""Two words instead of a name."""

from __future__ import annotations

import uuid

import pytest

from handrail.facts import labels


def every_label() -> set[str]:
    return {labels.label(uuid.UUID(int=number)) for number in range(4096)}


@pytest.mark.parametrize("language", ["en", "es"])
def test_there_are_4096_labels_of_two_words(language, settings):
    settings.LANGUAGE_CODE = language
    assert len(every_label()) == 4096
    assert all(len(words.split()) == 2 for words in every_label())


def test_the_words_are_of_the_installation_and_not_of_who_reads(settings):
    person = uuid.UUID(int=5)
    settings.LANGUAGE_CODE = "en"
    assert labels.label(person) == f"{labels.FIRST[5]} {labels.SECOND[0]}"
    settings.LANGUAGE_CODE = "es"
    assert labels.label(person) == f"{labels.SPANISH_NAMES[0]} {labels.SPANISH_QUALITIES[5]}"
