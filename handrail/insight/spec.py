"""What an indicator is: one declarative file from which the number, its page, its explanation and its test come.

An indicator puts measures together. A measure says what is counted over the warehouse, not how: `compile.py` turns it
into a query, `examples.py` into the facts of a worked example. `INDICATOR` in `indicators/<name>.py` is `<name>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import BREAKDOWNS, keys_of
from handrail.insight.models import Level
from handrail.insight.periods import WindowKind
from handrail.kernel.registry import Registry

Text = str | Promise

INJECTS = ("last_month", "last_12_months")
"""Answers that make a person one who injects."""
ANSWERED = (*INJECTS, "never", "ever")
"""Answers that say something; `not_said` and no answer are unknown, and unknown is left out of proportions (rule 4)."""

NEEDLES = ("exchange.given", "exchange.dispensed")
"""Kinds whose lines are needles and syringes given: into a hand, or taken from a box or a machine."""
NOBODY_MET = frozenset({"exchange.dispensed", "exchange.clean_up", "exchange.safety_box", "stock.written_off"})
"""Kinds that say nothing of people: what they count has nobody behind it."""

Sold = Literal["any", "no", "only"]
"""Whether pharmacy sales are counted: with the rest, not at all, or nothing else (WHO PRV.10 (b), `domain/exchange.md` 8, 9)."""

Code = str | bool | int
Where = tuple[tuple[str, tuple[Code, ...]], ...]

KNOWN_GENDERS = ("female", "male", "other")
"""Codes of the breakdown by gender that say something."""
OFFERED = ("offered_declined", "sample_taken", "result_pending", "invalid", "resulted", "self_test_given")
"""States of a test that was offered, whatever came of it."""


def only(**fields: Code | tuple[Code, ...]) -> Where:
    """A condition: each field holds one of these codes."""
    return tuple(sorted((name, v if isinstance(v, tuple) else (v,)) for name, v in fields.items()))


# -- measures: what is counted. `title` is how it is said in the explanation ------------------------------------------


@dataclass(frozen=True)
class Sum:
    """The sum of a column over the rows of one kind, or of several that have it.

    `as_needles` times what the catalogue says counts as one n/s, under the programme's `ns_convention`; `items` times how many of these groups
    of items (`dimensions.GROUPS`) are in one, each group a part of the number, or told apart by each of the breakdowns `apart` (`apart.py`).
    """

    kind: str | tuple[str, ...]
    column: str
    title: Text = field(compare=False)
    where: Where = ()
    as_needles: bool = False
    sold: Sold = "any"
    items: tuple[str, ...] = ()
    apart: tuple[str, ...] = field(default=(), compare=False)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds, however written."""
        return (self.kind,) if isinstance(self.kind, str) else self.kind


@dataclass(frozen=True)
class Records:
    """How many facts of a kind; with `said` only those in which this column is not empty. `who`: `once` counts whoever has a code once, `without_code` only the others."""

    kind: str
    title: Text = field(compare=False)
    where: Where = ()
    said: str = ""
    who: Literal["", "once", "without_code"] = ""


@dataclass(frozen=True)
class Contacts:
    """People met, a head count: `people_count` of the encounters. Optionally with or without a code, or with needles picked up.

    `sold` speaks of what was picked up.
    """

    title: Text = field(compare=False)
    without_code: bool = False
    picked_up: bool = False
    with_code: bool = False
    sold: Sold = "any"


@dataclass(frozen=True)
class People:
    """Distinct people with a code who had any service, or took at least one needle-syringe.

    A service is an encounter, or any fact of a kind that belongs to an encounter. `injects` narrows by the person's own
    last answer (the value `pwid_window`). `had` asks for a record of that kind instead, such as a test, which fits
    `where`; `sold` speaks of what was picked up; `not_before` leaves out whoever had a record of that kind earlier that fits one of these conditions.
    `all_of` asks for each of these activities (`activities.py`) at least once; `closed` looks only at places where people
    are held; `always` leaves out whoever had a record of the kind in the window that does not fit this; `best`
    names a column of the kind and its codes, the first of which that a person has is their part of the number.
    """

    title: Text = field(compare=False)
    picked_up: bool = False
    injects: Literal["any", "yes", "unknown"] = "any"
    had: str = ""
    where: Where = ()
    not_before: tuple[Where, ...] = ()
    sold: Sold = "any"
    all_of: tuple[str, ...] = ()
    closed: bool = False
    always: Where = ()
    best: tuple[str, tuple[str, ...]] = field(default=("", ()), compare=False)

    @property
    def activities(self) -> frozenset[str]:
        """What everybody in it had for certain, as far as activities have names."""
        found = set(self.all_of) | ({"needles"} if self.picked_up else set())
        said = dict(self.where)
        if self.had == "exchange.test" and said.get("disease") == ("HIV",) and "state" in said and set(said["state"]) <= set(OFFERED):
            found.add("HIV_test_offered")
        return frozenset(found)


