"""Values of the numbers that a programme may set: how equipment is counted, and who counts as injecting."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SafetyClass, SourceStatus
from handrail.facts.values import OURS, OneOf, Value, whole, yes_no

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

PUBLIC_PAGE: Value[bool] = Value(
    key="public_page", title=_("Show released numbers to everybody"), start=False, unit="",
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=yes_no,
    explain=_(
        "Switches on a page that anybody can open without signing in. It shows what was released for everybody, and nothing else:"
        " a report that is not released, or is released for a partner, never stands on it."
    ),
)
