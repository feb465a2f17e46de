"""DHIS2's dataValueSets: the body as a strict model, its keys, and what withdraws numbers that were sent before.

A cell that is left out is not 0 for DHIS2 and leaves what it had: a number that is hidden now must be deleted there
(`domain/interop.md` 2).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from handrail.gates import periods
from handrail.gates.lines import Laid, lines_to_send
from handrail.gates.receivers import Mapping
from handrail.gates.release_formats import CannotExport

if TYPE_CHECKING:
    from handrail.insight.releases import Frozen

Key = tuple[str, str, str, str, str]
"""Data element, period, organisation unit, category option combination, attribute option combination: once in DHIS2."""

_Id = Annotated[str, Field(min_length=1, max_length=230)]
_Period = Annotated[str, Field(pattern=r"^\d{4}(|0[1-9]|1[0-2]|Q[1-4]|S[12]|AprilS[12]|April|July|Oct)$")]
_Number = Annotated[str, Field(pattern=r"^-?(0|[1-9]\d*)(\.\d+)?$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DataValue(_Part):
    """One number. A deleted one has no value, so that sent by mistake it writes nothing."""

    dataElement: _Id
    period: _Period | None = None
    orgUnit: _Id | None = None
    categoryOptionCombo: _Id
    attributeOptionCombo: _Id | None = None
    value: _Number | None = None
    deleted: Literal[True] | None = None

    @model_validator(mode="after")
    def _has_one(self) -> DataValue:
        if (self.value is None) == (self.deleted is None):
            raise ValueError("a value, or deleted")
        return self


class DataValueSet(_Part):
    """The body of a request. What stands outside holds for every number that does not say otherwise."""

    dataSet: _Id | None = None
    completeDate: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    period: _Period | None = None
    orgUnit: _Id | None = None
    attributeOptionCombo: _Id | None = None
    dataValues: Annotated[list[DataValue], Field(min_length=1)]

    def keys(self) -> list[Key]:
        """The key of each number."""
        return [
            (one.dataElement, one.period or self.period or "", one.orgUnit or self.orgUnit or "", one.categoryOptionCombo, one.attributeOptionCombo or self.attributeOptionCombo or "")
            for one in self.dataValues
        ]

    @property
    def content(self) -> bytes:
        """The body as bytes, the same every time."""
        return (json.dumps(self.model_dump(exclude_none=True), ensure_ascii=False, indent=1) + "\n").encode()


def period_of(frozen: Frozen, mapping: Mapping) -> str:
    """The release's period as DHIS2 writes it."""
    try:
        return periods.dhis2(frozen.period, mapping.periods.get(frozen.period.kind, ""))
    except ValueError as problem:
        raise CannotExport(str(problem)) from None


def body_of(frozen: Frozen, mapping: Mapping | None) -> DataValueSet:
    """What is sent. For one organisation unit it stands outside, and `completeDate` says that nothing is still expected."""
    laid = lines_to_send(frozen, mapping, "combo")
    assert mapping is not None  # noqa: S101  lines_to_send refuses
    if not laid.sent:
        raise CannotExport(_("There is nothing to send: every number is hidden, missing or not wanted."))
    period, head = period_of(frozen, mapping), _head(laid)
    complete = frozen.release.released_at.date().isoformat() if head and mapping.data_set and laid.is_decided else None
    return DataValueSet.model_construct(  # checked as a file (`problems_of`), with sentences
        dataSet=mapping.data_set or None, completeDate=complete, period=period if head else None, orgUnit=head[0] if head else None,
        attributeOptionCombo=(head[1] or None) if head else None,
        dataValues=[
            DataValue.model_construct(
                dataElement=line.row.data_element, period=None if head else period, orgUnit=None if head else line.org_unit, categoryOptionCombo=line.combo,
                attributeOptionCombo=None if head else line.attribute_combo or None, value=line.number,
            )
            for line in laid.sent
        ],
    )


def _head(laid: Laid) -> tuple[str, str] | None:
    """Organisation unit and attribute combination, if all numbers share them. Hidden ones count: else they would show."""
    found = {(line.org_unit, line.attribute_combo) for line in laid.lines}
    return found.pop() if len(found) == 1 else None


def keys_sent(frozen: Frozen, mapping: Mapping) -> set[Key]:
    """Keys of the numbers that a file of this release holds; empty if it holds none."""
    period = period_of(frozen, mapping)
    return {(line.row.data_element, period, line.org_unit, line.combo, line.attribute_combo) for line in lines_to_send(frozen, mapping, "combo").sent}


def withdrawal(keys: Iterable[Key], mapping: Mapping) -> bytes:
    """The body that deletes numbers, to be sent with importStrategy=DELETE."""
    body = DataValueSet(
        dataSet=mapping.data_set or None,
        dataValues=[
            DataValue(dataElement=element, period=period, orgUnit=unit, categoryOptionCombo=combo, attributeOptionCombo=attribute or None, deleted=True)
            for element, period, unit, combo, attribute in sorted(keys)
        ],
    )
    return body.content


def parsed(content: bytes) -> DataValueSet:
    """A body read back; raises ValueError with sentences' material when it is none."""
    return DataValueSet.model_validate_json(content)


def problems_of(content: bytes, mapping: Mapping | None) -> list[str]:
    """What a receiver would refuse or misread, as sentences."""
    try:
        body = parsed(content)
    except ValidationError as error:
        return [_("%(where)s: not valid in dataValueSets (%(why)s).") % {"where": ".".join(map(str, e["loc"])) or "file", "why": e["msg"]} for e in error.errors()][:20]
    keys = body.keys()
    problems = [_("%s has no period or no organisation unit.") % key[0] for key in keys if not key[1] or not key[2]]
    if len(set(keys)) != len(keys):
        problems.append(_("The same number is there twice: data element, period, organisation unit and combinations are the same."))
    if body.completeDate and not (body.dataSet and body.period and body.orgUnit):
        problems.append(_("completeDate needs a data set, a period and an organisation unit."))
    if mapping is not None:
        problems += unknown_ids(keys, mapping)
    return problems


def unknown_ids(keys: Iterable[Key], mapping: Mapping) -> list[str]:
    """Ids that do not stand in the mapping: nothing else may leave."""
    elements = {row.data_element for row in mapping.value}
    units = {mapping.organisation, *mapping.sites.values()}
    found = [key for key in keys if key[0] not in elements or key[2] not in units]
    return [_("“%s” is not in the mapping.") % " · ".join(key[:3]) for key in found]
