"""The demonstration shows what lies locked away."""

from __future__ import annotations

from handrail.demo import locked_away
from handrail.vault.models import SealedRecord
from handrail.vault.tests.test_records import open_it, somebody


def test_the_person_with_the_card_to_try_has_something_locked_away(in_harbour):
    locked_away.load(in_harbour.system, in_harbour.van, somebody(in_harbour))
    assert open_it(in_harbour, SealedRecord.objects.get()) == locked_away.SAID
