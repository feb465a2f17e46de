"""What a person wants: the part of their page about consent and contact, and the small forms behind it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from handrail.facts import consents, wishes
from handrail.facts.fold import Recorded
from handrail.facts.kinds.consent import How, Profile, Purpose, Recipients, RecordClass, Teller, Until, Witness
from handrail.facts.kinds.disclosed import Basis, Emergency, Law
from handrail.facts.kinds.legal_decision import Decision
from handrail.facts.kinds.status import Standing
from handrail.facts.models import Consent, Fact, Site
from handrail.facts.queries import today
from handrail.facts.record import Refusal
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.screens.console.about_person import (
    Choices,
    Form,
    at_hand,
    back,
    chosen_place,
    form_of,
    labels,
    mark,
    named_place,
    said,
    show,
    today_of,
    two_words,
)
from handrail.screens.console.at_hand import hold

COMMON_PURPOSES = (Purpose.CARE_WITHIN_PROGRAMME, Purpose.SHARE_WITH_NAMED_PROVIDER, Purpose.CONTACT_ME, Purpose.GUEST_DOSING)
"""What most consents are for; the others are one tap away."""


@dataclass(frozen=True)
class ConsentLine:
    """One consent in words, and whether it holds today."""

    fact: uuid.UUID
    purpose: str
    to_whom: str
    scope: list[str]
    until: str
    given_at: datetime
    state: str
    tone: str
    holds: bool
    tell: list[str]
    """Recipients to be told that it ended."""


@dataclass(frozen=True)
class ToldLine:
    """Something that was told, in words for the person."""

    at: datetime
    what: list[str]
    to_whom: str
    basis: str
    notice: bool


@dataclass(frozen=True)
class Section:
    """The part of a person's page about what they want."""

    word: str
    at: str
    who: str
    chips: list[tuple[str, str]]
    consents: list[ConsentLine]
    told: int
    is_deceased: bool
    may_read: bool
    """A peer may take consents back without reading them."""
    may_consent: bool
    may_revoke: bool
    may_status: bool
    revoke_id: uuid.UUID


def recipient(to_whom: str) -> str:
    """A recipient in words: the name of a service, or a class of recipients."""
    return str(Recipients(to_whom).label) if to_whom in Recipients.values else to_whom


# -- what a person's page shows ------------------------------------------------------------------------------------------


def chips(participant: uuid.UUID) -> list[tuple[str, str]]:
    """What everybody who meets or looks for this person must know, as (words, tone). Mostly nothing."""
    match consents.standing([participant])[participant]:
        case "do_not_contact":
            return [(_("Does not want to be contacted"), "soon")]
        case "deceased":
            return [(_("Has died"), "note")]
        case "moved":
            return [(_("Moved away"), "note")]
        case "left":
            return [(_("Does not come any more"), "note")]
    return []


def section(request: ActorRequest, participant: uuid.UUID) -> Section:
    """Consents, wishes and what was told, for the page of a person; put it into the page as `wishes`."""
    actor = request.actor
    may_read = actor.may("person.read")
    told = wishes.disclosures(participant) if may_read else []
    return Section(
        word=hold(request, participant), at=named_place(request), who=two_words(participant), chips=chips(participant),
        consents=_consent_lines(actor, participant, told) if may_read else [], told=len(_visible(actor, told)),
        is_deceased=consents.standing([participant])[participant] == "deceased", may_read=may_read, may_consent=actor.may("consent.record"),
        may_revoke=actor.may("person.find"), may_status=actor.may("person.status"), revoke_id=ids.new(),
    )


