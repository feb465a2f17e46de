"""A test that was offered, and how far it went. Not tested is never negative (`domain/exchange.md` 6)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Answer, Codes, Compose, Detail, Kind, Matrix, Payload, Privacy, info


class Disease(Codes):
    """What is tested for."""

    HCV_AB = "HCV_Ab", _("Hepatitis C antibodies")
    HIV = "HIV", _("HIV")
    HCV_RNA = "HCV_RNA", _("Hepatitis C virus")
    HBV = "HBV", _("Hepatitis B")
    SYPHILIS = "syphilis", _("Syphilis")
    PREGNANCY = "pregnancy", _("Pregnancy")
    TB = "TB", _("Tuberculosis")
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


class SelfReport(Codes):
    """What the person says their self-test said. Their word, not a result: it never counts as tested."""

    NEGATIVE = "self_report_negative", _("They say: negative")
    POSITIVE = "self_report_positive", _("They say: positive")
    UNCLEAR = "self_report_unclear", _("They say: unclear")


class TestDone(Payload):
    """One test. A result stands only where a test gave one. Offered at the record's own time, by the record's own worker."""

    disease: Disease = info(_("Test"), privacy=Privacy.CLINICAL)
    method: Method = info(_("Sort"), privacy=Privacy.OPERATIONAL, default=Method.RAPID)
    state: State = info(_("How far"), privacy=Privacy.CLINICAL)
    result: Result | None = info(_("Result"), privacy=Privacy.CLINICAL, default=None)
    told: bool = info(_("The person knows the result"), privacy=Privacy.CLINICAL, default=False)
    sample_at: datetime | None = info(_("Sample taken"), privacy=Privacy.CLINICAL, default=None)
    result_at: datetime | None = info(_("Result known since"), privacy=Privacy.CLINICAL, default=None)
    told_at: datetime | None = info(_("The person was told"), privacy=Privacy.CLINICAL, default=None)
    self_report: SelfReport | None = info(_("Self-test, as the person says"), privacy=Privacy.CLINICAL, default=None)
    confirmatory_of: uuid.UUID | None = info(_("Confirms the test"), privacy=Privacy.OPERATIONAL, default=None)
    repeat_of: uuid.UUID | None = info(_("Repeats the test that did not work"), privacy=Privacy.OPERATIONAL, default=None)
    kit_lot: str | None = info(_("Lot of the test kit"), privacy=Privacy.OPERATIONAL, default=None, max_length=40, pattern=r"^[A-Za-z0-9./_-]+$")

    @model_validator(mode="after")
    def _result_only_when_resulted(self) -> Self:
        if (self.state == State.RESULTED) != (self.result is not None):
            raise ValueError(_t("A result is needed when the test is finished, and only then."))
        if self.result_at is not None and self.result is None:
            raise ValueError(_t("There is no result yet, so no moment of it."))
        if self.told_at is not None and not self.told:
            raise ValueError(_t("If the person was told, they know the result."))
        if self.self_report is not None and self.state != State.SELF_TEST_GIVEN:
            raise ValueError(_t("What somebody says belongs to a self-test that was given."))
        if any(moment is not None and moment.tzinfo is None for moment in (self.sample_at, self.result_at, self.told_at)):
            raise ValueError(_t("A moment needs its time zone."))
        return self


_DONE = ("negative", "positive", "indeterminate", "invalid", "sample_taken", "result_pending")
"""Answers for which it can be said what sort of test it was."""


def _answer(result: Result) -> Answer:
    return Answer(result.value, result.label, {"state": State.RESULTED, "result": result, "told": True})


def _as_it_was(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 kept no times, no kit and no report, version 2 no repeats: all stay unknown."""
    return old


KIND = Kind(
    title=_("Test"),
    explain=_("A test that was offered, and how far it went. Not tested is not negative."),
    payload=TestDone,
    may="exchange.test",
    sample=TestDone(disease=Disease.HCV_AB, state=State.RESULTED, result=Result.NEGATIVE, told=True),
    version=3,
    upcasters={1: _as_it_was, 2: _as_it_was},
    may_read="exchange.test.follow",
    about="repeat_of",
    compose=Compose(
        order=30,
        title=_("Tests"),
        part=Matrix(
            row="disease",
            shown=(Disease.HCV_AB, Disease.HIV, Disease.SYPHILIS, Disease.PREGNANCY),
            answers=(
                _answer(Result.NEGATIVE),
                _answer(Result.POSITIVE),
                Answer("invalid", _("Did not work"), {"state": State.INVALID}),
                Answer("declined", _("Declined"), {"state": State.OFFERED_DECLINED}),
            ),
            seldom=(
                _answer(Result.INDETERMINATE),
                Answer("sample_taken", State.SAMPLE_TAKEN.label, {"state": State.SAMPLE_TAKEN}, {"method": Method.LABORATORY}),
                Answer("self_test_given", State.SELF_TEST_GIVEN.label, {"state": State.SELF_TEST_GIVEN}, {"method": Method.SELF_TEST}),
                *(Answer(s.value, s.label, {"state": s}) for s in (State.KNOWN_POSITIVE, State.NOT_OFFERED, State.NOT_INDICATED, State.RESULT_PENDING)),
            ),
            details=(Detail("method", only=_DONE),),
            fold=_("More answers, and what sort of test"),
        ),
    ),
)
