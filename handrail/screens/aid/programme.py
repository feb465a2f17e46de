"""Whose values stand on a page: those of the only programme of this server, of the one that the address names, or the start values.

These pages have no sign-in, so nobody's place is known. With several programmes and none named, what holds is what each
value declares: the safe choice, no law, no number to call.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handrail.facts.models import Organisation
from handrail.facts.values import Reading, Value
from handrail.kernel import scope
from handrail.screens.aid import values
from handrail.screens.aid.content import Device

T = TypeVar("T")
_MINUTES = {Device.NASAL: values.NASAL_MINUTES, Device.INJECTED: values.INJECTED_MINUTES, Device.ATOMISER: values.ATOMISER_MINUTES}


@dataclass(frozen=True)
class Programme:
    """What holds on the pages of one programme today."""

    id: uuid.UUID | None
    name: str
    minutes: dict[Device, Reading[int]]
    breath: Reading[int]
    stay: Reading[int]
    number: str
    law: str
    leave: str

    @property
    def remind_after(self) -> int:
        """Minutes after which the page reminds. It does not ask which device it was, so it is the shortest wait."""
        return min(reading.value for reading in self.minutes.values())

    def words(self, device: Device) -> dict[str, str]:
        """What is filled into the sentences."""
        call = _("Call %(number)s.") % {"number": self.number} if self.number else _("Call the emergency number.")
        return {"minutes": str(self.minutes[device].value), "breath": str(self.breath.value), "hours": str(self.stay.value), "call": call}

    def unconfirmed(self) -> list[str]:
        """Each number on the pages that nobody of the programme confirmed, in words."""
        said = [(self.breath, ngettext("one breath every %(n)s second", "one breath every %(n)s seconds", self.breath.value))]
        said += [(reading, device.waits) for device, reading in self.minutes.items()]
        said += [(self.stay, ngettext("staying for %(n)s hour", "staying for %(n)s hours", self.stay.value))]
        return [words % {"n": reading.value} for reading, words in said if not reading.is_approved]


def of(organisation: uuid.UUID | None) -> Programme:
    """The programme that an address names; without one the only programme there is, or none."""
    found = _named(organisation) if organisation else _only()
    if found is None:
        return _read(None, lambda value: value.at_start())
    with scope.enter([found.key]):
        return _read(found, lambda value: value.read())


def _named(organisation: uuid.UUID) -> Organisation:
    found = Organisation.objects.filter(id=organisation).first()
    if found is None:
        raise Http404
    return found


def _only() -> Organisation | None:
    found = list(Organisation.objects.order_by("key")[:2])
    return found[0] if len(found) == 1 else None


def _read(found: Organisation | None, read: Callable[[Value[Any]], Reading[Any]]) -> Programme:
    return Programme(
        id=found.id if found else None, name=found.name if found else "", minutes={device: read(value) for device, value in _MINUTES.items()},
        breath=read(values.BREATH_SECONDS), stay=read(values.STAY_HOURS), number=read(values.EMERGENCY_NUMBER).value,
        law=read(values.LEGAL_SENTENCE).value, leave=read(values.LEAVE_TARGET).value,
    )