def _consent_lines(actor: Actor, participant: uuid.UUID, told: Sequence[Recorded]) -> list[ConsentLine]:
    rows = list(Consent.objects.filter(participant__in=consents.selves(participant)).select_related("site").order_by("-given_at", "fact"))
    hidden = _behind_walls(actor, [row.fact for row in rows])
    now, found = clock.now(), []
    for row in rows:
        if row.fact in hidden:
            continue
        is_last = consents.last_given(rows, row.purpose, row.to_whom, now) is row
        holds = is_last and consents.holds(row, now, time_zone=row.site.time_zone if row.site else "UTC")
        if row.revoked_at is not None:
            state, tone = _("taken back"), ""
        elif not is_last:
            state, tone = _("replaced by a later one"), ""
        elif holds:
            state, tone = _("holds"), "go"
        else:
            state, tone = _("not on this day"), "note"
        heard = sorted({f.parsed.to_whom for f in told if f.parsed.consent == row.fact}) if row.revoked_at else []
        found.append(
            ConsentLine(
                row.fact, str(Purpose(row.purpose).label), recipient(row.to_whom), said(RecordClass, row.scope),
                row.valid_to.isoformat() if row.valid_to else str(Until(row.until or Until.NONE).label), row.given_at, state, tone,
                row.revoked_at is None and is_last, heard,
            )
        )
    return found


