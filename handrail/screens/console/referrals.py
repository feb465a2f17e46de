"""Who is on the way where, and what became of them: at the receiving counter, and where the referral was made.

People are two words on these pages, never a name. The receiving place closes a referral where it may tell; where it was
made, the person's own word or that of who went along closes it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handrail.facts import consents
from handrail.facts.codes import Service
from handrail.facts.kinds.referral import Offer
from handrail.facts.kinds.referral_outcome import Outcome, RefusalReason, Source
from handrail.facts.labels import label
from handrail.facts.models import Referral, Site
from handrail.facts.record import Draft, record
from handrail.facts.referrals import FOLLOWS, OPEN, Unknown, expected_at, may_tell, statuses
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.screens.console.at_hand import held

BY_TAP = (
    Outcome.ACCEPTED, Outcome.DECLINED, Outcome.ATTENDED, Outcome.BOOKED, Outcome.NOT_ATTENDED, Outcome.WITHDRAWN, Outcome.RESULT_KNOWN,
)
"""Outcomes with a button of their own, in this order; a refusal by the service asks why."""
OLDER_DAYS = 400
AT_ONCE = {True: 50, False: 15}
"""How many cards a page has at the receiving counter, and where the referrals were made: there a phone shows them."""
LIKELY = frozenset({Outcome.ACCEPTED, Outcome.DECLINED, Outcome.ATTENDED, Outcome.NOT_ATTENDED, Outcome.RESULT_KNOWN})
"""What somebody says who comes back where a referral was made. The rest is folded there."""
STATUSES: dict[str, Text] = {code.value: code.label for codes in (Offer, Outcome, Unknown) for code in codes}
_SAYS: dict[str, Text] = {
    Source.RECEIVING_SERVICE.value: gettext_lazy("We, where they were sent, say:"), Source.PARTICIPANT.value: gettext_lazy("The person says:"),
    Source.ACCOMPANYING_WORKER.value: gettext_lazy("Who went along says:"),
}
AT_COUNTER = (Source.RECEIVING_SERVICE, Source.PARTICIPANT)
WHERE_MADE = (Source.PARTICIPANT, Source.ACCOMPANYING_WORKER)


@dataclass(frozen=True)
class Way:
    """One open referral, and whose word can close it here: (code, words), the first one at hand, the others folded."""

    id: uuid.UUID
    words: str
    service: str
    about: str
    since: datetime
    status: str
    outcome_id: uuid.UUID
    leave_alone: bool
    """The person does not want to be contacted: wait, do not go and look. Whoever comes is served."""
    outcomes: list[tuple[str, Text]]
    rarer: list[tuple[str, Text]]
    may_be_refused: bool
    voices: list[tuple[str, Text]]
    needs_own_word: bool
    post_to: str


@may("referral.close")
def expected(request: ActorRequest) -> HttpResponse:
    """Open referrals to the places where the actor works, those accepted last first; older ones on request."""
    here = Referral.objects.filter(request.actor.filter("referral.close", "to_site"), to_site__isnull=False)
    return _page(request, "console/referrals.html", here, OPEN, at_receiving=True)


@may("referral.follow")
def made_here(request: ActorRequest) -> HttpResponse:
    """Open referrals that were made where the actor works, wherever they lead, and those still waiting for an answer."""
    here = Referral.objects.filter(request.actor.filter("referral.follow", "from_site"))
    return _page(request, "console/referrals_made.html", here, OPEN | {"offered"}, at_receiving=False)


def _page(request: ActorRequest, template: str, here: QuerySet[Referral], states: frozenset[str], *, at_receiving: bool) -> HttpResponse:
    at_once = AT_ONCE[at_receiving]
    older, now, page = "older" in request.GET, clock.now(), request.GET.get("page", "1")
    first = at_once * (int(page) - 1) if page.isdecimal() and len(page) < 6 and int(page) else 0
    since = now - timedelta(days=OLDER_DAYS)
    wanted = Q(made_at__gt=since) | Q(status_at__gt=since) if older else expected_at(now) | Q(status="offered", made_at__gt=now - timedelta(days=90))
    found = list(here.filter(wanted, status__in=states | {"attended"} if older else states).select_related("from_site", "to_site").order_by("-made_at", "-key"))
    gone = consents.deceased({r.participant for r in found})
    alive = [r for r in found if r.participant not in gone]
    ways = ways_of(request.actor, alive[first : first + at_once], now, at_receiving=at_receiving)
    context = {
        "ways": ways, "reasons": reasons(), "saved": request.GET.get("saved", ""), "refused": "refused" in request.GET, "older": older,
        "total": len(alive), "from_number": first + 1, "to_number": first + len(ways),
        "next": first // at_once + 2 if len(alive) > first + at_once else 0, "before": first // at_once,
    }
    return render(request, template, context)


def reasons() -> list[tuple[str, Text]]:
    """Why a service may have turned somebody away."""
    return [(reason.value, reason.label) for reason in RefusalReason]


def of_person(actor: Actor, people: Sequence[uuid.UUID]) -> list[Way]:
    """Open referrals of the person at hand, as far as the actor may know of them: made here, or leading here."""
    now = clock.now()
    found = Referral.objects.filter(participant__in=people, status__in=OPEN | {"offered", "attended"}).filter(
        expected_at(now) | Q(status="offered") | Q(status="attended", status_at__gt=now - timedelta(days=OLDER_DAYS))
    ).select_related("from_site", "to_site").order_by("-made_at", "-key")
    ways = []
    for referral in found:
        if actor.may("referral.follow", referral.from_site.key):
            ways += ways_of(actor, [referral], now, at_receiving=False)
        elif referral.to_site is not None and actor.may("referral.close", referral.to_site.key):
            ways += ways_of(actor, [referral], now, at_receiving=True)
    return ways


def ways_of(actor: Actor, referrals: Sequence[Referral], now: datetime, *, at_receiving: bool) -> list[Way]:
    """Referrals in words, with what can follow and who can say so."""
    standing, said = consents.standing({r.participant for r in referrals if r.participant}), statuses(referrals, now)
    found = []
    for r in referrals:
        own_word = at_receiving and not may_tell(r, now)
        can_follow = [outcome for outcome in BY_TAP if outcome.value in FOLLOWS[r.status]]
        shown = [outcome for outcome in can_follow if at_receiving or outcome in LIKELY]
        voices = (Source.PARTICIPANT,) if own_word else AT_COUNTER if at_receiving else WHERE_MADE
        found.append(
            Way(
                id=r.fact, words=label(r.fact), service=str(Service(r.service).label), outcome_id=ids.new(),
                about=_("from %s") % _named(actor, r.from_site) if at_receiving else leads_to(actor, r),
                since=clock.local(r.accepted_at or r.made_at, r.from_site.time_zone), status=str(STATUSES[said[r.fact]]),
                leave_alone=r.participant is not None and standing[r.participant] == "do_not_contact",
                outcomes=[(o.value, o.label) for o in shown], rarer=[(o.value, o.label) for o in can_follow if o not in shown],
                may_be_refused=Outcome.REFUSED_BY_SERVICE.value in FOLLOWS[r.status],
                voices=[(voice.value, _SAYS[voice.value]) for voice in voices], needs_own_word=own_word,
                post_to=reverse("referral-outcome" if at_receiving else "referral-made-outcome", args=[r.fact]),
            )
        )
    return found


def _named(actor: Actor, site: Site) -> str:
    """A place in words; one where people are held is named only to those who have a role there."""
    return _("another service") if site.closed_setting and not actor.may("visit.read", site.key) else site.name


def leads_to(actor: Actor, referral: Referral) -> str:
    """Where a referral leads, in words."""
    if referral.to_site is not None:
        return _("to %s") % _named(actor, referral.to_site)
    return _("to %s") % referral.to_service if referral.to_service else _("no place was named")


# -- what became of one ----------------------------------------------------------------------------------------------------------


@may("referral.close", methods=("POST",))
def outcome(request: ActorRequest, referral: uuid.UUID) -> HttpResponse:
    """The person arrived, or did not: a fact of its own, recorded where they were sent."""
    found = Referral.objects.filter(request.actor.filter("referral.close", "to_site"), fact=referral).select_related("to_site").first()
    return _record(request, found, found.to_site if found else None, AT_COUNTER, "referrals")


@may("referral.follow", methods=("POST",))
def outcome_where_made(request: ActorRequest, referral: uuid.UUID) -> HttpResponse:
    """What the person, or who went along, says of it: recorded where it was made."""
    found = Referral.objects.filter(request.actor.filter("referral.follow", "from_site"), fact=referral).select_related("from_site").first()
    return _record(request, found, found.from_site if found else None, WHERE_MADE, "referrals-made")


def _record(request: ActorRequest, found: Referral | None, site: Site | None, may_say: Sequence[Source], back: str) -> HttpResponse:
    post, reason = request.POST, request.POST.get("refused", "")
    status = Outcome.REFUSED_BY_SERVICE.value if reason else post.get("status", "")
    source = post.get("source", may_say[0].value)
    is_known = status in Outcome.values and source in {voice.value for voice in may_say} and (not reason or reason in RefusalReason.values)
    if found is None or site is None or not is_known:
        raise Http404
    record(
        Draft(
            kind="facts.referral_outcome", site=site.id, id=posted_id(request), participant=found.participant,
            payload={"referral": str(found.fact), "status": status, "source": source, "reason": reason or None},
        ),
        actor=request.actor,
    )
    said = f"saved={quote(label(found.fact))}" + ("&refused=1" if reason else "")
    word = post.get("person", "")
    if word and held(request, word):
        return redirect(f"{reverse('person', args=[word])}?at={site.id}&{said}")
    return redirect(f"{reverse(back)}?{said}")
