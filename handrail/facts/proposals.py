"""Who may be one person: proposals, what speaks for them, a reviewer's decision, and how to undo it.

Nothing is ever joined by itself, and the counter never hears of a proposal (`domain/people.md` 3.3).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.utils.translation import gettext as _

from handrail.facts.codes_of_people import AgeBand, Agreed, Corroboration, Language
from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import CardToken, CodeHint, Fact, Handle, Participant, Proposal, Site
from handrail.facts.people_fold import MERGED
from handrail.facts.people_rules import closed_site_of, last_survivor
from handrail.facts.record import Draft, Refusal, lock_organisation, record
from handrail.facts.recorded import COUNTS
from handrail.facts.spec import Text
from handrail.kernel import audit, clock, commands, ids, scope
from handrail.kernel.access import Actor

_BANDS = ((15, AgeBand.UNDER_15), (20, AgeBand.FROM_15), (25, AgeBand.FROM_20), (30, AgeBand.FROM_25), (40, AgeBand.FROM_30),
          (50, AgeBand.FROM_40), (60, AgeBand.FROM_50))


@dataclass(frozen=True)
class Fit:
    """One thing to compare. `fits` is None where only a person can say."""

    code: Corroboration
    newer: Text
    older: Text
    fits: bool | None


# -- proposing ---------------------------------------------------------------------------------------------------------------


def near_matches(newer: uuid.UUID, hints: Sequence[bytes], *, actor: Actor) -> list[Proposal]:
    """Propose whoever gave all but one of the same answers; nobody when several answers could be the wrong one."""
    rows = [row for row in CodeHint.objects.filter(token__in=hints).exclude(participant=newer) if bytes(row.token) == hints[row.position]]
    if len({row.position for row in rows}) != 1:
        return []
    return [propose(newer=newer, older=row.participant, position=row.position, actor=actor) for row in rows]


def propose(*, newer: uuid.UUID, older: uuid.UUID, actor: Actor, position: int | None = None) -> Proposal:
    """Put two participants before a reviewer; a pair that is there already, either way round, stays as it is."""
    newer, older = last_survivor(newer), last_survivor(older)
    if newer == older:
        raise Refusal([("", _("Both codes are of one person already."))])
    there: Proposal | None = Proposal.objects.filter(newer__in=[newer, older], older__in=[newer, older]).first()
    if there is not None:
        return there
    row = Proposal(organisation_id=actor.organisation, newer=newer, older=older, position=position, proposed_at=clock.now())
    return commands.add(row, actor=actor)


def open_ones(actor: Actor) -> list[Proposal]:
    """Proposals to look at, oldest first; those between people of a closed setting only for a role held there."""
    rows = Proposal.objects.filter(state__in=[Proposal.State.OPEN, Proposal.State.UNSURE]).order_by("state", "key")[:200]
    return [row for row in rows if is_visible(row.newer, actor) and is_visible(row.older, actor)]


def is_visible(participant: uuid.UUID, actor: Actor) -> bool:
    """Whether a reviewer may see this person: somebody known only inside a closed place needs a role there."""
    inside = closed_site_of(participant)
    return inside is None or actor.may("person.review", inside)


# -- what speaks for it --------------------------------------------------------------------------------------------------------


def corroboration(newer: uuid.UUID, older: uuid.UUID) -> list[Fit]:
    """What is known of both, side by side: only what can support that they are one person."""
    rows = {row.id: row for row in Participant.objects.filter(id__in=[newer, older])}
    first, second = (rows.get(who, Participant(id=who)) for who in (newer, older))
    handles = dict(Handle.objects.filter(participant__in=[newer, older]).values_list("participant", "word"))
    return [
        _age(first, second),
        _compare(Corroboration.HANDLE, handles.get(newer, "").casefold(), handles.get(older, "").casefold(), handles.get(newer), handles.get(older)),
        _languages(first, second),
        _compare(Corroboration.SITE, *(_usual_site(who) for who in (newer, older))),
        _cards(newer, older),
    ]


def _compare(code: Corroboration, newer: str, older: str, shown_newer: str | None = None, shown_older: str | None = None) -> Fit:
    return Fit(code, shown_newer or newer, shown_older or older, bool(newer) and newer == older)


def band_of(row: Participant, on: date) -> str:
    """Code of the age band of a person, from the year of birth or as they said; empty when not known."""
    if row.birth_year is None:
        return row.age_band
    age = on.year - row.birth_year
    return next((band.value for limit, band in _BANDS if age < limit), AgeBand.FROM_60.value)


def _age(newer: Participant, older: Participant) -> Fit:
    bands = [band_of(row, clock.now().date()) for row in (newer, older)]
    shown = [str(AgeBand(band).label) if band else "" for band in bands]
    return Fit(Corroboration.AGE, shown[0], shown[1], bands[0] == bands[1] if all(bands) else False)


def _languages(newer: Participant, older: Participant) -> Fit:
    shown = [", ".join(str(Language(code).label) for code in row.languages if code in Language.values) for row in (newer, older)]
    return Fit(Corroboration.LANGUAGE, shown[0], shown[1], bool(set(newer.languages) & set(older.languages)))


def _usual_site(participant: uuid.UUID) -> str:
    counted = Counter(
        Fact.objects.filter(participant=participant, kind="facts.encounter").exclude(site=None).values_list("site", flat=True)
    )
    if not counted:
        return ""
    return str(Site.objects.get(key=counted.most_common(1)[0][0]).name)


def _cards(newer: uuid.UUID, older: uuid.UUID) -> Fit:
    """A card of one of them, shown at review, ties the two together; only the reviewer can say whether it was shown."""
    holders = set(CardToken.objects.filter(participant__in=[newer, older], sort=CardToken.Sort.ISSUED).values_list("participant", flat=True))
    shown = [_("Yes") if who in holders else _("No") for who in (newer, older)]
    return Fit(Corroboration.CARD, shown[0], shown[1], None if holders else False)


# -- deciding ------------------------------------------------------------------------------------------------------------------


@transaction.atomic
def decide(
    *, actor: Actor, proposal: Proposal, outcome: str, corroborating: Sequence[str], agreed: str, decision: uuid.UUID
) -> Proposal:
    """A reviewer's word. “Same” needs two corroborating facts and joins the records; sent twice, it is done once."""
    actor.require("person.merge")
    lock_organisation()
    proposal.refresh_from_db()
    if Fact.objects.filter(id=decision).exists():
        return proposal
    if outcome == Proposal.State.SAME:
        _merge(actor, proposal, corroborating, agreed, decision)
    elif outcome not in {Proposal.State.DIFFERENT, Proposal.State.UNSURE}:
        raise Refusal([("outcome", _("Choose one of the answers."))])
    elif last_survivor(proposal.newer) == last_survivor(proposal.older):
        raise Refusal([("outcome", _("This record was joined with another before. Undo that first."))])
    proposal.state, proposal.corroborating = outcome, sorted(set(corroborating))
    proposal.person_agreed = {Agreed.YES.value: True, Agreed.NO.value: False}.get(agreed)
    proposal.decided_by, proposal.decided_at = actor.staff_id, clock.now()
    proposal.save()
    audit.write("same_person.decided", actor=actor, object_kind="proposal", object_id=proposal.id, detail={"outcome": outcome})
    return proposal


