"""Counts of one prison for one year, as UNAIDS GAM 1.7 asks them (`domain/exchange.md` 8). Numbers only, no person and no cell."""

from __future__ import annotations

from typing import Any, Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Kind, Payload, Privacy, info

_COUNT: dict[str, Any] = {"privacy": Privacy.OPERATIONAL, "default": None, "ge": 0, "le": 10_000_000}


class PrisonYear(Payload):
    """What the prison counted. What nobody counted stays empty: it is not 0."""

    year: int = info(_("Year"), privacy=Privacy.OPERATIONAL, ge=2000, le=2100)
    clean_needles: int | None = info(_("Sterile needles given"), **_COUNT)
    oat_recipients: int | None = info(_("People who received methadone or buprenorphine"), **_COUNT)
    condoms: int | None = info(_("Condoms given"), **_COUNT)
    on_art: int | None = info(_("People on HIV treatment"), **_COUNT)
    hiv_tests: int | None = info(_("People tested for HIV"), **_COUNT)
    living_with_hiv: int | None = info(_("People living with HIV"), **_COUNT)
    with_hcv: int | None = info(_("People with hepatitis C"), **_COUNT)
    with_tb: int | None = info(_("People with tuberculosis"), **_COUNT)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(value is None for name, value in self if name != "year"):
            raise ValueError(_t("Write at least one of the counts."))
        return self


KIND = Kind(
    title=_("Counts of a prison"),
    explain=_("Yearly counts of one prison for UNAIDS: sterile needles, treatment, condoms, tests."),
    payload=PrisonYear,
    may="exchange.report",
    sample=PrisonYear(year=2026, clean_needles=5200, oat_recipients=84, condoms=3100, hiv_tests=410),
    needs_encounter=False,
)
