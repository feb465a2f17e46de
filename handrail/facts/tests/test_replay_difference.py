"""What differs between live and replayed state is counted row by row, whichever way it differs."""

from __future__ import annotations

from handrail.facts import participants
from handrail.facts.models import Participant
from handrail.facts.replay import Difference, rebuild
from handrail.kernel import crypto, ids, scope
from handrail.kernel.database import as_owner
from tests import world as small_world


def test_a_row_too_many_one_too_few_and_a_changed_one_are_each_told_and_mended(own_database):
    with as_owner():
        world = small_world.find()
        with scope.enter([world.harbour.key]):
            for _person in range(3):
                participants.enrol(actor=world.actors["naima"], site=world.van.id, code=crypto.new_code(), participant=ids.random(), birth_year=1985)
            assert rebuild() == []
            first, second, _third = Participant.objects.order_by("key")
            first.delete()
            Participant.objects.filter(key=second.key).update(birth_year=1984)
            found = rebuild()
            assert [d for d in found if d.table == Participant._meta.db_table] == [Difference(Participant._meta.db_table, 1, 2)]
            assert rebuild() == []
            row = Participant.objects.order_by("key")[0]
            row.pk, row.id = None, ids.random()
            row.save(force_insert=True)
            assert rebuild() == [Difference(Participant._meta.db_table, 1, 0)]
