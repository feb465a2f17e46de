"""Values with a status: what a programme may set, where our own start value comes from, and whether anybody approved it.

A room declares its values in `values.py` as module-level `Value` objects; the settings page lists them all. Reading a
clinical or legal value that nobody of the programme approved gives the declared safe value and says so
(`domain/people.md` 9). Every use can keep the reading's `version`, so that a later change rewrites nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SafetyClass, Setting, Site, SourceStatus
from handrail.facts.queries import today
from handrail.facts.spec import Text
from handrail.kernel.rooms import rooms

T = TypeVar("T")
START = "start"
"""Version of a reading that comes from the declaration."""
OURS = "Handrail, to be confirmed by your programme"
"""The source of a start value that stands in no guideline and no law."""
NEEDS_APPROVAL = frozenset({SafetyClass.CLINICAL, SafetyClass.LEGAL})


@dataclass(frozen=True)
class Reading(Generic[T]):
    """A value as it holds on a day. `version` is `start` or the id of the row that set it."""

    value: T
    version: str
    is_approved: bool
    source: str
    source_status: str


@dataclass(frozen=True)
class Value(Generic[T]):
    """A declared value. `start` is what holds until a programme sets its own; it must be the safe choice."""

    key: str
    title: Text
    start: T
    unit: Text
    source: str
    source_status: SourceStatus
    safety: SafetyClass
    check: Callable[[Any], T]
    """Turns what was typed or stored into the value; raises ValueError with a sentence."""
    explain: Text = ""
    per_site: bool = False
    words: Mapping[str, Text] = field(default_factory=dict)
    """What a page shows for codes inside the value."""

    def read(self, *, site: Site | None = None, on: date | None = None) -> Reading[T]:
        """What holds on a day (today at the site unless said otherwise), the site's own row before the organisation's."""
        day = on or (site.today if site else today())
        where = Q(site=None) | Q(site=site) if site is not None and self.per_site else Q(site=None)
        rows = Setting.objects.filter(where, Q(valid_to=None) | Q(valid_to__gt=day), name=self.key, valid_from__lte=day)
        for row in sorted(rows, key=lambda r: (r.site_id is not None, r.valid_from, r.key), reverse=True):
            approved = row.approved_at is not None
            if approved or self.safety not in NEEDS_APPROVAL:
                return Reading(self.check(row.value), str(row.id), approved, row.source, row.source_status)
        return self.at_start()

    def at_start(self) -> Reading[T]:
        """What holds until a programme sets its own."""
        return Reading(self.start, START, self.source_status == SourceStatus.VERIFIED, self.source, self.source_status.value)


def declared() -> dict[str, Value[Any]]:
    """Every declared value of every room, by key."""
    found: dict[str, Value[Any]] = {}
    for room in rooms():
        name = f"{room.package}.values"
        if importlib.util.find_spec(name) is not None:
            for value in vars(importlib.import_module(name)).values():
                if isinstance(value, Value):
                    if found.get(value.key, value) is not value:
                        raise RuntimeError(f"Two values are called “{value.key}”.")
                    found[value.key] = value
    return dict(sorted(found.items()))


def whole(least: int, most: int) -> Callable[[Any], int]:
    """A check: a whole number between two limits, both allowed."""

    def check(raw: Any) -> int:
        number = int(raw)
        if not least <= number <= most:
            raise ValueError(f"{least} – {most}")
        return number

    return check


def yes_no(raw: Any) -> bool:
    """A check: yes or no."""
    if raw in (True, "true", "yes", "1", 1):
        return True
    if raw in (False, "false", "no", "0", "", 0):
        return False
    raise ValueError(_("yes / no"))


@dataclass(frozen=True)
class OneOf:
    """A check: one of these codes. A page shows their words, never the code."""

    words: Mapping[str, Text]

    def __call__(self, raw: Any) -> str:
        """The code, if it is one of them."""
        if raw not in self.words:
            raise ValueError(" / ".join(str(words) for words in self.words.values()))
        return str(raw)


# -- values of people and consent ----------------------------------------------------------------------------------------

CONSENT_PROFILE: Value[str] = Value(
    key="consent_profile", title=_("What a consent needs"), start="part2", unit="",
    source="42 CFR Part 2 §2.31, 89 FR 12472", source_status=SourceStatus.PARTLY, safety=SafetyClass.LEGAL,
    check=OneOf({
        "part2": _("all nine elements, a signature and the American notices"), "written": _("all nine elements and a signature"),
        "verbal": _("spoken consent counts too, with a witness"),
    }),
    explain=_("The first is the law of the United States (42 CFR Part 2). A witness stands in place of the signature."),
)


# -- values of this room -------------------------------------------------------------------------------------------------

SECOND_FACTOR: Value[str] = Value(
    key="second_factor", title=_("Second factor at sign-in"), start="offered", unit="",
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL,
    check=OneOf({"offered": _("nobody has to"), "sensitive": _("whoever may do something sensitive"), "everybody": _("everybody")}),
    explain=_("Who must sign in with a passkey or a code. Whoever has none yet sets it up at the next click."),
)
STEP_UP_MINUTES: Value[int] = Value(
    key="step_up_minutes", title=_("Prove again who you are"), start=10, unit=_("minutes"),
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL, check=whole(1, 60),
    explain=_("How long a sign-in is fresh enough for what is sensitive, such as merging people or changing accounts."),
)
DEVICE_RECORDS_A_DAY: Value[int] = Value(
    key="device_records_a_day", title=_("Records that one device may send in a day"), start=10_000, unit=_("records"),
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL,
    check=whole(1, 1_000_000), explain=_("A stolen token can send only so much junk. What a device has left it keeps and sends the next day."),
)


# -- values about people -----------------------------------------------------------------------------------------------

TOLERANT_REVIEW: Value[bool] = Value(
    key="tolerant_review", title=_("Look for people who may have two self-made codes"), start=False, unit="",
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=yes_no,
    explain=_(
        "Keeps six more tokens of each self-made code, so that one wrong answer leads to a proposal for a reviewer. It makes"
        " guessing cheaper for whoever seizes both the database and the key. Switched off, the tokens are thrown away."
    ),
)
FLAG_MONTHS: Value[int] = Value(
    key="flag_months", title=_("Months after which an answer about living or drug use counts as not known"), start=12,
    unit=_("months"), source=OURS, source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL,
    check=whole(1, 120),
)
HANDLE_SEARCHES: Value[int] = Value(
    key="handle_searches", title=_("Searches by handle that one worker may make in ten minutes"), start=20,
    unit=_("searches"), source=OURS, source_status=SourceStatus.UNVERIFIED,
    safety=SafetyClass.PRIVACY, check=whole(1, 200),
)


# -- values of emergency access (security.md 4.5) ---------------------------------------------------------------------------

GLASS_MINUTES: Value[int] = Value(
    key="glass_minutes", title=_("How long emergency access lasts"), start=30, unit=_("minutes"), source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=whole(5, 30),
    explain=_("For one worker and one person. Half an hour at the most."),
)
GLASS_REVIEW_HOURS: Value[int] = Value(
    key="glass_review_hours", title=_("Within how many hours somebody looks at an emergency access"), start=72, unit=_("hours"), source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=whole(1, 72),
    explain=_("If nobody did, the account is suspended until an administrator lifts that. Three days at the most."),
)
GLASS_A_DAY: Value[int] = Value(
    key="glass_a_day", title=_("How often one worker may use emergency access within 24 hours"), start=3, unit=_("times"), source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=whole(1, 20),
    explain=_("A night with more emergencies than that needs a second colleague anyway."),
)

# -- what is kept, and how long (`domain/people.md` 12) ------------------------------------------------------------------

ANONYMOUS_MONTHS: Value[int] = Value(
    key="anonymous_contact_months", title=_("Months after which contacts without a code lose worker, device and time of day"), start=24,
    unit=_("months"), source=OURS, source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.PRIVACY, check=whole(1, 120),
    explain=_("The record stays, with its day, its place and what was given, so every number stays."),
)
CODE_IDLE_MONTHS: Value[int] = Value(
    key="code_idle_months", title=_("Months without a contact after which codes and handle of a person are forgotten"), start=60,
    unit=_("months"), source=OURS, source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.PRIVACY, check=whole(1, 120),
    explain=_("Until you set it, it is 60 months, and 12 in high-risk mode. What the person had stays as anonymous history; who comes back counts as new."),
)
RECEIPT_DAYS: Value[int] = Value(
    key="receipt_days", title=_("Days after which the code of a receipt is forgotten"), start=31,
    unit=_("days"), source=OURS, source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.PRIVACY, check=whole(31, 365),
    explain=_("A receipt is good for 30 days after the visit."),
)
SIGN_IN_DAYS: Value[int] = Value(
    key="sign_in_days", title=_("Days after which ended sign-ins and unused set-up codes are forgotten"), start=1,
    unit=_("days"), source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL, check=whole(1, 14),
)
