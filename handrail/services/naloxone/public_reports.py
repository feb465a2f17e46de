"""Reports of overdoses that come without a sign-in, and requests for a new kit (`domain/naloxone.md` 6 and 7).

A report is kept with its day until the night; then all of a day are recorded in an order that nobody chose, so that
neither a moment nor who was before or after whom stands anywhere. The id is random and made by the page: sent twice it is
one report. A request for a kit is a thing of its own, with a receipt that opens nothing else.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django_tasks import task

from handrail.facts.models import Fact, Organisation, Site
from handrail.facts.organisations import system_actor
from handrail.facts.queries import today
from handrail.facts.record import Draft, Mode, Refusal, record
from handrail.kernel import audit, clock, crypto, scope
from handrail.kernel.access import Actor, Denied
from handrail.services.naloxone.codes import CARRIED
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.models import KitRequest, PublicReport
from handrail.services.naloxone.report_codes import Precision, ReportChannel
from handrail.services.naloxone.values import PICK_UP

_KEY = "kit-requests"
_NOON = time(12)


class When(StrEnum):
    """When it was, as somebody in a hurry can say it."""

    LAST_HOUR = "last_hour"
    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this_week"
    THIS_MONTH = "this_month"
    UNKNOWN = "unknown"

    @property
    def precision(self) -> Precision:
        """How exactly that says it."""
        return _PRECISION[self]

    def moment(self, now: datetime, zone: str) -> datetime:
        """A moment that fits, never finer than the hour: this hour, noon of the day, or the middle of what is not known."""
        hour = now.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)
        if self is When.LAST_HOUR:
            return hour
        noon = datetime.combine(hour.date() - timedelta(days=_DAYS_AGO[self]), _NOON, ZoneInfo(zone))
        return min(noon, hour)


_PRECISION = {
    When.LAST_HOUR: Precision.HOUR, When.TODAY: Precision.DAY, When.YESTERDAY: Precision.DAY, When.THIS_WEEK: Precision.WEEK,
    When.THIS_MONTH: Precision.MONTH, When.UNKNOWN: Precision.UNKNOWN,
}
_FOLLOWS: dict[KitRequest.State, tuple[KitRequest.State, ...]] = {
    KitRequest.State.RECEIVED: (KitRequest.State.READY, KitRequest.State.HANDED_OVER, KitRequest.State.CANCELLED),
    KitRequest.State.READY: (KitRequest.State.HANDED_OVER, KitRequest.State.CANCELLED), KitRequest.State.HANDED_OVER: (), KitRequest.State.CANCELLED: (),
}
"""Which states follow which."""
_DAYS_AGO = {When.TODAY: 0, When.YESTERDAY: 1, When.THIS_WEEK: 3, When.THIS_MONTH: 15, When.UNKNOWN: 0}


# -- a report ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def keep(*, organisation: Organisation, id: uuid.UUID, when: When, said: Mapping[str, Any]) -> None:
    """Keep a report until the night. Sent again it changes nothing. Raises `ValidationError` of pydantic, or `Refusal`."""
    _made_at_random(id)
    received = today()
    # Nobody is signed in, so what is fixed is fixed here and not taken from the form.
    fixed = {"reported_by": ReportChannel.PUBLIC_FORM.value, "precision": when.precision.value, "received_on": received}
    report = Reversal.model_validate({**said, **fixed})
    if Fact.objects.filter(id=id).exists():
        return
    PublicReport.objects.get_or_create(
        organisation_id=organisation.key, id=id,
        defaults={
            "received_on": received, "happened_at": when.moment(clock.now(), settings.CONFIG.time_zone), "said": report.model_dump(mode="json"),
        },
    )


def _made_at_random(id: uuid.UUID) -> None:
    if id.version != 4:
        raise Refusal([("", _("This page is too old. Open it again and tell it there."))])  # other ids tell the moment they were made


def waiting() -> int:
    """How many reports wait for the night, of the organisation in scope."""
    return PublicReport.objects.count()


def take_in(organisation: Organisation, *, before: date | None = None) -> int:
    """Record the reports of the days before this one, in an order that says nothing; how many."""
    with scope.enter([organisation.key]):
        rows = list(PublicReport.objects.select_for_update().filter(received_on__lt=before or today()))
        secrets.SystemRandom().shuffle(rows)
        actor = system_actor(organisation)
        for row in rows:
            record(
                Draft(kind="naloxone.reversal", payload=row.said, id=row.id, occurred_at=row.happened_at), actor=actor, mode=Mode.ARRIVED
            )
        PublicReport.objects.filter(key__in=[row.key for row in rows]).delete()
    return len(rows)


@task()
def take_in_all() -> int:
    """What was told without a sign-in on the days before today, of every organisation; how many reports."""
    return sum(take_in(organisation) for organisation in Organisation.objects.order_by("key"))


# -- a new kit ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """What somebody with a receipt is told."""

    state: KitRequest.State
    site: str
    since: date


def pick_up_places() -> list[Site]:
    """Where somebody may come for a kit: places that said so, stay where they are, and in which nobody is held."""
    found = Site.objects.filter(is_active=True, closed_setting="").exclude(kind__in=CARRIED)
    return [place for place in found if PICK_UP.read(site=place).value]


@transaction.atomic
def ask_for_kit(*, organisation: Organisation, id: uuid.UUID, site: uuid.UUID) -> str:
    """Somebody wants a new kit; the code of their receipt, which is shown once and not kept.

    Sent again it stays one request: whoever sends it again did not see the first code, so another takes its place.
    """
    place = next((one for one in pick_up_places() if one.id == site), None)
    if place is None:
        raise Refusal([("site", _("Choose where you want to come for it."))])
    _made_at_random(id)
    code = crypto.new_code()
    receipt = _digest(code.replace("-", ""))
    KitRequest.objects.update_or_create(
        organisation_id=organisation.key, id=id, defaults={"receipt": receipt, "site": place},
        create_defaults={"receipt": receipt, "site": place, "received_on": today(), "changed_on": today()},
    )
    return code


def progress(code: str) -> Progress:
    """How far a request is. Raises `Refusal` for a code that is no code, and for one that is not known, with one sentence each."""
    ten = crypto.read_code(code)
    if ten is None:
        raise Refusal([("receipt", _("Check the code: one of its symbols is wrong."))])
    found = KitRequest.objects.select_related("site").filter(receipt=_digest(ten)).first()
    if found is None:
        raise Refusal([("receipt", _("This receipt is not known here."))])
    return Progress(KitRequest.State(found.state), found.site.name, found.changed_on)


def _digest(ten: str) -> bytes:
    """Under a key of this server, so that whoever has the table cannot try codes. It leads to a request, and to nobody."""
    return crypto.token(crypto.key(settings.CONFIG.keys, _KEY), "kit-request", ten)


@transaction.atomic
def move_on(*, actor: Actor, request: uuid.UUID, state: KitRequest.State) -> None:
    """A worker of the place has made the kit ready, handed it over, or cancelled. Raises `Denied`, and `Refusal` for a step that does not follow."""
    found = KitRequest.objects.select_for_update().filter(id=request).first()
    if found is None or not actor.may("naloxone.give", found.site_id):
        raise Denied("kit request")
    if state == found.state:
        return  # the second tap on the same button
    if state not in _FOLLOWS[KitRequest.State(found.state)]:
        raise Refusal([("", _("Somebody else moved this request on: %s. Look at the list again.") % KitRequest.State(found.state).label)])
    found.state, found.changed_on = state, today()
    found.save(update_fields=["state", "changed_on"])
    audit.write("kit_request.moved_on", actor=actor, object_kind="kit_request", object_id=found.id, detail={"state": state.value})


def open_requests(actor: Actor) -> list[KitRequest]:
    """Requests of places where this person hands out, the oldest first."""
    ends = (KitRequest.State.HANDED_OVER, KitRequest.State.CANCELLED)
    return list(KitRequest.objects.filter(actor.filter("naloxone.give")).exclude(state__in=ends).select_related("site").order_by("received_on", "key"))
