"""How long sealed records stay: one class for each sealed store, made from the store itself, so that a new store joins by itself."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Organisation
from handrail.facts.organisations import system_actor
from handrail.facts.queries import today
from handrail.kernel import scope
from handrail.kernel.retention import Holds, Purged, RetentionClass, Touch, Unit
from handrail.vault import records
from handrail.vault.models import Erasure, SealedRecord
from handrail.vault.spec import STORES, SealedStore


def of_store(store: SealedStore) -> RetentionClass:
    """The class of one store."""

    def purge(*, before: date, holds: Holds) -> Purged:
        """Destroy the keys of records whose time is over, except of whom is held. `before` says it in days; how a use extends it, the store says."""
        due = [record for record in records.due(today()) if record.store == store.key]
        going = [] if holds.everything else [record for record in due if record.participant not in holds.people]
        organisation = Organisation.objects.get(key=scope.organisation())
        records.destroy(actor=system_actor(organisation), organisation=organisation.id, records=going, why=Erasure.Why.TIME)
        return Purged(count=len(going), held=len(due) - len(going))

    return RetentionClass(
        title=store.title, what_goes=_("The sealed record and its key. Nobody can open it afterwards, from no backup that is older than a month."),
        period=store.keep_days, unit=Unit.DAYS, touches=(Touch(SealedRecord, delete=True), Touch(Erasure, insert=True)), purge=purge,
    )


def more() -> dict[str, RetentionClass]:
    """A class for every sealed store, by the store's key."""
    return {key: of_store(store) for key, store in STORES.all().items()}
