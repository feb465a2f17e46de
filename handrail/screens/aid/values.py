"""Values of the pages of first aid that a programme may set: each with its source and how sure we are of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SafetyClass, SourceStatus
from handrail.facts.values import OURS, Value, whole

_LONGEST = 400
_LANGUAGE_MARK = re.compile(r"\[([a-z]{2,3}(?:-[A-Za-z]+)?)\]")


def plain_text(raw: Any) -> str:
    """A check: a few sentences, or nothing."""
    text = str(raw).strip()
    if len(text) > _LONGEST or any(ord(letter) < 32 for letter in text):
        raise ValueError(_t("a text of at most 400 letters, such as “[en] … [es] …”, or nothing"))
    return text


def telephone(raw: Any) -> str:
    """A check: a number that a telephone calls, or nothing."""
    text = str(raw).strip()
    if text and not re.fullmatch(r"\+?[0-9][0-9 ]{1,18}", text):
        raise ValueError(_t("a number to call, such as 112, or nothing"))
    return text


def harmless_address(raw: Any) -> str:
    """A check: an https address of another site without anything that could tell where somebody comes from, or nothing."""
    text = str(raw).strip()
    parts = urlsplit(text)
    wrong = parts.scheme != "https" or not parts.hostname or "." not in parts.hostname or parts.username or parts.query or parts.fragment
    if text and (wrong or len(text) > 200 or re.search(r"[\s\"'<>\\]", text)):
        raise ValueError(_t("an address such as https://www.example.org/, or nothing"))
    return text


NASAL_MINUTES: Value[int] = Value(
    key="naloxone_wait_nasal", title=_("Wait after a dose of naloxone as nasal spray"), start=3, unit=_("minutes"),
    source="drugs.com and Mayo Clinic: a dose every 2 to 3 minutes, the other nostril each time; one Canadian leaflet says 5",
    source_status=SourceStatus.VERIFIED, safety=SafetyClass.CLINICAL, check=whole(2, 5),
    explain=_("Said in the training, on the emergency page and on the leaflet. The page only reminds; it never computes a dose."),
)
INJECTED_MINUTES: Value[int] = Value(
    key="naloxone_wait_injected", title=_("Wait after a dose of naloxone into the muscle"), start=3, unit=_("minutes"),
    source="Usual for 0.4 mg into the muscle: every 2 to 3 minutes; not read by Handrail, ask your clinic",
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.CLINICAL, check=whole(2, 5),
)
ATOMISER_MINUTES: Value[int] = Value(
    key="naloxone_wait_atomiser", title=_("Wait after a dose of naloxone from a syringe with an atomiser"), start=3, unit=_("minutes"),
    source="As for the nasal spray; not read by Handrail for this device, ask your clinic",
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.CLINICAL, check=whole(2, 5),
)
BREATH_SECONDS: Value[int] = Value(
    key="rescue_breath_seconds", title=_("One rescue breath every"), start=5, unit=_("seconds"),
    source="Common practice: one breath every 5 to 6 seconds; not read by Handrail, ask your clinic",
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.CLINICAL, check=whole(3, 8),
)
STAY_HOURS: Value[int] = Value(
    key="stay_after_naloxone_hours", title=_("Stay with somebody who had naloxone for"), start=3, unit=_("hours"),
    source="Usual in trainings: 2 to 3 hours; not read by Handrail, ask your clinic",
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.CLINICAL, check=whole(2, 24),
)
EMERGENCY_NUMBER: Value[str] = Value(
    key="emergency_number", title=_("The number to call in an emergency"), start="", unit="",
    source="Different in each country; Handrail knows of none", source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.CLINICAL,
    check=telephone, explain=_("One tap calls it from the emergency page. Until it is set and approved the pages say “the emergency number”."),
)
LEGAL_SENTENCE: Value[str] = Value(
    key="overdose_law", title=_("What the law of the place says about those who call for help"), start="", unit="",
    source="The law of the place; Handrail knows of none", source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.LEGAL, check=plain_text,
    explain=_(
        "One or two plain sentences, with the law as their source. Write [en] or [es] before each language. Nothing is said where nothing is set."
    ),
)
LEAVE_TARGET: Value[str] = Value(
    key="leave_target", title=_("Where the quick exit leads"), start="", unit="",
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=harmless_address,
    explain=_("A page that nobody wonders about, such as a weather or search page that people use here. Where nothing is set it is a plain calendar of ours."),
)


def in_language(text: str, language: str) -> tuple[str, str]:
    """The part of a text that is meant for a language, and the language it is in; empty when that is not said."""
    parts = _LANGUAGE_MARK.split(text)
    spoken = {code: words.strip() for code, words in zip(parts[1::2], parts[2::2], strict=True) if words.strip()}
    if not spoken:
        return text.strip(), ""
    code = language if language in spoken else next(iter(spoken))
    return spoken[code], code
