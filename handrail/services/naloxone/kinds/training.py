"""Somebody learned, or refreshed, what to do in an overdose. Any score, or none, still leaves with a kit (`domain/naloxone.md` 5)."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, Fields, Kind, Payload, Privacy, info


class Trainee(Codes):
    """Who learned it."""

    PARTICIPANT = "participant", _("Somebody with a code")
    ANONYMOUS = "anonymous", _("Somebody without a code")
    WORKER = "worker", _("Somebody who works here")


class TrainingMode(Codes):
    """How."""

    ONE_TO_ONE = "one_to_one", _("One to one")
    GROUP = "group", _("In a group")
    VIDEO = "video", _("By video or phone")
    LEAFLET = "leaflet", _("By leaflet")
    REFRESHER = "refresher", _("Refresher")


class Block(Codes):
    """The eight parts of the five minutes."""

    RISK = "risk", _("Risk")
    RECOGNISE = "recognise", _("Recognise")
    CALL = "call", _("Call")
    BREATHE = "breathe", _("Breathe")
    NALOXONE = "naloxone", _("Naloxone")
    POSITION = "position", _("Position and stay")
    AFTER = "after", _("After")
    REFILL = "refill", _("Refill and report")


class Check(Codes):
    """Which check. BOOK and OOKS store a score and no wording, which is not ours."""

    HANDRAIL_5 = "handrail_5", _("Five questions of Handrail")
    BOOK = "book", _("BOOK, 12 questions")
    OOKS = "ooks", _("OOKS")
    OTHER = "other", _("Another")


MOST_OF_CHECK = {Check.HANDRAIL_5.value: 5, Check.BOOK.value: 12}
"""The most that a check can give, where that is known for certain; the keys of OOKS are not verified."""


class Training(Payload):
    """One training: of one, or of a group with its head count. Who of a group has a code gets a record of their own."""

    mode: TrainingMode = info(_("Training"), privacy=Privacy.OPERATIONAL)
    trainee: Trainee = info(_("Who"), privacy=Privacy.OPERATIONAL, default=Trainee.ANONYMOUS)
    people: int = info(_("How many people"), privacy=Privacy.OPERATIONAL, default=1, ge=1, le=500)
    blocks_covered: tuple[Block, ...] = info(_("Parts covered"), privacy=Privacy.OPERATIONAL, default=(), help_text=_("None ticked: not said"))
    device_demonstrated: bool = info(_("The device was shown and tried"), privacy=Privacy.OPERATIONAL, default=False)
    duration_s: int | None = info(_("Seconds"), privacy=Privacy.OPERATIONAL, default=None, ge=10, le=36_000, help_text=_("Five minutes are 300"))
    language: str | None = info(_("Language"), privacy=Privacy.OPERATIONAL, default=None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", help_text=_("Its code, such as en, es, sw"))
    check_version: Check | None = info(_("Check questions"), privacy=Privacy.OPERATIONAL, default=None, help_text=_("Never a condition"))
    check_score: int | None = info(_("Right answers"), privacy=Privacy.OPERATIONAL, default=None, ge=0, le=100)
    check_max: int | None = info(_("of how many"), privacy=Privacy.OPERATIONAL, default=None, ge=1, le=100)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.blocks_covered)) != len(self.blocks_covered):
            raise ValueError(_t("An answer is there twice."))
        if self.people > 1 and self.mode != TrainingMode.GROUP:
            raise ValueError(_t("Several people at once are a group."))
        most = self.check_max or MOST_OF_CHECK.get(self.check_version or "")
        if self.check_score is not None and (self.check_version is None or (most is not None and self.check_score > most)):
            raise ValueError(_t("Right answers belong to a check, and are no more than it has questions."))
        return self


KIND = Kind(
    title=_("Overdose training"),
    explain=_("Somebody learned or refreshed what to do in an overdose. Nobody needs it to get a kit."),
    payload=Training,
    may="naloxone.give",
    sample=Training(
        mode=TrainingMode.GROUP, people=8, blocks_covered=tuple(Block), device_demonstrated=True, duration_s=300, language="en",
    ),
    compose=Compose(order=61, title=_("Overdose training"), part=Fields(), folded=True),
)
