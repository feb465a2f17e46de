"""Values of the naloxone room that a programme may set: each with its source and how sure we are of it."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SafetyClass, SourceStatus
from handrail.facts.values import OURS, Value, whole, yes_no

LABEL_LETTERS = 160
_TELLING = re.compile(
    r"\b(nalox\w*|narcan|nyxoid|overdos\w*|sobredosis|opi[oa]\w*|heroin\w*|drugs?|drogas?|syringes?|jeringas?|needle exchange|methadone?|metadona"
    r"|harm.reduction|reducci[oó]n de daños)\b", re.IGNORECASE,
)
"""Words that would tell whoever sees a parcel what is in it or whose it is."""


def plain_label(raw: Any) -> str:
    """A check: a few lines for a label, with no word of drugs or of what the programme does."""
    text = " ".join(str(raw).split())
    if "\0" in str(raw) or len(text) > LABEL_LETTERS or _TELLING.search(text):
        raise ValueError(_t("at most %d letters, with no word that says what is inside or what you do") % LABEL_LETTERS)
    return text


SHORT_DATED_DAYS: Value[int] = Value(
    key="naloxone_short_dated_days", title=_("A kit is short-dated if it expires within"), start=90, unit=_("days"), source=OURS,
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(1, 730),
    explain=_("Short-dated kits may be handed out; the page shows the date, so that they are swapped in time."),
)
MAX_LINE_QUANTITY: Value[int] = Value(
    key="naloxone_max_line_quantity", title=_("More kits than this in one line ask for a second tap"), start=200, unit=_("kits"), source=OURS,
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(1, 10_000),
    explain=_("It guards against a slip of the finger. It is not a limit: after the second tap the number is stored."),
)
EXPIRED_WITH_NOTICE: Value[bool] = Value(
    key="naloxone_expired_with_notice", title=_("Expired naloxone may be handed out if the person is told"), start=False, unit="",
    source="Colorado CDPHE, questions and answers about naloxone, which cites Pruyn 2019: expired is better than none", source_status=SourceStatus.PARTLY,
    safety=SafetyClass.CLINICAL, check=yes_no, per_site=True,
    explain=_("Only where there is nothing else. Nobody is ever told to throw a kit away before another one is in their hands."),
)
CONSENT_OF_PERSON_AT_RISK: Value[bool] = Value(
    key="naloxone_risk_person_consent", title=_("Family and friends get a kit only if the person at risk agreed, and that is written down"), start=False, unit="",
    source="Scotland’s national programme hands kits to family and friends with recorded consent", source_status=SourceStatus.VERIFIED,
    safety=SafetyClass.LEGAL, check=yes_no, per_site=True,
)
MAIL_FIRST_CONTACT_HOURS: Value[int] = Value(
    key="mail_first_contact_hours", title=_("Somebody who orders by mail hears from us within"), start=48, unit=_("hours"),
    source="NEXT Distro, practice of its mail service", source_status=SourceStatus.VERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(1, 720),
    explain=_("An order that nobody answered for longer is marked in the list."),
)
MAIL_ADDRESS_DAYS: Value[int] = Value(
    key="mail_address_retention_days", title=_("Days the address of an order stays after the parcel arrived, came back or was cancelled"), start=30,
    unit=_("days"), source=OURS, source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.PRIVACY, check=whole(0, 60),
    explain=_("Then its key is destroyed. An order that nobody ends loses its address 120 days after it was written down."),
)
MAIL_RETURN_ADDRESS: Value[str] = Value(
    key="mail_return_address", title=_("Return address on parcels"), start="", unit="", source=OURS, source_status=SourceStatus.LOCAL_POLICY,
    safety=SafetyClass.PRIVACY, check=plain_label, per_site=True,
    explain=_("Lines with a slash between them, such as: P.O. Box 7 / 00100 Nairobi. Choose words that tell a neighbour nothing."),
)
ASK_OVER_DOSES: Value[int] = Value(
    key="naloxone_ask_over_doses", title=_("A report with more doses than this asks for a second tap"), start=20, unit=_("doses"), source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL, check=whole(1, 200),
)
ASK_AFTER_YEARS: Value[int] = Value(
    key="naloxone_ask_after_years", title=_("A report of an overdose longer ago than this asks for a second tap"), start=5, unit=_("years"), source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL, check=whole(1, 50),
)
AVAILABLE_TARGET: Value[int] = Value(
    key="naloxone_available_target", title=_("Naloxone should be there at so many of the overdoses that somebody saw"), start=80, unit="%",
    source="Irvine 2022, Lancet Public Health", source_status=SourceStatus.VERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(1, 100),
)
PICK_UP: Value[bool] = Value(
    key="naloxone_pick_up", title=_("Whoever tells of an overdose without signing in may ask for a new kit here"), start=False, unit="", source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=yes_no, per_site=True,
    explain=_("Everybody can then read the name of this place. Where that is a danger, leave it off."),
)
REQUEST_DAYS: Value[int] = Value(
    key="naloxone_request_days", title=_("Days after which a request for a kit that is done or cancelled is forgotten"), start=30, unit=_("days"), source=OURS,
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.PRIVACY, check=whole(1, 365),
)
