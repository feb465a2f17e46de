"""What the pages say: eight blocks of training, eight steps of an emergency, five questions, and where each sentence comes from.

One file, so that whoever checks the safety text reads one file. `%(minutes)s`, `%(breath)s`, `%(hours)s` and `%(call)s` are filled
in from the programme's values. Never a dose computed for anybody: “one dose” is what the leaflet in the kit calls one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SourceStatus
from handrail.facts.spec import Text

SECONDS = 300
"""Five minutes is enough (Open Society Foundations, What Is Harm Reduction?)."""


class Device(StrEnum):
    """How naloxone is given."""

    NASAL = "nasal"
    INJECTED = "injected"
    ATOMISER = "atomiser"

    @property
    def heading(self) -> Text:
        """Its name on the pages."""
        return _DEVICES[self]

    @property
    def waits(self) -> str:
        """The wait after it, in words with a number."""
        return str(_WAITS[self])


_DEVICES: dict[Device, Text] = {Device.NASAL: _("Nasal spray"), Device.INJECTED: _("Injection"), Device.ATOMISER: _("Syringe with atomiser")}
_WAITS: dict[Device, Text] = {
    Device.NASAL: _("%(n)s minutes after a nasal spray"), Device.INJECTED: _("%(n)s minutes after an injection"),
    Device.ATOMISER: _("%(n)s minutes after a syringe with atomiser"),
}


@dataclass(frozen=True)
class Source:
    """Where a sentence comes from, and whether we read it there."""

    text: Text
    status: SourceStatus


OUTLINE = Source(_("Handrail’s own outline of a training in five minutes"), SourceStatus.LOCAL_POLICY)
SAMHSA = Source(_("SAMHSA: call for help, check for signs, support breathing, give naloxone, monitor"), SourceStatus.VERIFIED)
WAITS = Source(_("Values of your programme; at the start from drugs.com and Mayo Clinic for nasal spray"), SourceStatus.PARTLY)
DATES = Source(_("Colorado Department of Public Health and Environment, answers about naloxone, citing Pruyn 2019"), SourceStatus.VERIFIED)
FIRST_AID = Source(_("Common practice in first aid; not read by Handrail, ask your trainer"), SourceStatus.UNVERIFIED)
DEVICES = Source(_("Usual in leaflets of such devices; not read by Handrail, the leaflet in the kit comes first"), SourceStatus.UNVERIFIED)
WEARS_OFF = Source(_("Usual in trainings: naloxone works for 30 to 90 minutes; not read by Handrail"), SourceStatus.UNVERIFIED)
SEDATIVES = Source(_("Reports about xylazine and medetomidine; not read by Handrail"), SourceStatus.UNVERIFIED)


@dataclass(frozen=True)
class Sentence:
    """One or two sentences that are said together. With a device, only for that one."""

    text: Text
    source: Source
    device: Device | None = None


@dataclass(frozen=True)
class Block:
    """A part of the training, or a step in an emergency (`seconds` 0)."""

    key: str
    title: Text
    seconds: int
    sentences: tuple[Sentence, ...]
    picture: str = ""
    drawn: Text = ""
    """What the picture shows, for whoever does not see it."""
    law: bool = False
    """Whether the sentence about the law of the place stands here."""


_DRAWN_RECOGNISE = _("Somebody lies on the back. Another person kneels beside, speaks, and rubs the breastbone.")
_DRAWN_CALL = _("A telephone, and a speech bubble with the sign for a place.")
_DRAWN_BREATHE = _("A head seen from the side, tilted back, chin lifted. An arrow shows the breath going in, and the chest rises.")
_DRAWN_NASAL = _("The tip of a nasal spray in a nostril of a head that lies back.")
_DRAWN_POSITION = _("Somebody lies on the side: upper knee bent, a hand under the cheek.")

BLOCKS: tuple[Block, ...] = (
    Block("risk", _("Risk"), 45, (
        Sentence(_("An opioid overdose stops the breath. It can happen to anybody who uses opioids, and you can turn it around."), OUTLINE),
        Sentence(_("Mixing makes it more likely: opioids with alcohol, or with sedatives such as benzodiazepines."), OUTLINE),
        Sentence(_("So does a break: after prison, hospital, detox or some days without, and in the first weeks of methadone or buprenorphine. The body tolerates less than before."), OUTLINE),
        Sentence(_("Nobody knows what is in a new supply. Whoever uses alone has nobody to help: agree that somebody looks in."), OUTLINE),
    ), "risk", _("A bottle beside tablets, a calendar with a gap, and somebody alone behind a door.")),
    Block("recognise", _("Recognise"), 45, (
        Sentence(_("Speak loudly. Rub the breastbone firmly with your knuckles."), OUTLINE),
        Sentence(_("No answer? Look, listen and feel: slow breath, snoring, gurgling, or no breath at all."), OUTLINE),
        Sentence(_("Look at the lips: blue, grey or ashen. On dark skin look at the inside of the lips too."), OUTLINE),
        Sentence(_("Somebody who snores and cannot be woken may be in an overdose. Do not let them sleep it off. Cold water and slaps do not help."), OUTLINE),
    ), "recognise", _DRAWN_RECOGNISE),
    Block("call", _("Call"), 25, (
        Sentence(_("%(call)s If somebody else is there, they call while you begin."), SAMHSA),
        Sentence(_("Say “not breathing”, and where you are. You need not say more."), OUTLINE),
    ), "call", _DRAWN_CALL, law=True),
    Block("breathe", _("Breathe"), 40, (
        Sentence(_("Lay the person on the back. Tilt the head back and lift the chin: the airway is open."), SAMHSA),
        Sentence(_("Pinch the nose, close your mouth over theirs, and breathe in until the chest rises. One breath every %(breath)s seconds."), FIRST_AID),
        Sentence(_("Breaths come first. They keep the person alive while naloxone starts working."), OUTLINE),
    ), "breathe", _DRAWN_BREATHE),
    Block("naloxone", _("Naloxone"), 60, (
        Sentence(_("Take your kit in your hand now and go through it as you listen. Leave it closed."), OUTLINE),
        Sentence(_("Take the spray out. Do not test it: it holds one dose. Put the tip into one nostril, as far as it goes, and press to the end."), DEVICES, Device.NASAL),
        Sentence(_("One dose is what the leaflet in the kit says: one vial, or the next mark of a filled syringe. It goes into the muscle of the outer thigh or upper arm, through clothes if need be."), DEVICES, Device.INJECTED),
        Sentence(_("Screw the soft cone onto the filled syringe. Spray half into one nostril, half into the other, short and firm."), DEVICES, Device.ATOMISER),
        Sentence(_("Go on with breaths. Wait %(minutes)s minutes."), WAITS),
        Sentence(_("Not breathing well? Give the next dose, with the spray in the other nostril. Wait again."), WAITS, Device.NASAL),
        Sentence(_("Not breathing well? Give the next dose. Wait again."), WAITS, Device.INJECTED),
        Sentence(_("Not breathing well? Give the next dose. Wait again."), WAITS, Device.ATOMISER),
        Sentence(_("The aim is breath, not waking. Who breathes well needs no more naloxone."), OUTLINE),
        Sentence(_("Other sedatives may keep somebody asleep: watch the breath."), SEDATIVES),
    )),
    Block("stay", _("Position and stay"), 35, (
        Sentence(_("Breathing again, or you must leave for a moment? Lay the person on the side, upper knee bent, a hand under the cheek. Nothing can run into the lungs."), FIRST_AID),
        Sentence(_("Stay. Naloxone wears off, and the overdose can come back. Stay for %(hours)s hours, or until help takes over."), WEARS_OFF),
    ), "position", _DRAWN_POSITION),
    Block("after", _("After"), 25, (
        Sentence(_("Withdrawal feels bad, and it passes. Say calmly what happened."), OUTLINE),
        Sentence(_("Using more on top is dangerous: when naloxone wears off, both are there."), OUTLINE),
        Sentence(_("Offer the hospital. They decide."), OUTLINE),
    ), "after", _("Two people sit side by side. One has a blanket around the shoulders and something warm to drink.")),
    Block("refill", _("Refill and report"), 25, (
        Sentence(_("Used it? Scan the square on the kit and tell what happened, without any name."), OUTLINE),
        Sentence(_("A new kit is free, whatever became of the old one."), OUTLINE),
        Sentence(_("Look at the date. Past it? Keep the kit until you hold a new one: an old one is better than none."), DATES),
    ), "refill", _("A kit with a square to scan, and a calendar page with its date.")),
)

STEPS: tuple[Block, ...] = (
    Block("call", _("Call"), 0, (
        Sentence(_("%(call)s Say “not breathing”, and where you are. Do what they say."), SAMHSA),
    ), "call", _DRAWN_CALL, law=True),
    Block("check", _("Check"), 0, (
        Sentence(_("Speak loudly. Rub the breastbone with your knuckles."), SAMHSA),
        Sentence(_("No answer, and slow, snoring or no breath? Go on."), OUTLINE),
    ), "recognise", _DRAWN_RECOGNISE),
    Block("breathe", _("Breathe"), 0, (
        Sentence(_("On the back. Head back, chin up. Pinch the nose."), SAMHSA),
        Sentence(_("One breath every %(breath)s seconds. The chest rises."), FIRST_AID),
    ), "breathe", _DRAWN_BREATHE),
    Block("naloxone", _("Naloxone"), 0, (
        Sentence(_("Tip into one nostril. Press to the end."), DEVICES, Device.NASAL),
        Sentence(_("One dose, as the leaflet says, into the outer thigh or upper arm. Through clothes if need be."), DEVICES, Device.INJECTED),
        Sentence(_("Cone on the syringe. Half into each nostril."), DEVICES, Device.ATOMISER),
        Sentence(_("No naloxone here? Breaths alone keep a person alive. Go on until help comes."), OUTLINE),
    ), "nasal", _DRAWN_NASAL),
    Block("wait", _("Wait, and go on with breaths"), 0, (
        Sentence(_("Wait %(minutes)s minutes."), WAITS, Device.NASAL),
        Sentence(_("Wait %(minutes)s minutes."), WAITS, Device.INJECTED),
        Sentence(_("Wait %(minutes)s minutes."), WAITS, Device.ATOMISER),
    ), "clock", _("A clock.")),
    Block("repeat", _("Still not breathing well? Repeat"), 0, (
        Sentence(_("One more dose. A spray goes into the other nostril. Wait again."), WAITS),
        Sentence(_("Until they breathe. They need not wake."), OUTLINE),
    )),
    Block("position", _("Breathing? On the side"), 0, (
        Sentence(_("Upper knee bent, a hand under the cheek."), FIRST_AID),
    ), "position", _DRAWN_POSITION),
    Block("stay", _("Stay"), 0, (
        Sentence(_("It can come back. Stay for %(hours)s hours, or until help takes over."), WEARS_OFF),
        Sentence(_("Breath gets slow again? Begin again with breaths."), OUTLINE),
    )),
)

DEVICE_PICTURES: dict[Device, tuple[str, Text]] = {
    Device.NASAL: ("nasal", _DRAWN_NASAL),
    Device.INJECTED: ("injected", _("A vial and a capped syringe. On the outline of a body the outer thigh and the upper arm are marked.")),
    Device.ATOMISER: ("atomiser", _("A syringe with a soft cone at the nostril of a head that lies back.")),
}


@dataclass(frozen=True)
class Question:
    """A sentence that is true or not. Not answered and “don’t know” both count 0."""

    key: str
    text: Text
    is_true: bool
    because: Text


QUESTIONS: tuple[Question, ...] = (
    Question("snoring", _("Somebody who snores and cannot be woken may be in an overdose."), True, _("Snoring can be a breath that is about to stop.")),
    Question("shower", _("A cold shower is a good first step."), False, _("It costs time and can hurt. Call, breathe, give naloxone.")),
    Question("breaths", _("Rescue breaths help while naloxone starts working."), True, _("They keep the person alive until it does.")),
    Question("lasts", _("One dose always lasts until all opioids have left the body."), False, _("It wears off, often before the opioid does. So stay.")),
    Question("tolerance", _("Tolerance is lower after two weeks without use."), True, _("The body tolerates less than before.")),
)
