"""A recall ended: nothing of it is left on a shelf, or whoever called the lot back says it may be used."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class RecallEnd(Codes):
    """How it ended."""

    SETTLED = "settled", _("Nothing is left on our shelves")
    LIFTED = "lifted", _("The notice was withdrawn: it may be used")


class RecallClosed(Payload):
    """Which recall, and how it ended. Settled lots stay on hold, should one turn up again."""

    recall: uuid.UUID = info(_("Recall"), privacy=Privacy.OPERATIONAL)
    outcome: RecallEnd = info(_("How it ended"), privacy=Privacy.OPERATIONAL)


KIND = Kind(
    title=_("Recall closed"),
    explain=_("A recall is done, or was withdrawn."),
    payload=RecallClosed,
    may="stock.recall",
    sample=RecallClosed(recall=uuid.UUID(int=6), outcome=RecallEnd.SETTLED),
    needs_encounter=False,
    about="recall",
    asks_about=True,
)
