"""Whoever owns the database and computes chains anew, and the heads that say so."""

from __future__ import annotations

from django.db import connection, transaction

from handrail.facts import heads
from handrail.facts.fold import as_json
from handrail.facts.heads import Heads, Standing
from handrail.facts.record import Draft, record
from handrail.facts.recorded import chain, read_facts
from handrail.kernel import audit, crypto, ids, scope
from handrail.kernel.models import AuditEntry
from tests import plugin
from tests import world as small_world
from tests.chaos.roles import as_superuser

HARBOUR = "(SELECT key FROM facts_organisation WHERE name = 'Harbour')"
ITS = f"organisation_id = {HARBOUR}"
LAST = f"counter = (SELECT max(counter) FROM facts_fact WHERE {ITS})"
AUDIT_LAST = f"number = (SELECT max(number) FROM kernel_auditentry WHERE {ITS})"


def committed():
    """A committed world with some facts and audit lines."""
    world = small_world.find()
    with scope.enter([world.harbour.key]):
        for quantity in range(1, 5):
            give(world, quantity)
            audit.write("site.changed", actor=world.system, detail={"quantity": quantity})
    return world


def give(world, quantity=1):
    """One more fact."""
    record(
        Draft(kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": quantity}]}, site=world.van.id, encounter=ids.new()),
        actor=world.actors["naima"],
    )


def kept(world) -> Heads:
    """The head now, as somebody outside keeps it."""
    with scope.enter([world.harbour.key]):
        return heads.current()


def standing(world, head) -> Standing:
    """What the chains say of a kept head."""
    with scope.enter([world.harbour.key]):
        return heads.compare(head).standing


def as_owner_of_everything(database, script):
    """Past the application."""
    plugin.SERVER.sql(script, database)


def forge_facts(world) -> None:
    """Change the content of a fact and compute the whole chain of facts anew, head and all, as whoever owns the database can."""
    key = world.harbour.key
    with as_superuser(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.organisations', %s, true)", [f"{{{key}}}"])
        facts = list(read_facts(cursor, key, "true", [], "ORDER BY f.counter"))
        target = next(fact for fact in facts if fact.kind == "exchange.given")
        target.raw["lines"][0]["quantity"] = 400
        previous = b""
        for fact in facts:
            fact.body_digest = crypto.digest(crypto.canonical(as_json(fact.raw)))
            fact.digest = previous = chain(previous, fact)
            cursor.execute(
                "UPDATE facts_fact SET payload = %s::jsonb, payload_digest = %s, digest = %s WHERE organisation_id = %s AND counter = %s",
                [crypto.canonical(fact.raw).decode(), fact.body_digest, fact.digest, key, fact.counter],
            )
        cursor.execute("UPDATE facts_head SET digest = %s WHERE organisation_id = %s", [previous, key])


def forge_audit(world) -> None:
    """Take who did it out of one audit line and compute the whole chain of the audit anew."""
    key = world.harbour.key
    with as_superuser(), scope.enter([key]), connection.cursor() as cursor:
        previous = b""
        for line in AuditEntry.objects.order_by("number"):
            actor = None if line.number == 3 else line.actor
            body = audit._body(line.number, line.at, actor, line.action if line.number != 3 else "nothing", line.object_kind, line.object_id, line.detail)
            digest = crypto.digest(previous, body)
            cursor.execute(
                "UPDATE kernel_auditentry SET actor = %s, action = %s, previous = %s, digest = %s WHERE organisation_id = %s AND number = %s",
                [actor, line.action if line.number != 3 else "nothing", previous, digest, key, line.number],
            )
            previous = digest
        cursor.execute("UPDATE kernel_audithead SET digest = %s WHERE organisation_id = %s", [previous, key])


MENDED = {
    "the tail of the facts": f"""
        DELETE FROM facts_fact WHERE {ITS} AND {LAST};
        UPDATE facts_head SET (counter, digest) = (SELECT counter, digest FROM facts_fact WHERE {ITS} AND {LAST}) WHERE {ITS};""",
    "the tail of the audit": f"""
        DELETE FROM kernel_auditentry WHERE {ITS} AND {AUDIT_LAST};
        UPDATE kernel_audithead SET (number, digest) = (SELECT number, digest FROM kernel_auditentry WHERE {ITS} AND {AUDIT_LAST}) WHERE {ITS};""",
    "all facts": f"DELETE FROM facts_fact WHERE {ITS}; UPDATE facts_head SET counter = 0, digest = '' WHERE {ITS};",
    "all of the audit": f"DELETE FROM kernel_auditentry WHERE {ITS}; UPDATE kernel_audithead SET number = 0, digest = '' WHERE {ITS};",
}
