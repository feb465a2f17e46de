"""What became of the tests after a needlestick. That a test was done, never what it said: a team knows who was pricked.

The result belongs to the person and their clinic; here it would be the result of somebody everybody can name.
"""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class FollowUpTest(Codes):
    """Tests after an exposure to blood."""

    HIV = "HIV", _("HIV")
    HCV = "HCV", _("Hepatitis C")
    HBV = "HBV", _("Hepatitis B")
    OTHER = "other", _("Other")


class Became(Codes):
    """What became of it."""

    DONE = "done", _("Done")
    DECLINED = "declined", _("Declined")
    NOT_POSSIBLE = "not_possible", _("Not possible here")


class NeedlestickFollowed(Payload):
    """One test of one exposure; when it was is the record's own time."""

    exposure: uuid.UUID = info(_("Needlestick"), privacy=Privacy.OPERATIONAL)
    test: FollowUpTest = info(_("Follow-up test"), privacy=Privacy.CLINICAL)
    became: Became = info(_("What became of it"), privacy=Privacy.CLINICAL)


KIND = Kind(
    title=_("After a needlestick"),
    explain=_("A follow-up test after an exposure to blood was done or declined. Its result is not kept here, and nobody is named."),
    payload=NeedlestickFollowed,
    may="exchange.record",
    sample=NeedlestickFollowed(exposure=uuid.UUID(int=6), test=FollowUpTest.HIV, became=Became.DONE),
    needs_encounter=False,
    about="exposure",
)
