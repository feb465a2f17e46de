"""The pages as text: content, the programme's values and a template, without a request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from handrail.facts.spec import Text
from handrail.kernel import clock
from handrail.screens.aid.content import (
    BLOCKS,
    DEVICE_PICTURES,
    QUESTIONS,
    SECONDS,
    STEPS,
    Block,
    Device,
    Question,
    Sentence,
)
from handrail.screens.aid.programme import Programme
from handrail.screens.aid.values import in_language
from handrail.screens.console import qr


@dataclass(frozen=True)
class Part:
    """A block or step as it is read. What depends on the device stands in `ways`, between `first` and `last`."""

    key: str
    number: int
    title: Text
    seconds: int
    first: list[str]
    ways: list[Way]
    last: list[str]
    picture: str
    drawn: Text
    law: tuple[str, str]

    @property
    def picture_file(self) -> str:
        """The template that draws it."""
        return f"aid/pictures/{self.picture}.html"


@dataclass(frozen=True)
class Way:
    """What is said about one device."""

    device: Device
    sentences: list[str]
    picture: str
    drawn: Text

    @property
    def picture_file(self) -> str:
        """The template that draws it."""
        return f"aid/pictures/{self.picture}.html"


@dataclass(frozen=True)
class Cited:
    """A source, with how sure we are of it, and the sentences that come from it."""

    text: Text
    status: str
    sentences: list[str]


@dataclass(frozen=True)
class AidPage:
    """Everything on a page of first aid."""

    programme: Programme
    parts: list[Part]
    questions: Sequence[Question]
    seconds: int
    unconfirmed: list[str]
    sources: list[Cited]
    language: str
    languages: list[tuple[str, str]]
    leave: str
    code: qr.Code | None = None
    problem: str = ""

    @property
    def not_confirmed(self) -> set[str]:
        """Keys of the blocks in which a number stands that the programme has not confirmed."""
        held, minutes = self.programme, self.programme.minutes.values()
        found = {"breathe": held.breath.is_approved, "naloxone": all(one.is_approved for one in minutes), "stay": held.stay.is_approved}
        return {key for key, is_approved in found.items() if not is_approved}

    @property
    def telephone(self) -> str:
        """The number to call, as a telephone dials it."""
        return self.programme.number.replace(" ", "")


def training(programme: Programme, language: str) -> str:
    """The training as a whole page."""
    return _render("aid/training.html", programme, language, BLOCKS)


def emergency(programme: Programme, language: str) -> str:
    """The emergency page."""
    return _render("aid/emergency.html", programme, language, STEPS)


def leaflet(programme: Programme, language: str, address: str, *, problem: str = "") -> str:
    """The sheet on a screen. `problem` says why there is no PDF."""
    return _render("aid/leaflet.html", programme, language, STEPS, address=address, problem=problem)


def leaflet_sheet(programme: Programme, language: str, address: str) -> str:
    """The sheet for paper."""
    return _render("aid/leaflet_pdf.html", programme, language, STEPS, address=address)


def leaving(language: str) -> str:
    """A calendar of this month: nothing on it, and nothing in its address, says where somebody comes from."""
    today = clock.local_date(clock.now(), settings.TIME_ZONE)
    first = today.replace(day=1)
    days: list[date | None] = [None] * first.weekday()
    days += [first.replace(day=number) for number in range(1, _length(first) + 1)]
    days += [None] * (-len(days) % 7)
    weeks = [days[start : start + 7] for start in range(0, len(days), 7)]
    monday = date(2024, 1, 1)
    with translation.override(language):
        return render_to_string("aid/leaving.html", {"today": today, "weeks": weeks, "names": [monday.replace(day=number) for number in range(1, 8)]})


def _length(first: date) -> int:
    return (date(first.year + first.month // 12, first.month % 12 + 1, 1) - first).days


def bare(programme: Programme, language: str) -> AidPage:
    """What the frame of a page needs that says nothing about first aid itself."""
    return AidPage(
        programme=programme, parts=[], questions=(), seconds=0, unconfirmed=[], sources=[], language=language,
        languages=[(code, str(name)) for code, name in settings.LANGUAGES], leave=programme.leave,
    )


def _render(template: str, programme: Programme, language: str, blocks: Iterable[Block], *, address: str = "", problem: str = "") -> str:
    with translation.override(language):
        held = list(blocks)
        page = AidPage(
            programme=programme, parts=[_part(number, block, programme, language) for number, block in enumerate(held, 1)], questions=QUESTIONS,
            seconds=SECONDS, unconfirmed=programme.unconfirmed(), sources=_sources(held, programme), language=language,
            languages=[(code, str(name)) for code, name in settings.LANGUAGES], leave=programme.leave,
            code=qr.code(f"{address}?in={language}") if address else None, problem=problem,
        )
        return render_to_string(template, {"page": page})


def _part(number: int, block: Block, programme: Programme, language: str) -> Part:
    by_device = [index for index, one in enumerate(block.sentences) if one.device]
    start, end = (by_device[0], by_device[-1]) if by_device else (len(block.sentences), len(block.sentences))
    between = block.sentences[start : end + 1]
    ways = [_way(device, between, programme) for device in Device] if between else []
    same = ways[0].sentences if ways and all(way.sentences == ways[0].sentences for way in ways) else []
    plain = programme.words(Device.NASAL)
    return Part(
        key=block.key, number=number, title=block.title, seconds=block.seconds, first=[*(_said(one, plain) for one in block.sentences[:start]), *same],
        ways=[] if same else ways,
        last=[_said(one, plain) for one in block.sentences[end + 1 :]], picture=block.picture, drawn=block.drawn,
        law=in_language(programme.law, language) if block.law else ("", ""),
    )


def _way(device: Device, sentences: Iterable[Sentence], programme: Programme) -> Way:
    picture, drawn = DEVICE_PICTURES[device]
    return Way(device, [_said(one, programme.words(device)) for one in sentences if one.device in (None, device)], picture, drawn)


def _said(sentence: Sentence, words: dict[str, str]) -> str:
    return str(sentence.text) % words


def _sources(blocks: Iterable[Block], programme: Programme) -> list[Cited]:
    """Each source once, with what comes from it."""
    found: dict[str, Cited] = {}
    for sentence in (one for block in blocks for one in block.sentences):
        cited = found.setdefault(str(sentence.source.text), Cited(sentence.source.text, str(sentence.source.status.label), []))
        if (said := _said(sentence, programme.words(sentence.device or Device.NASAL))) not in cited.sentences:
            cited.sentences.append(said)
    if programme.law and any(block.law for block in blocks):
        found["law"] = Cited(_("The law of the place, as your programme wrote and approved it"), "", [])
    return list(found.values())
