"""Values of the numbers that a programme may set: how equipment is counted, and who counts as injecting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SafetyClass, SourceStatus
from handrail.facts.spec import Text
from handrail.facts.values import OURS, OneOf, Value, whole, yes_no
from handrail.insight.report_spec import REPORTS


@dataclass(frozen=True)
class Codes:
    """A check: one or several codes, typed with commas between them; of these words, where there are any."""

    words: Mapping[str, Text] = field(default_factory=dict)

    def __call__(self, raw: Any) -> list[str]:
        """The codes, each once, in the order they were given."""
        typed = raw.split(",") if isinstance(raw, str) else raw
        found = list(dict.fromkeys(one.strip() for one in typed if isinstance(one, str) and one.strip())) if isinstance(typed, list | tuple) else []
        if not found or (self.words and not set(found) <= set(self.words)):
            raise ValueError(", ".join(self.words) if self.words else _("codes of the catalogue, with commas between them"))
        return found


NS_CONVENTION = Value(
    key="ns_convention", title=_("How barrels and needles that come apart are counted"), start="barrels", unit="",
    source="UNAIDS Global AIDS Monitoring, indicator 1.9, asks for care in counting them; which way is Handrail’s choice", source_status=SourceStatus.LOCAL_POLICY,
    safety=SafetyClass.OPERATIONAL,
    check=OneOf({"barrels": _("by barrels"), "needles": _("by needles"), "max_of_both": _("by whichever is more")}),
    explain=_(
        "By barrels: a barrel is one, a loose needle none. By needles: the other way round. By whichever is more: of what was"
        " handed out together. A syringe with its needle is always one."
    ),
)

PWID_WINDOW = Value(
    key="pwid_window", title=_("Somebody counts as injecting if their last answer is not older than"), start=12, unit=_("months"),
    source=OURS, source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(1, 12),
    explain=_("The longest answer people can give is “in the last 12 months”, so more than 12 cannot be asked."),
)

FISCAL_YEAR_BEGINS = Value(
    key="fiscal_year_begins", title=_("The financial year begins with month"), start=1, unit="",
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL, check=whole(1, 12),
    explain=_("1 is January: then the financial year is the calendar year. 4 is April, 7 July, 10 October. Reports that speak of a financial year use it."),
)

ACTIVITIES: dict[str, Text] = {
    "needles": _("needles and syringes"), "condoms": _("condoms"), "lubricant": _("lubricant"), "information": _("a talk about health"),
    "HIV_test_offered": _("an HIV test offered, or a way to one"),
}
"""Activities that a package can be made of (`activities.py`)."""

KP_PACKAGE: Value[list[str]] = Value(
    key="kp_package", title=_("What somebody must have had to count as reached with the defined package"), start=["needles", "information"], unit="",
    source="The Global Fund leaves it to the country; Handrail’s start is a guess, ask your principal recipient", source_status=SourceStatus.UNVERIFIED,
    safety=SafetyClass.OPERATIONAL, check=Codes(ACTIVITIES), words=ACTIVITIES,
    explain=_(
        "Each of these at least once in the period. Written with commas: needles, condoms, lubricant, information,"
        " HIV_test_offered. Numbers of a period use what held on its last day."
    ),
)

_WHICH: dict[str, Any] = {"source": OURS, "source_status": SourceStatus.LOCAL_POLICY, "safety": SafetyClass.OPERATIONAL, "check": Codes(), "unit": ""}
_CODES = _("Codes of the catalogue, with commas between them. A kit counts by what is in it.")
EXTERNAL_CONDOMS: Value[list[str]] = Value(key="external_condoms", title=_("Items that are external condoms"), start=["condom"], explain=_CODES, **_WHICH)
INTERNAL_CONDOMS: Value[list[str]] = Value(key="internal_condoms", title=_("Items that are internal condoms"), start=["internal-condom"], explain=_CODES, **_WHICH)
LUBRICANT: Value[list[str]] = Value(key="lubricant", title=_("Items that are lubricant"), start=["lubricant"], explain=_CODES, words={"lubricant": _("lubricant")}, **_WHICH)
HIV_SELF_TESTS: Value[list[str]] = Value(key="hiv_self_tests", title=_("Items that are HIV self-tests"), start=["hiv-self-test"], explain=_CODES, **_WHICH)
GROUPS = (EXTERNAL_CONDOMS, INTERNAL_CONDOMS, LUBRICANT, HIV_SELF_TESTS)
"""Groups of items that numbers count; the key is the column of the warehouse's items."""
PUBLIC_PAGE: Value[bool] = Value(
    key="public_page", title=_("Show released numbers to everybody"), start=False, unit="",
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=yes_no,
    explain=_(
        "Switches on a page that anybody can open without signing in. It shows what was released for everybody, and nothing else:"
        " a report that is not released, or is released for a partner, never stands on it."
    ),
)

PUBLIC_ROUNDING: Value[str] = Value(
    key="public_rounding", title=_("Round the numbers for everybody"), start="none", unit="",
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY,
    check=OneOf({"none": _("not at all"), "5": _("to the nearest 5")}),
    explain=_(
        "Each number that is released for everybody is rounded for itself, so sums may differ; percentages are computed of rounded numbers."
        " What is hidden stays hidden. Releases that were made before stay as they are."
    ),
)

MIN_AREA_POPULATION: Value[int] = Value(
    key="min_area_population", title=_("Areas are told apart for everybody if there live at least"), start=5000, unit=_("people"),
    source="Rules of statistical offices, which lie between 5,000 and 20,000", source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.PRIVACY,
    check=whole(0, 1_000_000),
    explain=_(
        "How many live in an area is the estimate of everybody who lives there; without one it is taken as small. Numbers of small areas are"
        " hidden from everybody, and those of one more where a single one could be worked out. 0 switches it off. Partners under agreement see all areas."
    ),
)


class ReportKeys:
    """A check: keys of reports that there are, with commas between them."""

    def __call__(self, raw: Any) -> list[str]:
        """The keys, each once, in the order they were given."""
        found = Codes()(raw)
        known = REPORTS.all()
        if not set(found) <= set(known):
            raise ValueError(", ".join(known))
        return found


REPORTS_ASKED: Value[list[str]] = Value(
    key="reports_asked", title=_("Reports that are asked of this programme"), start=["everybody", "global_fund", "unaids", "who"], unit="",
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL, check=ReportKeys(),
    explain=_("Their keys, with commas between them, as they stand in the reference. Only these are due, and only their periods are computed."),
)
