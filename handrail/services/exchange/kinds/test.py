"""A test that was offered, and how far it went. Not tested is never negative (`domain/exchange.md` 6)."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Answer, Codes, Compose, Kind, Matrix, Payload, Privacy, info


class Disease(Codes):
    """What is tested for."""

    HCV_AB = "HCV_Ab", _("Hepatitis C antibodies")
    HIV = "HIV", _("HIV")
    HCV_RNA = "HCV_RNA", _("Hepatitis C virus")
    HBV = "HBV", _("Hepatitis B")
    SYPHILIS = "syphilis", _("Syphilis")
    PREGNANCY = "pregnancy", _("Pregnancy")
    OTHER = "other", _("Other")


class Method(Codes):
    """What sort of test."""

    RAPID = "rapid", _("Rapid test")
    SELF_TEST = "self_test", _("Self-test")
    DRIED_BLOOD = "dried_blood", _("Dried blood spot")
    LABORATORY = "laboratory", _("Laboratory")


class State(Codes):
    """How far it went."""

    NOT_OFFERED = "not_offered", _("Not offered")
    OFFERED_DECLINED = "offered_declined", _("Declined")
    NOT_INDICATED = "not_indicated", _("Not needed")
    SAMPLE_TAKEN = "sample_taken", _("Sample taken")
    RESULT_PENDING = "result_pending", _("Result to come")
    INVALID = "invalid", _("Did not work")
    RESULTED = "resulted", _("Result known")
    SELF_TEST_GIVEN = "self_test_given", _("Self-test given")
    KNOWN_POSITIVE = "known_positive", _("Already known positive")


class Result(Codes):
    """What a finished test said."""

    NEGATIVE = "negative", _("Negative")
    POSITIVE = "positive", _("Positive")
    INDETERMINATE = "indeterminate", _("Unclear")


class TestDone(Payload):
    """One test. A result stands only where a test gave one."""

    disease: Disease = info(_("Test"), privacy=Privacy.CLINICAL)
    method: Method = info(_("Sort"), privacy=Privacy.OPERATIONAL, default=Method.RAPID)
    state: State = info(_("How far"), privacy=Privacy.CLINICAL)
    result: Result | None = info(_("Result"), privacy=Privacy.CLINICAL, default=None)
    told: bool = info(_("The person knows the result"), privacy=Privacy.CLINICAL, default=False)

    @model_validator(mode="after")
    def _result_only_when_resulted(self) -> Self:
        if (self.state == State.RESULTED) != (self.result is not None):
            raise ValueError(_t("A result is needed when the test is finished, and only then."))
        return self


def _answer(result: Result) -> Answer:
    return Answer(result.value, result.label, {"state": State.RESULTED, "result": result, "told": True})


KIND = Kind(
    title=_("Test"),
    explain=_("A test that was offered, and how far it went. Not tested is not negative."),
    payload=TestDone,
    may="exchange.test",
    sample=TestDone(disease=Disease.HCV_AB, state=State.RESULTED, result=Result.NEGATIVE, told=True),
    compose=Compose(
        order=30,
        title=_("Rapid tests"),
        part=Matrix(
            row="disease",
            shown=(Disease.HCV_AB, Disease.HIV, Disease.SYPHILIS, Disease.PREGNANCY),
            answers=(
                _answer(Result.NEGATIVE),
                _answer(Result.POSITIVE),
                Answer("invalid", _("Did not work"), {"state": State.INVALID}),
                Answer("declined", _("Declined"), {"state": State.OFFERED_DECLINED}),
            ),
        ),
    ),
)
