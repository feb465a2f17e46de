"""Values of the exchange room that a programme may set: each with its source and how sure we are of it."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SafetyClass, SourceStatus
from handrail.facts.values import OURS, OneOf, Value, whole
from handrail.services.exchange.codes import Container


def factors(raw: Any) -> dict[str, Decimal]:
    """A check: syringes per pound by type of container, such as {"any": "281"}; “any” must be there, all above 0.

    One number alone, as typed on a settings page, is the factor of any container.
    """
    try:
        raw = json.loads(raw) if isinstance(raw, str) else raw
        raw = {"any": raw} if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool) else raw
        found = {str(container): Decimal(str(number)) for container, number in dict(raw).items()}
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError(_t("Write one number, such as 281.")) from None
    if "any" not in found or not all(number.is_finite() and number > 0 for number in found.values()):
        raise ValueError(_t("Write a number above 0."))
    if unknown := sorted(set(found) - {"any", *Container.values}):
        raise ValueError(_t("There is no such container: %s.") % ", ".join(unknown))
    return found


CONFIRM_OVER = Value(
    key="confirm_over", title=_("More than this in one line asks for a second tap"), start=1_000, unit=_("needles and syringes"),
    source=OURS, source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL,
    check=whole(1, 100_000), per_site=True,
    explain=_("It guards against a slip of the finger. It is not a limit: after the second tap the number is stored."),
)

SYRINGES_PER_POUND = Value(
    key="syringes_per_pound", title=_("Used syringes per pound of net weight"), start={"any": Decimal(281)}, unit=_("per pound"),
    source="North Carolina Safer Syringe Initiative: 281 syringes per pound", source_status=SourceStatus.VERIFIED,
    safety=SafetyClass.OPERATIONAL, check=factors, per_site=True,
    words={"any": _("any container"), **{container.value: container.label for container in Container}},
    explain=_("By type of container; “any container” is used where a type has no factor of its own. Depends on which syringes are handed out."),
)

PEP_LIMIT_HOURS = Value(
    key="pep_limit_hours", title=_("PEP is started within"), start=72, unit=_("hours"),
    source="WHO guidelines for HIV post-exposure prophylaxis, 2024; not read by Handrail, ask your clinic", source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.CLINICAL, check=whole(1, 168),
    explain=_("Only said on the screen and kept with the record. Sooner is better; the clinic decides."),
)

BOX_LOW = Value(
    key="box_low", title=_("A wall box is low below"), start=20, unit=_("units of an item"), source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL, check=whole(0, 10_000), per_site=True,
)

REFILL_AFTER_DAYS = Value(
    key="refill_after_days", title=_("A wall box is looked at every"), start=7, unit=_("days"), source=OURS,
    source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.OPERATIONAL, check=whole(1, 90), per_site=True,
)

LEGAL_LIMIT = Value(
    key="legal_limit", title=_("A limit that the law of the place sets"), start="none", unit="",
    source="The law of the place; Handrail knows of none", source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.LEGAL,
    check=OneOf({"none": _("none"), "one_for_one": _("one for one"), "cap": _("a most at once")}), per_site=True,
    explain=_("Set it only where a law forces you to, with the law as its source. The screen then says that it is the law."),
)

LEGAL_CAP = Value(
    key="legal_cap", title=_("The most that the law of the place allows at once"), start=100_000, unit=_("needles and syringes"),
    source="The law of the place; Handrail knows of none", source_status=SourceStatus.LOCAL_POLICY, safety=SafetyClass.LEGAL,
    check=whole(0, 100_000), per_site=True,
)


# -- need (`domain/exchange.md` 4) ---------------------------------------------------------------------------------------


def share(raw: Any) -> Decimal:
    """A check: a share from 0 to 2, such as 0.2 for a fifth more."""
    try:
        found = Decimal(str(raw).replace(",", "."))
    except InvalidOperation:
        raise ValueError("0 – 2") from None
    if not found.is_finite() or not 0 <= found <= 2:
        raise ValueError("0 – 2")
    return found


NEED_RESERVE = Value(
    key="need_reserve", title=_("Added to what somebody needs, as a reserve"), start=Decimal(0), unit=_("share, 0.2 is a fifth"),
    source=OURS, source_status=SourceStatus.LOCAL_POLICY,
    safety=SafetyClass.OPERATIONAL, check=share, per_site=True,
    explain=_("For syringes that are lost, blocked or shared out. It changes a suggestion, never a limit."),
)

NEED_DAYS = Value(
    key="need_days", title=_("Days until next time, where nobody said"), start=14, unit=_("days"),
    source=OURS, source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL,
    check=whole(1, 366), per_site=True,
)

NEED_HORIZON = Value(
    key="need_horizon", title=_("A need looks ahead"), start="next_visit", unit="",
    source="Handrail, to be confirmed by your programme; “month” is the form of Kenya’s peer calendar (NASCOP)", source_status=SourceStatus.LOCAL_POLICY,
    safety=SafetyClass.OPERATIONAL, check=OneOf({"next_visit": _("to the next visit"), "month": _("a month")}), per_site=True,
)