def _merge(actor: Actor, proposal: Proposal, corroborating: Sequence[str], agreed: str, decision: uuid.UUID) -> None:
    speaks = {fit.code.value for fit in corroboration(proposal.newer, proposal.older) if fit.fits is not False}
    if agreed == Agreed.NO:
        raise Refusal([("agreed", _("The person said no: the records stay apart."))])
    if agreed not in Agreed.values:
        raise Refusal([("agreed", _("Say whether the person said yes."))])
    if len(speaks & set(corroborating)) < 2:
        raise Refusal([("corroborating", _("Two facts that fit together are needed to say that two people are one."))])
    record(
        Draft(
            kind=MERGED, id=decision, participant=proposal.older,
            payload={
                "survivor": str(proposal.older), "other": str(proposal.newer), "corroborating": sorted(speaks & set(corroborating)),
                "person_agreed": agreed,
            },
        ),
        actor=actor,
    )


def merges() -> list[Recorded]:
    """Every merge that counts now, newest first."""
    with connection.cursor() as cursor:
        return list(read_facts(cursor, scope.organisation(), f"f.kind = '{MERGED}' AND {COUNTS}", [], "ORDER BY f.counter DESC LIMIT 200"))


@transaction.atomic
def undo(*, actor: Actor, merge: uuid.UUID) -> None:
    """Take a merge back: each of the two is found again by their own codes. Done twice, it is done once."""
    actor.require("person.merge")
    lock_organisation()
    fact = next((found for found in merges() if found.id == merge), None)
    if fact is None:
        return
    record(
        Draft(kind="facts.taken_back", id=ids.derived(merge, "undone"), payload={"why": "did_not_happen"}, supersedes=(merge,)), actor=actor
    )
    pair = [fact.parsed.survivor, fact.parsed.other]
    Proposal.objects.filter(newer__in=pair, older__in=pair).update(state=Proposal.State.UNSURE)
    audit.write("same_person.undone", actor=actor, object_kind="fact", object_id=merge)