def _behind_walls(actor: Actor, facts: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those recorded where people are held, for whoever has no role there: even the place would tell something."""
    recorded = Fact.objects.filter(id__in=facts, site__in=actor.closed).values_list("id", "site")
    return {fact for fact, site in recorded if not actor.may("person.read", site)}


def _visible(actor: Actor, facts: Sequence[Recorded]) -> list[Recorded]:
    hidden = _behind_walls(actor, [fact.id for fact in facts])
    return [fact for fact in facts if fact.id not in hidden]


# -- pages ---------------------------------------------------------------------------------------------------------------


@may("person.read", methods=("GET", "POST"))
def page(request: ActorRequest, word: str) -> HttpResponse:
    """What this person agreed to and wants, and the way to change it: one tap for how they stand with us."""
    participant = at_hand(request, word, "person.read")
    if request.method == "POST":
        if request.POST.get("status") not in Standing.values:
            raise Http404
        request.actor.require("person.status")
        wishes.set_status(
            actor=request.actor, site=chosen_place(request, "person.status", participant), participant=participant, id=posted_id(request),
            status=request.POST["status"],
        )
        return back(request, word, "status")
    audit.look("person.wishes", actor=request.actor, object_id=participant)
    now = consents.standing([participant])[participant]
    return render(
        request, "console/wishes.html",
        {
            "wishes": section(request, participant), "standings": labels(Standing), "now": now, "id": ids.new(),
            "saved": request.GET.get("saved", ""), "deaths": wishes.deaths(participant) if now == "deceased" else [],
        },
    )


@may("consent.record", methods=("GET", "POST"))
def consent(request: ActorRequest, word: str) -> HttpResponse:
    """A new consent: only what the programme's profile needs."""
    participant = at_hand(request, word, "consent.record")
    form = form_of(request, word, participant, "consent.record", many=("scope",))
    profile = consents.profile_now()
    if request.method == "POST":
        try:
            wishes.give_consent(
                actor=request.actor, site=chosen_place(request, "consent.record", participant), participant=participant, id=posted_id(request),
                said=_consent_said(form),
            )
            return back(request, word, "consent")
        except Refusal as refusal:
            mark(form, refusal)
    else:
        place = today_of(request, "consent.record", participant)
        day = place.today if place else today()
        form.values = {"given_on": day.isoformat(), "text_language": (get_language() or "en").split("-")[0], "from_whom": Teller.THIS_PROGRAMME}
    audit.look("person.consent", actor=request.actor, object_id=participant)
    named = {name: consents.words(element) for element, (name, _words) in consents.ELEMENTS.items()} | {"how": _("How it is given")}
    without = [] if profile == Profile.VERBAL else [How.VERBAL_WITNESSED.value]
    rare = labels(Purpose, without=[purpose.value for purpose in COMMON_PURPOSES])
    return show(
        request, "consent", form, profile=profile, purposes=labels(Purpose, without=[value for value, _words in rare]), rare_purposes=rare,
        rare_chosen=form.values.get("purpose") in dict(rare), scopes=labels(RecordClass), tellers=labels(Teller),
        recipients=labels(Recipients), untils=labels(Until), hows=labels(How, without=without), witnesses=labels(Witness),
        missing=[named.get(name, words) for name, words in form.errors.items()],
    )


def _consent_said(form: Form) -> dict[str, Any]:
    """What was typed, in the fields of the kind; what was left open is left out."""
    values = form.values
    plain = ("purpose", "from_whom", "valid_to", "until", "how", "witness", "text_language", "text_version", "given_on")
    found: dict[str, Any] = {name: values[name] for name in plain if values.get(name)}
    found["to_whom"] = values.get("to_service") or values.get("to_class", "")
    found["scope"] = form.ticked["scope"]
    found["copy_given"] = {"yes": True, "no": False}.get(values.get("copy_given", ""))
    for name in ("says_who", "revocation_explained", "redisclosure_explained", "signed"):
        found[name] = name in values
    return found


@may("person.find", methods=("POST",))
def revoke(request: ActorRequest, word: str) -> HttpResponse:
    """One tap: a consent, or all of them, ends now."""
    participant = at_hand(request, word, "person.find")
    named = request.POST.get("consent", "")
    try:
        one = None if named == "all" else uuid.UUID(named)
    except ValueError:
        raise Http404 from None
    try:
        wishes.revoke(
            actor=request.actor, site=chosen_place(request, "person.find", participant), participant=participant, id=posted_id(request), consent=one
        )
    except wishes.UnknownConsent:
        raise Http404 from None
    return back(request, word, "revoked") if request.actor.may("person.read") else redirect("start")


@may("consent.record", methods=("GET", "POST"))
def tell(request: ActorRequest, word: str) -> HttpResponse:
    """Before something is told to others: what, to whom, and what allows it. Refused without that."""
    participant = at_hand(request, word, "consent.record")
    form = form_of(request, word, participant, "consent.record", many=("what",))
    answered = _answered_demands(request.actor)
    if request.method == "POST":
        values = form.values
        demand = values.get("demand") if values.get("demand") in dict(answered) else None
        try:
            wishes.disclose(
                actor=request.actor, site=chosen_place(request, "consent.record", participant), participant=participant, id=posted_id(request),
                what=form.ticked["what"], to_whom=values.get("to_service") or values.get("to_class", ""), basis=values.get("basis", ""),
                purpose=values.get("purpose"), notice_sent="notice_sent" in values, law=values.get("law"), emergency=values.get("emergency"),
                demand=demand,
            )
            return back(request, word, "told")
        except Refusal as refusal:
            mark(form, refusal)
    audit.look("person.tell", actor=request.actor, object_id=participant)
    return show(
        request, "tell", form, bases=labels(Basis), whats=labels(RecordClass), purposes=labels(Purpose), recipients=labels(Recipients),
        laws=labels(Law), emergencies=labels(Emergency), demands=answered, now=consents.profile_now(),
        holding=[c for c in _consent_lines(request.actor, participant, []) if c.tone == "go"],
    )


def _answered_demands(actor: Actor) -> Choices:
    """Demands that may be answered with something, logged where this worker takes consents or reads demands; by their local day."""
    zones = dict(Site.objects.values_list("key", "time_zone"))
    return [
        (str(found.demand.root or found.demand.id), clock.local_date(found.demand.occurred_at, zones.get(found.demand.site, "UTC")).isoformat())
        for found in wishes.demands()
        if found.answer is not None and found.answer.parsed.decision != Decision.REFUSED
        and any(actor.may(permission, found.demand.site) for permission in ("consent.record", "demand.read"))
    ]


@may("person.read")
def told(request: ActorRequest, word: str) -> HttpResponse:
    """Everything that was told about the person, to read out or to print for them."""
    participant = at_hand(request, word, "person.read")
    audit.look("person.told", actor=request.actor, object_id=participant)
    zones = dict(Site.objects.values_list("key", "time_zone"))
    lines = [
        ToldLine(
            clock.local(fact.occurred_at, zones.get(fact.site, "UTC")), said(RecordClass, fact.parsed.what), recipient(fact.parsed.to_whom),
            str(Basis(fact.parsed.basis).label), fact.parsed.notice_sent,
        )
        for fact in _visible(request.actor, wishes.disclosures(participant))
    ]
    return render(request, "console/told.html", {"lines": lines, "word": word, "at": named_place(request), "who": two_words(participant)})
