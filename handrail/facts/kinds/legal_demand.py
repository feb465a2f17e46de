"""Police, a court or a prosecutor wants data (security.md T3). Refused by default; no person is named here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Authority(Codes):
    """Who demands."""

    POLICE = "police", _("Police")
    COURT = "court", _("A court")
    PROSECUTOR = "prosecutor", _("A prosecutor")
    OTHER = "other", _("Another authority")


class DemandForm(Codes):
    """How the demand came."""

    SPOKEN = "spoken", _("Spoken, without paper")
    LETTER = "letter", _("A letter")
    SUBPOENA = "subpoena", _("A subpoena")
    COURT_ORDER = "court_order", _("An order of a court")
    SEARCH = "search", _("A search")


class Wanted(Codes):
    """What was asked for."""

    WHETHER_KNOWN = "whether_known", _("Whether somebody comes here")
    ONE_RECORD = "one_record", _("The record of one person")
    LIST = "list", _("A list of people")
    TREATMENT = "treatment", _("Treatment and doses")
    TESTS = "tests", _("Tests and results")
    WHEREABOUTS = "whereabouts", _("Where somebody is or was")
    FOOTAGE = "footage", _("Pictures or recordings")
    DEVICES = "devices", _("Phones or computers")
    OTHER = "other", _("Something else")


class LegalDemand(Payload):
    """Logged by whoever was asked. Until two people decide otherwise the answer is no."""

    from_whom: Authority = info(_("Who asks"), privacy=Privacy.OPERATIONAL)
    form: DemandForm = info(_("How it came"), privacy=Privacy.OPERATIONAL)
    asked: tuple[Wanted, ...] = info(_("What they want"), privacy=Privacy.OPERATIONAL, min_length=1)
    lawyer_asked: bool = info(_("A lawyer was asked"), privacy=Privacy.OPERATIONAL, default=False)


KIND = Kind(
    title=_("Legal demand"),
    explain=_("Police, a court or a prosecutor wants data. The answer is no until a lawyer was asked and a second person decided."),
    payload=LegalDemand,
    may="demand.log",
    sample=LegalDemand(from_whom=Authority.POLICE, form=DemandForm.SPOKEN, asked=(Wanted.WHETHER_KNOWN,)),
    needs_encounter=False,
)
