"""One cell at a time: numbers, dates, codes. A cell that cannot be right raises `BadCell` with a reason and what to do."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache

from django.utils.translation import gettext as _

from handrail.facts.spec import Codes
from handrail.gates.spreadsheet.reading import heading
from handrail.kernel import clock

NOON = time(12, 0)
"""What a date without a time becomes, in the local time of the place: the one hour that is the same day everywhere."""
_EARLIEST = date(1970, 1, 1)
_TOKENS = {"YYYY": r"(?P<y>\d{4})", "YY": r"(?P<yy>\d{2})", "MM": r"(?P<mo>\d{1,2})", "DD": r"(?P<d>\d{1,2})",
           "hh": r"(?P<h>\d{1,2})", "mm": r"(?P<mi>\d{2})", "ss": r"\d{2}(?:\.\d+)?", "AM": r"(?P<half>[AaPp])\.?[Mm]\.?"}
_SPLIT = re.compile("(YYYY|YY|MM|DD|hh|mm|ss|AM)")
_LOOKS = (
    (re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE), "an e-mail address"),
    (re.compile(r"\+?[\d\s().\-/]{9,20}"), "a telephone number"),
)
_WORDS = re.compile(
    r"\b(full ?name|first ?names?|last ?names?|sur ?names?|family ?names?|given ?names?|middle ?names?|maiden ?names?|nick ?names?|client ?names?|"
    r"patient ?names?|legal ?names?|names?|phone|telephone|mobile|cell|e-?mail|(?:home |street |postal )?address|date of birth|birth ?date|birthday|dob|d\.o\.b\.?|passport|"
    r"ssn|social security|national id|id number|health card|health number|nombres?|apellidos?|tel[eé]fono|correo|direcci[oó]n|fecha de nacimiento|"
    r"nom|pr[eé]nom|t[eé]l[eé]phone|courriel|adresse|date de naissance|vorname|nachname|geburtsdatum|nome|sobrenome|telefone|endere[cç]o|data de nascimento|"
    r"имя|фамилия|отчество|телефон|адрес|дата рождения)\b", re.IGNORECASE,
)
_NOT_ABOUT_PEOPLE = re.compile(r"\b(site|place|agency|item|product|program(me)?|organi[sz]ation|supply|service|worker|staff|user|file|sheet|lot)\b", re.IGNORECASE)


class BadCell(ValueError):
    """A cell that cannot be right: why, and what to do."""

    def __init__(self, reason: str, todo: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.todo = todo or _("Correct it in the file and import it again.")


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile("".join(_TOKENS.get(part, re.escape(part)) for part in _SPLIT.split(form)))


def is_date_format(form: str) -> bool:
    """Whether a format names a day, a month and a year once each."""
    parts = _SPLIT.split(form)
    return parts.count("DD") == parts.count("MM") == 1 == parts.count("YYYY") + parts.count("YY") and all(parts.count(p) < 2 for p in _TOKENS)


def is_time_format(form: str) -> bool:
    """Whether a format names hour and minute once each and nothing of a date."""
    parts = _SPLIT.split(form)
    return parts.count("hh") == parts.count("mm") == 1 and not {"DD", "MM", "YYYY", "YY"} & set(parts)


def moment(typed: str, at: str, form: str, time_form: str, zone: str) -> datetime:
    """The moment of a visit in UTC. Without a time it is noon in the place's own time zone."""
    if not typed:
        raise BadCell(_("There is no date."))
    found = _pattern(form).fullmatch(typed)
    if found is None:
        raise BadCell(_("This is not a date written as %s.") % form, _("Write every date like that, or correct dates.format in the mapping."))
    part = found.groupdict()
    day = _day(int(part.get("y") or 2000 + int(part.get("yy") or 0)), int(part["mo"]), int(part["d"]), form)
    if day > clock.local_date(clock.now(), zone):
        raise BadCell(_("This day has not come yet."))
    if day < _EARLIEST:
        raise BadCell(_("This is too long ago."))
    hour = _time(part) if part.get("h") else NOON
    if at:
        clock_part = _pattern(time_form).fullmatch(at)
        if clock_part is None:
            raise BadCell(_("This is not a time written as %s.") % time_form, _("Correct it, or correct dates.time_format in the mapping."))
        hour = _time(clock_part.groupdict())
    return datetime.combine(day, hour, zoneinfo.ZoneInfo(zone)).astimezone(UTC)


def _day(year: int, month: int, day: int, form: str) -> date:
    if month > 12:
        raise BadCell(_("There is no month %(month)d. The mapping says that dates are written as %(format)s.") % {"month": month, "format": form})
    try:
        return date(year, month, day)
    except ValueError:
        raise BadCell(_("There is no such day.")) from None


def _time(part: dict[str, str | None]) -> time:
    hour, minute = int(part["h"] or 0), int(part["mi"] or 0)
    if part.get("half"):
        if not 1 <= hour <= 12:
            raise BadCell(_("There is no such time."))
        hour = hour % 12 + (12 if (part["half"] or "").lower() == "p" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        raise BadCell(_("There is no such time.")) from None


def whole(typed: str, *, most: int, least: int = 0) -> int | None:
    """A whole number; None when the cell is empty. Words, fractions, signs and separators are refused, never rounded."""
    if not typed:
        return None
    if re.fullmatch(r"[-−–]\s*\d+([.,]\d+)?", typed):
        raise BadCell(_("A number below zero."))
    if re.fullmatch(r"\d+[.,\s]\d+", typed):
        raise BadCell(_("A comma, a point or a space in the number: 1,5 and 1,500 cannot be told apart."), _("Write the whole number with digits only."))
    if not typed.isdecimal() or len(typed) > 12:
        raise BadCell(_("This is not a whole number."), _("Write how many with digits only; leave it empty if it is not known."))
    number = int(typed)
    if number > most:
        raise BadCell(_("More than %d.") % most)
    if number < least:
        raise BadCell(_("Less than %d.") % least)
    return number


def code(typed: str, translations: dict[str, str | int], codes: type[Codes], name: str) -> str | None:
    """A code of our list for what a programme writes; None when the cell is empty or stands for “not asked”."""
    if not typed:
        return None
    told = {heading(ours): str(value) for ours, value in translations.items()}
    found = told.get(heading(typed), typed)
    if found == "":
        return None
    ours = next((value for value in codes.values if heading(str(value)) == heading(found)), None)
    if ours is None:
        raise BadCell(
            _("“%(typed)s” is not in the list.") % {"typed": typed[:60]},
            _("Say in [codes.%(name)s] of the mapping what it means. Known: %(codes)s.") % {"name": name, "codes": ", ".join(map(str, codes.values))},
        )
    return str(ours)


def identity_in_heading(name: str) -> str:
    """The word of a heading that says who somebody is, such as a name or a date of birth; empty when there is none."""
    found = _WORDS.search(name)
    return "" if found is None or _NOT_ABOUT_PEOPLE.search(name) else found[0]


def identity_in_cells(cells: Iterable[str]) -> str:
    """What the cells of a column look like, if most look like a way to reach somebody."""
    filled = [cell for cell in cells if cell][:200]
    for pattern, what in _LOOKS:
        hits = sum(1 for cell in filled if pattern.fullmatch(cell) and sum(c.isdigit() for c in cell) >= (9 if "tele" in what else 0))
        if filled and 2 * hits > len(filled):
            return _("an e-mail address") if "mail" in what else _("a telephone number")
    return ""