@dataclass(frozen=True)
class Package:
    """Distinct people who had everything of the defined package (the value `kp_package`), as it held on the last day of the window."""

    title: Text = field(compare=False)
    injects: Literal["any", "yes"] = "yes"
    closed: bool = False


@dataclass(frozen=True)
class Prevented:
    """Distinct people who inject, reached as PEPFAR's KP_PREV asks it: an HIV test offered (unless known positive) and
    another listed activity, in groups of at most 25. In the second half of its year without whoever was counted in the first.
    """

    title: Text = field(compare=False)


@dataclass(frozen=True)
class PrisonCount:
    """A count that prisons gave for the calendar year of the window; the newest record of a prison counts, an empty one is no data."""

    column: str
    title: Text = field(compare=False)


@dataclass(frozen=True)
class Outlets:
    """Distinct places of these kinds at which needles and syringes were given or taken. Nobody stands behind it."""

    kinds: tuple[str, ...]
    title: Text = field(compare=False)


@dataclass(frozen=True)
class Among:
    """A measure as far as it is of people with a code who are of one of these genders (`unknown`: also those without a code)."""

    of: Sum | Contacts
    gender: tuple[str, ...]
    title: Text = field(compare=False)


@dataclass(frozen=True)
class Regular:
    """Distinct people who inject and picked up regularly (`domain/exchange.md` 9).

    `each_window`: at least once in each 30 days, window k the days [30k, 30k+30) from the first; a shorter rest is no
    window. `monthly`: pick-ups ÷ whole calendar months at least 1. Over all sites together: there is no value of a site.
    """

    title: Text = field(compare=False)
    way: Literal["each_window", "monthly"]


@dataclass(frozen=True)
class Followed:
    """Records made in the window whose own status, or that of any later outcome, was ever one of `ever`: a cohort."""

    kind: str
    outcome: str
    named_by: str
    ever: tuple[str, ...]
    title: Text = field(compare=False)
    status: str = "status"
    by: str = field(default="", compare=False)
    """A column of the kind whose codes are parts of the number."""


@dataclass(frozen=True)
class Estimate:
    """How many people there are, from outside: the newest estimate of each area not later than the period."""

    population: str
    level: Level
    title: Text = field(compare=False)


@dataclass(frozen=True)
class Deaths:
    """Deaths by opioid overdose in exactly the days of the window, as others counted them, in the areas of our places."""

    title: Text = field(compare=False)


@dataclass(frozen=True)
class Waited:
    """Days from what happened to a day that its record names, summed over the records that name one."""

    kind: str
    until: str
    title: Text = field(compare=False)
    where: Where = ()


@dataclass(frozen=True)
class Due:
    """Records of people with a code of which so many days were over in the window, counted from the day that `since` names; each is asked once.

    With `outcome` only those that a record of that kind followed in these days: `named_by` is its column that names them.
    """

    kind: str
    since: str
    days: int
    title: Text = field(compare=False)
    where: Where = ()
    outcome: str = ""
    named_by: str = ""


@dataclass(frozen=True)
class OutOfStock:
    """Days on which a place had none of a product of naloxone, summed over places and products. Nobody stands behind it; a product is a part."""

    title: Text = field(compare=False)


@dataclass(frozen=True)
class Recalled:
    """Of recalls of naloxone that began in the window: kits that had left the store, or those accounted for; each taken as one person."""

    column: Literal["sent", "accounted"]
    title: Text = field(compare=False)


Measure = Sum | Records | Contacts | People | Package | Prevented | PrisonCount | Outlets | Among | Regular | Followed | Estimate | Deaths | Waited | Due | OutOfStock | Recalled
OF_PEOPLE = (People, Package, Prevented, Regular)
"""Measures that count distinct people."""
FROM_OUTSIDE = (Estimate, Deaths)
"""Measures that others counted: nobody we met stands behind them."""


SHARES = (
    Sum(NEEDLES, "quantity", _("of these, given by the programme"), as_needles=True, sold="no"),
    Sum(NEEDLES, "quantity", _("of these, sold in pharmacies"), as_needles=True, sold="only"),
)
"""The two parts of WHO PRV.10, shown beside their sum (`domain/exchange.md` 9)."""


# -- worked examples ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """A fact of a worked example. `who` is a letter for somebody with a card, empty for a contact without a code."""

    who: str
    on: str
    kind: str
    payload: Mapping[str, Any]
    name: str = ""
    people: int = 1
    channel: str = ""


