"""Questions about symptoms of tuberculosis or a sexually transmitted infection: a screen, not a test (`domain/exchange.md` 6)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Answer, Codes, Compose, Kind, Matrix, Payload, Privacy, info


class Screened(Codes):
    """What was asked about."""

    TB = "TB", _("Tuberculosis")
    STI = "STI", _("Sexually transmitted infections")


class Finding(Codes):
    """What came of it. Not screened is an answer of its own, never “no symptoms”."""

    SYMPTOMS = "symptoms", _("Symptoms")
    NO_SYMPTOMS = "no_symptoms", _("No symptoms")
    NOT_SCREENED = "not_screened", _("Not screened")
    ON_TREATMENT = "on_treatment", _("On treatment")


class Screen(Payload):
    """One screen."""

    disease: Screened = info(_("About"), privacy=Privacy.CLINICAL)
    finding: Finding = info(_("Finding"), privacy=Privacy.CLINICAL)


KIND = Kind(
    title=_("Symptom screen"),
    explain=_("Questions about symptoms. A screen is not a test and gives no diagnosis."),
    payload=Screen,
    may="exchange.test",
    may_read="exchange.test.follow",
    sample=Screen(disease=Screened.TB, finding=Finding.NO_SYMPTOMS),
    compose=Compose(
        order=32, title=_("Symptom screens"), folded=True,
        part=Matrix(
            row="disease", shown=(Screened.TB, Screened.STI),
            answers=tuple(Answer(f.value, f.label, {"finding": f}) for f in Finding),
        ),
    ),
)
