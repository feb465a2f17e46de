"""A coordinator's decision on a record that was kept aside: it counts from now on, or never."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Decision(Codes):
    """What was decided."""

    COUNTS = "counts", _("It counts")
    DOES_NOT_COUNT = "does_not_count", _("It does not count")


class Released(Payload):
    """Which record, and the decision."""

    target: uuid.UUID = info(_("Record"), privacy=Privacy.OPERATIONAL)
    decision: Decision = info(_("Decision"), privacy=Privacy.OPERATIONAL)


KIND = Kind(
    title=_("Decision on a record kept aside"),
    explain=_("Lets a record that was kept aside count, or says that it does not."),
    payload=Released,
    may="records.review",
    sample=Released(target=uuid.UUID(int=1), decision=Decision.COUNTS),
    needs_encounter=False,
    step_up=True,
    about="target",
)