@dataclass(frozen=True)
class Example:
    """Facts, estimates and what must come out. `value` is what is displayed, or the status where there is no value."""

    source: str
    period: str
    events: tuple[Event, ...]
    value: str
    numerator: int
    denominator: int | None = None
    people_behind: int | None = None
    sizes: Mapping[Level, int] = field(default_factory=dict)
    population: str = "pwid"
    """Of whom the sizes are."""
    deaths: int | None = None
    """Counted in the area of the place, in the twelve months that end with the period."""
    place: Mapping[str, str] = field(default_factory=dict)
    """What the place of the example is, where that matters: its kind, or that people are held there."""


# -- the indicator -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Indicator:
    """One question to the facts, asked the way one source asks it."""

    code: str
    name: Text
    question: Text
    unit: Text
    kind: Literal["count", "percent", "ratio", "estimate", "bound"]
    """How the parts become the value: see `arithmetic.value_of`."""
    numerator: Measure
    source: str
    source_status: Literal["verified", "secondary", "handrail", "unverified"]
    trap: Text
    example: Example
    denominator: Measure | None = None
    level: Level = Level.NONE
    variant: str = ""
    version: int = 1
    decimals: int = 1
    window: WindowKind = "period"
    by_site: bool = True
    closed: bool = False
    """Speaks only of places where people are held: other places are not listed."""
    is_census: bool = False
    """Speaks of one day, not of what happened in the period."""
    asked: str = ""
    """How often its source asks for it, such as “year”; empty: as often as one likes."""
    breakdowns: tuple[str, ...] = ()
    """Ways the whole is told apart beside its total, by key of `breakdowns.py`; two joined by “×” are crossed."""
    group: str = ""
    beside: tuple[Measure, ...] = ()
    unknown: Measure | None = None
    """Of an estimate or a bound of people: contacts of whom nobody knows how many people they are."""
    zero_reveals: bool = False
    """Whether 0 says something of everybody in a group, and 100 % too: then neither is shown outside (`domain/indicators.md` 7, rule 1)."""
    annualised: bool = False
    """A ratio times 365 ÷ days of the period. It stands beside the period's own value and is named so (rule 4 of exchange.md 9)."""
    per: int = 1
    """A ratio is told for each so many of its denominator: 1,000 or 100,000 people, 100 kits."""
    edge_cases: tuple[Text, ...] = ()
    key: str = field(default="", init=False)

    def __post_init__(self) -> None:
        if (self.denominator is None) != (self.kind in {"count", "bound"}):
            raise ValueError(f"{self.code}: a percent, a ratio or an estimate has a denominator, a count has none.")
        if (self.unknown is None) == (self.kind in {"estimate", "bound"}):
            raise ValueError(f"{self.code}: an estimate or a bound says what is unknown, nothing else does.")
        if self.annualised and self.kind != "ratio":
            raise ValueError(f"{self.code}: only a ratio can be annualised.")
        if self.by_site and any(isinstance(part, (Regular, Outlets, Recalled)) for part in self.parts):
            raise ValueError(f"{self.code}: who picks up regularly may do so at several sites, a recall is of all; say by_site=False.")
        if self.by_site and self.level in {Level.TARGETED_AREA, Level.COUNTRY}:
            raise ValueError(f"{self.code}: people of an area or a country cannot be divided among sites; say by_site=False.")
        if any(BREAKDOWNS.get(key) is None for written in self.breakdowns for key in keys_of(written)):
            raise ValueError(f"{self.code}: there is no such breakdown in {self.breakdowns}.")
        if self.per < 1 or (self.per > 1 and self.kind != "ratio"):
            raise ValueError(f"{self.code}: only a ratio can be told for each hundred or thousand.")
        if self.breakdowns and isinstance(self.denominator, FROM_OUTSIDE):
            raise ValueError(f"{self.code}: an estimate of everybody cannot be told apart.")
        if not 0 <= self.decimals <= 5:
            raise ValueError(f"{self.code}: decimals are 0 to 5.")

    def bind_key(self, key: str) -> None:
        """Called by the registry with the key made from the file's name."""
        object.__setattr__(self, "key", key)

    @property
    def parts(self) -> tuple[Measure, ...]:
        """Numerator and, where there is one, denominator."""
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)

    @property
    def only_grows(self) -> bool:
        """Whether another fact can never lower it: a count of what happened, not of people by their last answer or newest record."""
        measure = self.numerator
        people = isinstance(measure, People) and measure.injects == "any" and not measure.not_before and not measure.always
        return self.kind == "count" and (people or isinstance(measure, Sum | Records | Contacts | Outlets) or (isinstance(measure, Package) and measure.injects == "any"))

    @property
    def inputs(self) -> tuple[Measure, ...]:
        """Everything that has to be measured for the value."""
        return self.parts if self.unknown is None else (*self.parts, self.unknown)


INDICATORS: Registry[Indicator] = Registry("INDICATOR", Indicator, lambda: [("", "handrail.insight.indicators")])
"""Every indicator."""
