"""Places, added and changed from a page. A closed setting is listed at the organisation too, where sign-in looks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from handrail.facts import organisations
from handrail.facts.models import ClosedSetting, Fact, Head, Organisation, Site, SiteKind
from handrail.facts.people_fold import FOLDS, People
from handrail.facts.record import lock_organisation
from handrail.facts.spec import KINDS
from handrail.facts.wishes_fold import GIVEN, refresh_consents
from handrail.kernel import commands
from handrail.kernel.access import Actor, Denied, Refused


@dataclass(frozen=True)
class Place:
    """What a page says about a place."""

    name: str
    kind: str
    time_zone: str
    closed_setting: str
    item_classes: list[str]
    kinds: list[str]
    is_active: bool = True


class PlaceProblem(Refused):
    """A place that cannot be like that; `problems` holds (field, sentence) pairs."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(problems[0][1])
        self.problems = tuple(problems)


def add(*, actor: Actor, place: Place) -> Site:
    """A new place. Only for somebody who looks after all places."""
    if actor.sites("site.manage") is not None:
        raise Denied("site.manage")
    _check(actor, place, None)
    return organisations.create_site(actor=actor, **asdict(place))


def change(*, actor: Actor, site: Site, place: Place) -> Site:
    """Change a place. What was recorded there stays as it is."""
    actor.require("site.manage", site.key)
    _check(actor, place, site)
    values = {name: value for name, value in asdict(place).items() if getattr(site, name) != value}
    if not values:
        return site
    lock_organisation()
    commands.change(site, actor=actor, **values)
    if "closed_setting" in values:
        organisation = Organisation.objects.select_for_update().get(key=actor.organisation)
        others = set(organisation.closed_settings) - {site.key}
        organisation.closed_settings = sorted(others | ({site.key} if site.closed_setting else set()))
        organisation.save(update_fields=["closed_settings"])
    if "time_zone" in values:
        _refold(site)
    return site


def _refold(site: Site) -> None:
    """Days are those of the place: what was asked, and consents without a first day of their own, fall on other days now."""
    people = set(
        Fact.objects.filter(site=site, kind__in=[*FOLDS, GIVEN], participant__isnull=False).values_list("participant", flat=True)
    )
    if people:
        counter = Head.objects.get().counter
        People(site.organisation_id, counter).refresh(people)
        refresh_consents(people, site.organisation_id, counter)


def _check(actor: Actor, place: Place, site: Site | None) -> None:
    problems: list[tuple[str, str]] = []
    if not place.name or len(place.name) > 80:
        problems.append(("name", _("Give it a name of at most 80 characters.")))
    elif Site.objects.filter(name__iexact=place.name, is_active=True).exclude(pk=site.pk if site else None).exists():
        problems.append(("name", _("Another place has this name.")))
    if place.kind not in SiteKind.values:
        problems.append(("kind", _("Choose what kind of place it is.")))
    if place.closed_setting and place.closed_setting not in ClosedSetting.values:
        problems.append(("closed_setting", _("Choose one of the list.")))
    try:
        ZoneInfo(place.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(("time_zone", _("Write it like Africa/Nairobi.")))
    offered = {kind.key for kind in KINDS if kind.compose is not None}
    if set(place.kinds) - offered:
        problems.append(("kinds", _("Choose from the list.")))
    if problems:
        raise PlaceProblem(problems)
