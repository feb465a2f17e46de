"""Wounds that were looked after, in coarse codes: no place on the body, no picture, no words (`domain/exchange.md` 3)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Answer, Codes, Compose, Kind, Matrix, Payload, Privacy, info


class Wound(Codes):
    """What it looked like."""

    SMALL = "small", _("Small wound or graze")
    ABSCESS = "abscess", _("Abscess or swelling")
    ULCER = "ulcer", _("Open sore that does not heal")
    BURN = "burn", _("Burn")
    OTHER = "other", _("Another")


class Done(Codes):
    """What was done."""

    DRESSED = "dressed", _("Cleaned and dressed")
    SELF_CARE = "self_care", _("Given things and advice")
    NEEDS_DOCTOR = "needs_doctor", _("Needs a doctor, went")
    DOCTOR_DECLINED = "doctor_declined", _("Needs a doctor, not now")


class WoundCare(Payload):
    """One wound, or several of a sort."""

    wound: Wound = info(_("Wound"), privacy=Privacy.CLINICAL)
    done: Done = info(_("Done"), privacy=Privacy.CLINICAL)


KIND = Kind(
    title=_("Wound care"),
    explain=_("Wounds that were looked after, in coarse codes."),
    payload=WoundCare,
    may="exchange.record",
    sample=WoundCare(wound=Wound.SMALL, done=Done.DRESSED),
    compose=Compose(
        order=35, title=_("Wound care"), folded=True,
        part=Matrix(
            row="wound", shown=(Wound.SMALL, Wound.ABSCESS),
            answers=tuple(Answer(d.value, d.label, {"done": d}) for d in Done),
        ),
    ),
)
