"""Ways to tell a number apart: by gender, by age, by who provides. One declaration gives the query, the titles, the page.

A cell of a number is written `gender=female`, or crossed `age_3=15_19;gender=female`: its breakdowns in the order of their
names. Every breakdown of people has `unknown`, so that the cells add up to the whole (`domain/indicators.md` 1, rule 5).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from handrail.facts.codes import Service
from handrail.services.naloxone.codes import Product, Recipient, SourceClass, SupplyType

Text = str | Promise

UNKNOWN = "unknown"
CROSS = "×"
OLDEST = 200
"""An age nobody reaches: where the last band ends."""
_UNKNOWN: Mapping[str, Text] = {UNKNOWN: _("not known")}


@dataclass(frozen=True)
class Breakdown:
    """`of` says what is looked at: the person met, the place where it was, or what the measure itself tells apart. `ages` are the first ages of bands, in order."""

    key: str
    title: Text
    of: Literal["gender", "age", "place", "part"]
    labels: Mapping[str, Text]
    ages: tuple[int, ...] = ()
    column: str = ""
    """Of a place: its column in the dimension of sites."""
    source: str = ""
    coarser: str = ""
    """Another breakdown whose cells are made of these, such as the route of a product: then each is the sum of its own."""
    inside: Mapping[str, str] = field(default_factory=dict)
    """In which cell of the coarser one each of these lies."""

    @property
    def overlaps(self) -> bool:
        """Whether one person may stand in several cells: somebody who comes to two places."""
        return self.of == "place"

    @property
    def bands(self) -> tuple[tuple[str, int, int], ...]:
        """Code, first age and first age after, of each band of age."""
        codes = [code for code in self.labels if code != UNKNOWN]
        return tuple(zip(codes, self.ages, (*self.ages[1:], OLDEST), strict=True))

    def label(self, code: str) -> str:
        """How a cell is named."""
        return str(self.labels.get(code, code))


def _ages(key: str, *first: int, source: str) -> Breakdown:
    labels: dict[str, Text] = {}
    for low, after in zip(first, (*first[1:], None), strict=True):
        if after is None:
            labels[f"{low}_plus"] = format_lazy(_("{age} and over"), age=low)
        elif low == 0:
            labels[f"under_{after}"] = format_lazy(_("under {age}"), age=after)
        else:
            labels[f"{low}_{after - 1}"] = f"{low}–{after - 1}"
    return Breakdown(key, _("Age"), "age", {**labels, **_UNKNOWN}, ages=first, source=source)


_GENDERS: Mapping[str, Text] = {"female": _("women"), "male": _("men"), "other": _("other"), **_UNKNOWN}

BREAKDOWNS: Mapping[str, Breakdown] = {
    one.key: one
    for one in (
        Breakdown("gender", _("Gender"), "gender", _GENDERS, source="domain/indicators.md 1, D1: whoever says trans or another is in “other”"),
        _ages("age_2", 0, 25, source="domain/indicators.md 1, D1"),
        _ages("age_4", 0, 15, 20, 25, 50, source="domain/indicators.md 1, D2"),
        _ages("age_3", 0, 15, 20, 25, source="domain/indicators.md 1, D3"),
        _ages("age_5_years", 0, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, source="MER 2.6.1"),
        Breakdown(
            "provider_type", _("Who provides"), "place", {"community_led": _("community-led"), "public": _("public"), "other": _("other")},
            column="provider_type", source="domain/indicators.md 1, D1",
        ),
        Breakdown("setting", _("Setting"), "place", {"facility": _("facility"), "community": _("community")}, column="setting", source="domain/indicators.md 1, D1"),
        Breakdown("area", _("Area"), "place", {}, column="area", source="domain/indicators.md 1, D1"),
        Breakdown("condom", _("Sort"), "part", {"external_condoms": _("external"), "internal_condoms": _("internal")}, source="WHO 2022, PRV.1"),
        Breakdown(
            "naloxone", _("Sort of kit"), "part", {"naloxone_nasal": _("nasal"), "naloxone_im": _("injection"), "naloxone_other": _("not said")},
            source="domain/naloxone.md 4: nasal and injection are counted apart",
        ),
        Breakdown(
            "product", _("Product"), "part", {**{product.value: product.label for product in Product}, **_UNKNOWN},
            source="domain/naloxone.md 8: all lots of one product together", coarser="naloxone",
            inside={**{product.value: f"naloxone_{product.route}" for product in Product}, UNKNOWN: "naloxone_other"},
        ),
        Breakdown(
            "source_class", _("Sort of outlet"), "part", {**{code.value: code.label for code in SourceClass}, **_UNKNOWN},
            source="domain/naloxone.md 4: the Scottish programme reports each by itself",
        ),
        Breakdown("recipient_kind", _("For whom"), "part", {code.value: code.label for code in Recipient}, source="domain/naloxone.md 4, 10"),
        Breakdown("supply_type", _("First or again"), "part", {code.value: code.label for code in SupplyType}, source="domain/naloxone.md 4, 10"),
        Breakdown(
            "result", _("Result"), "part", {"positive": _("positive"), "negative": _("negative"), "indeterminate": _("unclear")}, source="MER 2.6.1, HTS_TST",
        ),
        Breakdown(
            "hiv_status", _("HIV test"), "part",
            {"known_positive": _("known to be positive"), "newly_tested": _("newly tested or shown the way to a test"), "declined": _("declined")},
            source="MER 2.6.1, KP_PREV",
        ),
        Breakdown("service", _("Service"), "part", {service.value: service.label for service in Service}, source="domain/exchange.md 7"),
    )
}
"""Every breakdown by its key."""

D1 = ("gender", "age_2", "provider_type", "setting", "area")
"""WHO 2022 and most of its indicators (`domain/indicators.md` 1)."""
D1_PEOPLE = ("gender", "age_2")
"""What of D1 can be asked where there is no place."""
D2 = ("gender", "age_4", "provider_type", "setting", "area")
"""D1 with finer ages."""
D3 = ("age_3×gender",)
"""Global Fund: ages within gender."""
D4 = ("age_5_years×gender",)
"""PEPFAR: ages in five years within sex."""


def keys_of(written: str) -> tuple[str, ...]:
    """The breakdowns of “age_3×gender”, in the order of their names."""
    return tuple(sorted(written.split(CROSS)))


def cells_of(written: str, places: Mapping[str, tuple[str, ...]] | None = None) -> Iterator[str]:
    """Every cell of a breakdown; `places` holds the codes of breakdowns of places that occur at all."""
    keys = keys_of(written)
    codes = [(places or {}).get(key, ()) if BREAKDOWNS[key].of == "place" else tuple(BREAKDOWNS[key].labels) for key in keys]
    for chosen in itertools.product(*codes):
        yield cell_of(dict(zip(keys, chosen, strict=True)))


def cell_of(pairs: Mapping[str, str]) -> str:
    """A cell as it is written."""
    return ";".join(f"{key}={pairs[key]}" for key in sorted(pairs))


def pairs_of(cell: str) -> dict[str, str]:
    """Breakdown and code of each part of a cell; empty for the whole."""
    return dict(part.split("=", 1) for part in cell.split(";")) if cell else {}


def label_of(cell: str) -> str:
    """A cell in words, such as “15–19, women”."""
    return ", ".join(BREAKDOWNS[key].label(code) if key in BREAKDOWNS else code for key, code in pairs_of(cell).items())
