"""What a programme may set about the vault."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SafetyClass, SourceStatus
from handrail.facts.values import OURS, Value, whole, yes_no


def _days(key: str, title: object, start: int, most: int, explain: object = "") -> Value[int]:
    return Value(
        key=key, title=title, start=start, unit=_("days"), source=OURS, source_status=SourceStatus.UNVERIFIED,  # type: ignore[arg-type]
        safety=SafetyClass.PRIVACY, check=whole(1, most), explain=explain,  # type: ignore[arg-type]
    )


CONTACT_DAYS = _days(
    "contact_days", _("Days a way to reach somebody stays after it was last used"), 183, 366,
    _("Whoever opens it to reach the person uses it. A year after it was written down it goes in any case."),
)
IDENTITY_DAYS = _days("identity_days", _("Days a name stays in the vault after it was last used"), 183, 366)
MAIL_DAYS = _days("mail_days", _("Days a postal address stays after it was written down"), 30, 60)

KEEP_NAMES: Value[bool] = Value(
    key="keep_names", title=_("Keep names in the vault"), start=False, unit="", source=OURS, source_status=SourceStatus.UNVERIFIED,
    safety=SafetyClass.PRIVACY, check=yes_no,
    explain=_("Only where a law or a letter needs somebody's name. Every name that is kept can be demanded from you."),
)
OPENINGS_A_DAY: Value[int] = Value(
    key="vault_openings", title=_("Sealed records one worker may open in a day"), start=20, unit=_("records"), source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.PRIVACY, check=whole(1, 200), per_site=False,
)
