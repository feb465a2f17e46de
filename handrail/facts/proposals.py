"""Who may be one person: proposals, what speaks for them, a reviewer's decision, and how to undo it.

Nothing is ever joined by itself, and the counter never hears of a proposal (`domain/people.md` 3.3).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils.translation import gettext as _

from handrail.facts.codes_of_people import Agreed
from handrail.facts.corroboration import supports
from handrail.facts.fold import Recorded, read_facts
from handrail.facts.kinds.merged import LEAST
from handrail.facts.models import CodeHint, Fact, Proposal
from handrail.facts.people_fold import MERGED
from handrail.facts.people_rules import closed_site_of, last_survivor
from handrail.facts.record import Draft, Refusal, lock_organisation, record
from handrail.facts.recorded import COUNTS
from handrail.kernel import audit, clock, commands, ids, scope
from handrail.kernel.access import Actor

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
    speaks = supports(proposal.newer, proposal.older)
    if agreed == Agreed.NO:
        raise Refusal([("agreed", _("The person said no: the records stay apart."))])
    if agreed not in Agreed.values:
        raise Refusal([("agreed", _("Say whether the person said yes."))])
    if len(speaks & set(corroborating)) < LEAST:
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
