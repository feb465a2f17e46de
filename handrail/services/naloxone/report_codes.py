"""Code lists of a report of an overdose (`domain/naloxone.md` 6). Nothing in them says who it was."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes


class ReportChannel(Codes):
    """How the report came in."""

    STAFF_FORM = "staff_form", _("Written by staff")
    PEER_FORM = "peer_form", _("Written by a peer")
    PUBLIC_FORM = "public_form", _("By the public form")
    PHONE_TRANSCRIBED = "phone_transcribed", _("By phone, written down")
    PAPER = "paper", _("On paper")


class Precision(Codes):
    """How exactly anybody knows when it was."""

    HOUR = "hour", _("To the hour")
    DAY = "day", _("To the day")
    WEEK = "week", _("To the week")
    MONTH = "month", _("To the month")
    UNKNOWN = "unknown", _("Not known")


class Reporter(Codes):
    """Who tells of it."""

    PERSON_WHO_OVERDOSED = "person_who_overdosed", _("The person who overdosed")
    FRIEND_OR_PEER = "friend_or_peer", _("A friend or peer")
    FAMILY = "family", _("Family")
    BYSTANDER = "bystander", _("Somebody who was there")
    PEER_WORKER = "peer_worker", _("Peer worker")
    OUTREACH_WORKER = "outreach_worker", _("Outreach worker")
    SITE_STAFF = "site_staff", _("Staff of the place")
    HOUSING_STAFF = "housing_staff", _("Staff where people live")
    POLICE = "police", _("Police")
    FIRE = "fire", _("Fire service")
    AMBULANCE = "ambulance", _("Ambulance")
    PHARMACIST = "pharmacist", _("Pharmacist")
    PRISON_STAFF = "prison_staff", _("Prison staff")
    OTHER = "other", _("Somebody else")
    UNKNOWN = "unknown", _("Not known")


class PlaceKind(Codes):
    """The sort of place; never an address."""

    OWN_HOME = "own_home", _("Own home")
    OTHER_HOME = "other_home", _("Somebody else’s home")
    STREET = "street", _("Street")
    PARK = "park", _("Park")
    PUBLIC_TOILET = "public_toilet", _("Public toilet")
    VEHICLE = "vehicle", _("Vehicle")
    HOTEL_HOSTEL = "hotel_hostel", _("Hotel or hostel")
    SHELTER = "shelter", _("Shelter")
    SUPPORTED_HOUSING = "supported_housing", _("Supported housing")
    USING_SPOT = "using_spot", _("Place where people use")
    BAR_CLUB = "bar_club", _("Bar or club")
    CONSUMPTION_SITE = "consumption_site", _("Consumption site")
    DROP_IN = "drop_in", _("Drop-in")
    HEALTH_FACILITY = "health_facility", _("Health facility")
    CUSTODY = "custody", _("Custody")
    WORK = "work", _("Work")
    EMPTY_BUILDING = "empty_building", _("Empty building")
    BEACH = "beach", _("Beach")
    OTHER = "other", _("Another place")
    UNKNOWN = "unknown", _("Not known")


class AgeSeen(Codes):
    """Age as it seemed, in bands."""

    UNDER_20 = "under_20", _("under 20")
    FROM_20 = "20_29", "20–29"
    FROM_30 = "30_39", "30–39"
    FROM_40 = "40_49", "40–49"
    FROM_50 = "50_59", "50–59"
    FROM_60 = "60_plus", _("60 and over")
    UNKNOWN = "unknown", _("Not known")


class GenderSeen(Codes):
    """Gender as it seemed to whoever tells."""

    FEMALE = "female", _("Woman")
    MALE = "male", _("Man")
    DIVERSE = "diverse", _("Another")
    UNKNOWN = "unknown", _("Not known")


class Substance(Codes):
    """What had been taken, as far as anybody knows."""

    HEROIN = "heroin", _("Heroin")
    FENTANYL_TYPE = "fentanyl_type", _("Fentanyl and the like")
    NITAZENE_TYPE = "nitazene_type", _("Nitazenes")
    METHADONE = "methadone", _("Methadone")
    BUPRENORPHINE = "buprenorphine", _("Buprenorphine")
    MORPHINE = "morphine", _("Morphine")
    OXYCODONE = "oxycodone", _("Oxycodone")
    HYDROMORPHONE = "hydromorphone", _("Hydromorphone")
    CODEINE = "codeine", _("Codeine")
    TRAMADOL = "tramadol", _("Tramadol")
    PETHIDINE = "pethidine", _("Pethidine")
    OTHER_OPIOID = "other_opioid", _("Another opioid")
    BENZODIAZEPINE = "benzodiazepine", _("Benzodiazepines")
    FLUNITRAZEPAM = "flunitrazepam", _("Flunitrazepam")
    XYLAZINE_TYPE = "xylazine_type", _("Xylazine, medetomidine and the like")
    ALCOHOL = "alcohol", _("Alcohol")
    COCAINE = "cocaine", _("Cocaine")
    CRACK = "crack", _("Crack")
    METHAMPHETAMINE = "methamphetamine", _("Methamphetamine")
    AMPHETAMINE = "amphetamine", _("Amphetamine")
    GABAPENTINOID = "gabapentinoid", _("Pregabalin, gabapentin")
    CANNABIS = "cannabis", _("Cannabis")
    OTHER = "other", _("Something else")
    UNKNOWN = "unknown", _("Not known")


class RiskFactor(Codes):
    """What made it more dangerous."""

    ALONE = "alone", _("Alone")
    MIXED = "mixed", _("Mixed")
    AFTER_CUSTODY = "after_custody", _("After custody")
    AFTER_HOSPITAL_OR_DETOX = "after_hospital_or_detox", _("After hospital or detox")
    BREAK_IN_USE = "break_in_use", _("After a break")
    OAT_INDUCTION = "oat_induction", _("Start of methadone or buprenorphine")
    ILLNESS = "illness", _("Ill")
    NEW_SUPPLY = "new_supply", _("New supply")
    OTHER = "other", _("Something else")
    UNKNOWN = "unknown", _("Not known")


class StateFound(Codes):
    """How the person was found."""

    RESPONSIVE_DROWSY = "responsive_drowsy", _("Drowsy, answered")
    UNRESPONSIVE_BREATHING = "unresponsive_breathing", _("Did not answer, breathed")
    UNRESPONSIVE_NOT_BREATHING = "unresponsive_not_breathing", _("Did not answer, did not breathe")
    UNKNOWN = "unknown", _("Not known")


class Action(Codes):
    """What was done. “Nothing” stands alone."""

    STIMULATED = "stimulated", _("Tried to wake")
    CALLED_HELP = "called_help", _("Called for help")
    RESCUE_BREATHS = "rescue_breaths", _("Rescue breaths")
    COMPRESSIONS = "compressions", _("Chest compressions")
    OXYGEN = "oxygen", _("Oxygen")
    NALOXONE = "naloxone", _("Naloxone")
    RECOVERY_POSITION = "recovery_position", _("Recovery position")
    STAYED = "stayed", _("Stayed")
    OTHER = "other", _("Something else")
    NONE = "none", _("Nothing")
    UNKNOWN = "unknown", _("Not known")


class DoseRoute(Codes):
    """How a dose was given."""

    NASAL = "nasal", _("Into the nose")
    IM = "im", _("Into a muscle")
    IV = "iv", _("Into a vein")
    OTHER = "other", _("Another way")
    UNKNOWN = "unknown", _("Not known")


class GivenBy(Codes):
    """Who gave it."""

    REPORTER = "reporter", _("Whoever tells")
    BYSTANDER = "bystander", _("Somebody who was there")
    PEER_WORKER = "peer_worker", _("Peer worker")
    STAFF = "staff", _("Staff")
    POLICE = "police", _("Police")
    AMBULANCE = "ambulance", _("Ambulance")


class Available(Codes):
    """Whether naloxone was there; it feeds the 80 % number."""

    USED = "used", _("Used")
    PRESENT_NOT_NEEDED = "present_not_needed", _("There, not needed")
    PRESENT_NOT_USED = "present_not_used", _("There, not used")
    ABSENT = "absent", _("Not there")
    UNKNOWN = "unknown", _("Not known")


class WhyNotCalled(Codes):
    """Why nobody called."""

    FEAR_POLICE = "fear_police", _("Fear of police")
    FEAR_EVICTION = "fear_eviction", _("Fear of losing the home")
    FEAR_IMMIGRATION = "fear_immigration", _("Fear about residence")
    FEAR_CHILD_SERVICES = "fear_child_services", _("Fear about children")
    COST = "cost", _("Cost")
    NO_PHONE = "no_phone", _("No phone")
    BAD_EXPERIENCE = "bad_experience", _("Bad experience")
    ASKED_NOT_TO = "asked_not_to", _("Asked not to")
    RECOVERED_FAST = "recovered_fast", _("Recovered fast")
    NO_SERVICE = "no_service", _("No ambulance there")
    OTHER = "other", _("Something else")
    NOT_SAID = "not_said", _("Not said")


class PoliceAction(Codes):
    """What the police did."""

    HELPED = "helped", _("Helped")
    NONE = "none", _("Nothing")
    QUESTIONED = "questioned", _("Questioned people")
    SEARCHED = "searched", _("Searched people")
    CONFISCATED = "confiscated", _("Took things away")
    ARRESTED = "arrested", _("Arrested somebody")
    OTHER = "other", _("Something else")


class StayedUntil(Codes):
    """How long somebody stayed."""

    RECOVERED = "recovered", _("Until they recovered")
    HELP_ARRIVED = "help_arrived", _("Until help came")
    LEFT_BEFORE = "left_before", _("Left before")
    UNKNOWN = "unknown", _("Not known")


class Outcome(Codes):
    """How it ended: exactly one. Where they went afterwards is another question."""

    RECOVERED = "recovered", _("Recovered")
    ALIVE_HANDED_OVER = "alive_handed_over", _("Alive when ambulance or hospital took over")
    DIED = "died", _("Died")
    UNKNOWN = "unknown", _("Not known")
    NOT_AN_OVERDOSE = "not_an_overdose", _("It was no overdose")


class Afterwards(Codes):
    """Where they went."""

    STAYED_ON_SCENE = "stayed_on_scene", _("Stayed there")
    DECLINED_AMBULANCE = "declined_ambulance", _("Did not want the ambulance")
    HOSPITAL = "hospital", _("Hospital")
    LEFT = "left", _("Left")
    CUSTODY = "custody", _("Custody")
    UNKNOWN = "unknown", _("Not known")


class Reaction(Codes):
    """What followed the naloxone. “None” stands alone."""

    NONE = "none", _("None")
    WITHDRAWAL = "withdrawal", _("Withdrawal")
    VOMITING = "vomiting", _("Vomiting")
    AGITATION = "agitation", _("Restless")
    AGGRESSION = "aggression", _("Angry")
    RE_SEDATION = "re_sedation", _("Went under again")
    SEIZURE = "seizure", _("Seizure")
    OTHER = "other", _("Something else")
    UNKNOWN = "unknown", _("Not known")


class KitPerformance(Codes):
    """How the kit did."""

    WORKED = "worked", _("Worked")
    DEVICE_FAILED = "device_failed", _("The device failed")
    EXPIRED_USED = "expired_used", _("It was expired, and used")
    PART_MISSING = "part_missing", _("A part was missing")
    UNKNOWN = "unknown", _("Not known")
