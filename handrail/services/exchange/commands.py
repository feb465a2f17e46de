"""Commands of the exchange room: rules first, then the one door.

The visit composer records given, returned and test facts in one go through `facts.visits`; what is finished later,
such as a test whose result arrives, has its command here.
"""

from __future__ import annotations

import uuid

from handrail.facts.record import Draft, Mode, Outcome, record
from handrail.kernel.access import Actor
from handrail.services.exchange.kinds.test import Result, State, TestDone
from handrail.services.exchange.models import OpenTest


def finish_test(*, actor: Actor, test: OpenTest, result: Result, told: bool, id: uuid.UUID) -> Outcome:
    """The result of an open test is known: a correction of the test's fact, so that it is counted once."""
    finished = TestDone(disease=test.disease, state=State.RESULTED, result=result, told=told)
    return record(
        Draft(
            kind="exchange.test", payload=finished, site=test.site.id, id=id, encounter=test.encounter,
            participant=test.participant, occurred_at=test.occurred_at, supersedes=(test.fact,),
        ),
        actor=actor, mode=Mode.TYPED,
    )

