"""A person agrees that something may be told, or that they may be looked for: what for, who may tell what to whom.

Consent to be served is not consent to share; sharing nothing is the default (`domain/people.md` 6). The numbered
elements are those of 42 CFR Part 2 §2.31; which of them are needed is the programme's profile (`facts.consents`).
"""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _
from pydantic import field_validator

from handrail.facts.codes import name_of_service
from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Purpose(Codes):
    """What for."""

    CARE_WITHIN_PROGRAMME = "care_within_programme", _("Care here, across our own services")
    SHARE_WITH_NAMED_PROVIDER = "share_with_named_provider", _("Telling another service")
    LINK_ACROSS_SERVICES = "link_across_services", _("Linking records of several services")
    CONTACT_ME = "contact_me", _("Contacting the person")
    TRACING = "tracing", _("Looking for the person when they stay away")
    GUEST_DOSING = "guest_dosing", _("Doses at another clinic")
    CUSTODY_CONTINUITY = "custody_continuity", _("Treatment going on in custody")
    CASE_WORK = "case_work", _("Case work")
    PUBLIC_STORY = "public_story", _("Telling their story in public")
    RESEARCH_NAMED_STUDY = "research_named_study", _("One named study")
    FUNDER_VERIFICATION = "funder_verification", _("A funder checks our records")
    STATISTICS_IDENTIFIABLE = "statistics_identifiable", _("Statistics that could show who it is")
    SENSOR_IN_HOME = "sensor_in_home", _("A sensor at home")


class RecordClass(Codes):
    """Classes of records."""

    ATTENDANCE = "attendance", _("That the person comes here")
    VISITS = "visits", _("Visits and what was given")
    TESTS = "tests", _("Tests and results")
    TREATMENT = "treatment", _("Treatment and doses")
    HEALTH = "health", _("Wounds, vaccines and other health care")
    REFERRALS = "referrals", _("Referrals")
    HOUSING = "housing", _("Housing")
    CASES = "cases", _("Case work")
    CONTACT = "contact", _("How to reach the person")
    STORY = "story", _("Their story or picture")
    SENSOR = "sensor", _("What a sensor shows")


class Teller(Codes):
    """Who may tell."""

    THIS_PROGRAMME = "this_programme", _("This programme")
    THIS_PLACE = "this_place", _("This place only")
    TREATING_TEAM = "treating_team", _("The treating team")


class Recipients(Codes):
    """Recipients that are a class and not one service."""

    THIS_PROGRAMME = "this_programme", _("This programme itself")
    TREATING_SERVICES = "treating_services", _("All services that treat the person")
    PUBLIC = "public", _("The public")


class Until(Codes):
    """An event that ends it, where there is no date."""

    END_OF_TREATMENT = "end_of_treatment", _("Until the treatment ends")
    RELEASE = "release", _("Until release")
    END_OF_CASE = "end_of_case", _("Until the case is closed")
    END_OF_STUDY = "end_of_study", _("Until the study ends")
    NONE = "none", _("Until the person takes it back")


class How(Codes):
    """How it was given."""

    WRITTEN = "written", _("On paper")
    ELECTRONIC = "electronic", _("On a screen")
    VERBAL_WITNESSED = "verbal_witnessed", _("Spoken, with a witness")


class Witness(Codes):
    """Who witnessed a spoken consent. A kind of person, never a name; never who records it."""

    COLLEAGUE = "colleague", _("A colleague")
    PEER = "peer", _("A peer")
    INTERPRETER = "interpreter", _("An interpreter")
    CHOSEN = "chosen", _("Somebody the person chose")


class Profile(Codes):
    """Which elements were needed when it was given."""

    PART2 = "part2", _("42 CFR Part 2 §2.31 (United States)")
    WRITTEN = "written", _("In writing")
    VERBAL = "verbal", _("In writing, or spoken with a witness")


class Consent(Payload):
    """Numbers are the elements of §2.31; element 5 is the purpose."""

    purpose: Purpose = info(_("What for"), privacy=Privacy.PERSONAL)
    scope: tuple[RecordClass, ...] = info(_("What may be told"), privacy=Privacy.PERSONAL, default=())
    from_whom: Teller | None = info(_("Who may tell"), privacy=Privacy.OPERATIONAL, default=None)
    to_whom: str = info(
        _("To whom"), privacy=Privacy.OPERATIONAL, default="", max_length=120, help_text=_("Name of a service or office, never of a person")
    )
    valid_from: date | None = info(_("Holds from"), privacy=Privacy.OPERATIONAL, default=None)
    valid_to: date | None = info(_("Last day"), privacy=Privacy.OPERATIONAL, default=None)
    until: Until | None = info(_("Until what happens"), privacy=Privacy.OPERATIONAL, default=None)
    how: How = info(_("How it was given"), privacy=Privacy.OPERATIONAL)
    witness: Witness | None = info(_("Witness"), privacy=Privacy.OPERATIONAL, default=None)
    text_language: str = info(_("Language of the text"), privacy=Privacy.OPERATIONAL, default="", pattern=r"^([a-z]{2,3}(-[A-Za-z]{2,4})?)?$")
    text_version: str = info(_("Version of the text"), privacy=Privacy.OPERATIONAL, default="", pattern=r"^[A-Za-z0-9._-]{0,20}$")
    copy_given: bool | None = info(_("Copy given"), privacy=Privacy.OPERATIONAL, default=None)
    says_who: bool = info(_("The text says whom it is about, by code or word"), privacy=Privacy.OPERATIONAL, default=False)
    revocation_explained: bool = info(_("Told how to take it back"), privacy=Privacy.OPERATIONAL, default=False)
    redisclosure_explained: bool = info(_("Told that it may be told on"), privacy=Privacy.OPERATIONAL, default=False)
    signed: bool = info(_("Signed"), privacy=Privacy.OPERATIONAL, default=False)
    given_on: date | None = info(_("Date on it"), privacy=Privacy.OPERATIONAL, default=None)
    profile: Profile = info(_("Rules it was checked against"), privacy=Privacy.OPERATIONAL, default=Profile.PART2)

    @field_validator("to_whom")
    @classmethod
    def _names_a_service(cls, typed: str) -> str:
        return name_of_service(typed)


KIND = Kind(
    title=_("Consent"),
    explain=_("A person agrees that something may be told to somebody, for one purpose, until a day or an event. They can take it back at any time."),
    payload=Consent,
    may="consent.record",
    sample=Consent(
        purpose=Purpose.GUEST_DOSING, scope=(RecordClass.TREATMENT,), from_whom=Teller.THIS_PROGRAMME, to_whom="Riverside clinic",
        until=Until.END_OF_TREATMENT, how=How.WRITTEN, says_who=True, revocation_explained=True, signed=True, given_on=date(2026, 1, 5),
    ),
    needs_encounter=False,
)
