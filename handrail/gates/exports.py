"""Making a file of a release for somebody, keeping that it was made, and withdrawing what must not stand there any more.

Run inside a scope. A receiver keeps what it once got: a number that a revision hides, or no longer has, stays there
until it is deleted. What each receiver holds follows from the exports that were made for it, in their order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from handrail.gates import dhis2
from handrail.gates.lines import Laid, lay_out
from handrail.gates.models import Export, What
from handrail.gates.receivers import Mapping, parse
from handrail.gates.release_formats import CannotExport, Made, Where, chosen, filename_of, make, place_names
from handrail.insight.arithmetic import Status
from handrail.insight.models import Release
from handrail.kernel import audit, clock
from handrail.kernel.access import Actor

if TYPE_CHECKING:
    from handrail.insight.releases import Frozen

Opened = Callable[[Release], "Frozen"]
"""Reads a release back."""


@dataclass(frozen=True)
class Preview:
    """What an export would do, before anything is written. `problems` stop it."""

    sent: tuple[tuple[Where, str, str], ...]
    """Place with us, place at the receiver, number."""
    hidden: tuple[Where, ...]
    without: tuple[Where, ...]
    ignored: tuple[Where, ...]
    problems: tuple[str, ...]
    withdrawn: tuple[dhis2.Key, ...] = ()
    """What the receiver holds and must delete."""
    is_complete: bool = False
    newer: int = 0
    """Number of a newer revision: this release is not the last word."""


def preview(frozen: Frozen, format: str, mapping: Mapping | None = None, *, recipient: str = "", opened: Opened | None = None) -> Preview:
    """What would be sent, what is left out and why, and what stops it. Writes nothing."""
    found = chosen(format)
    problems: tuple[str, ...] = ()
    try:
        make(frozen, format, mapping)
    except CannotExport as problem:
        problems = problem.sentences
    newer = Release.objects.filter(
        report=frozen.release.report, period=frozen.release.period, profile=frozen.release.profile, audience=frozen.release.audience,
        revision__gt=frozen.release.revision,
    ).order_by("-revision").values_list("number", flat=True).first() or 0
    if not found.needs_mapping or mapping is None:
        return _plain(frozen, problems, newer)
    laid = lay_out(frozen, mapping, found.apart)
    sent = tuple((line.where, " · ".join(part for part in line.spot(found.apart) if part), line.number or "") for line in laid.sent)
    withdrawn: tuple[dhis2.Key, ...] = ()
    if opened is not None and is_dhis2(format) and not problems:
        withdrawn = tuple(sorted(to_withdraw(frozen, mapping, recipient=recipient, opened=opened)))
    return Preview(sent, _where(laid, "hidden"), _where(laid, "without"), tuple(laid.ignored), problems, withdrawn, laid.is_decided, newer)


def _where(laid: Laid, which: str) -> tuple[Where, ...]:
    return tuple(line.where for line in getattr(laid, which))


def _plain(frozen: Frozen, problems: tuple[str, ...], newer: int) -> Preview:
    names = place_names(frozen)
    found: dict[str, list[Where]] = {"sent": [], "hidden": [], "without": []}
    numbers = {}
    for value in frozen:
        where = (value.indicator.key, names[value.site], value.cell)
        found["hidden" if value.is_hidden else "sent" if value.status is Status.OK else "without"].append(where)
        numbers[where] = value.plain
    sent = tuple((where, "", numbers[where]) for where in found["sent"])
    return Preview(sent, tuple(found["hidden"]), tuple(found["without"]), (), problems, newer=newer)


def export(*, actor: Actor, frozen: Frozen, format: str, mapping: Mapping | None = None, recipient: str = "", language: str = "") -> tuple[Made, Export]:
    """Make the file and keep that it was made. Whoever may release may export: no more leaves the house than was released."""
    actor.require("numbers.share")
    made = make(frozen, format, mapping, language=language)
    return made, _keep(actor, frozen, made, mapping if made.format.needs_mapping else None, recipient, What.NUMBERS)


def _keep(actor: Actor, frozen: Frozen, made: Made, mapping: Mapping | None, recipient: str, what: What) -> Export:
    kept: Export = Export.objects.create(
        organisation_id=actor.organisation, release=frozen.release, what=what, format=made.format.key, format_version=made.format.version,
        mapping=mapping.text if mapping else "", mapping_digest=mapping.digest if mapping else "", recipient=recipient_of(frozen, mapping, recipient),
        language=made.language, sha256=made.sha256, exported_at=clock.now(), exported_by=actor.staff_id,
    )
    audit.write(
        "release.exported", actor=actor, object_kind="release", object_id=frozen.release.id,
        detail={
            "number": frozen.release.number, "what": what.value, "format": made.format.key, "format_version": made.format.version,
            "mapping_sha256": kept.mapping_digest, "recipient": kept.recipient, "sha256": made.sha256,
        },
    )
    return kept


def note_sent(*, actor: Actor, frozen: Frozen, made: Made, host: str, said: str, taken: bool) -> None:
    """A line in the audit: the file was offered to a receiver, and what it answered."""
    audit.write(
        "release.sent", actor=actor, object_kind="release", object_id=frozen.release.id,
        detail={"number": frozen.release.number, "sha256": made.sha256, "host": host, "taken": taken, "said": said[:300]},
    )


def recipient_of(frozen: Frozen, mapping: Mapping | None, recipient: str = "") -> str:
    """For whom a file is: as said, else as the mapping is called, else the audience of the release."""
    found = recipient.strip() or (mapping.name if mapping else "") or frozen.release.audience
    return found[: Export._meta.get_field("recipient").max_length]


# -- withdrawing -----------------------------------------------------------------------------------------------------------


def is_dhis2(format: str) -> bool:
    """Whether the receiver keeps what it once got, and can be told to delete it."""
    return format in {"dhis2", "dhis2_csv"}


def withdraw(*, actor: Actor, frozen: Frozen, mapping: Mapping, recipient: str = "", opened: Opened) -> tuple[Made, Export]:
    """A file that deletes at the receiver what was sent before and is hidden or gone in this release."""
    actor.require("numbers.share")
    made = withdrawal(frozen, mapping, recipient=recipient, opened=opened)
    return made, _keep(actor, frozen, made, mapping, recipient, What.WITHDRAWAL)


def withdrawal(frozen: Frozen, mapping: Mapping, *, recipient: str = "", opened: Opened) -> Made:
    """The same without keeping it. If it was made already, the same file again."""
    exports = exports_for(frozen, recipient_of(frozen, mapping, recipient))
    keys = _held(exports, opened) - dhis2.keys_sent(frozen, mapping)
    if not keys:
        earlier = [n for n, one in enumerate(exports) if one.what == What.WITHDRAWAL and one.release == frozen.release and one.mapping_digest == mapping.digest]
        keys = _held(exports[: earlier[0]], opened) - dhis2.keys_sent(frozen, mapping) if earlier else set()
    if not keys:
        raise CannotExport(_("There is nothing to withdraw: everything that was sent to this receiver is in this release."))
    content, found = dhis2.withdrawal(keys, mapping), chosen("dhis2")
    problems = dhis2.problems_of(content, None)
    if problems:
        raise CannotExport(*problems)
    name = filename_of(frozen, found).replace(f".{found.suffix}", f"-withdraw.{found.suffix}")
    return Made(content, name, found.media_type, hashlib.sha256(content).hexdigest(), found, "en")


def to_withdraw(frozen: Frozen, mapping: Mapping, *, recipient: str = "", opened: Opened) -> set[dhis2.Key]:
    """Keys that the receiver holds of this report and period and that are not in this release."""
    return _held(exports_for(frozen, recipient_of(frozen, mapping, recipient)), opened) - dhis2.keys_sent(frozen, mapping)


def exports_for(frozen: Frozen, recipient: str) -> list[Export]:
    """What a receiver got for DHIS2 of this report and period, the oldest first."""
    found = Export.objects.filter(
        release__report=frozen.release.report, release__period=frozen.release.period, recipient=recipient, format__in=["dhis2", "dhis2_csv"]
    )
    return list(found.select_related("release").order_by("key"))


def _held(exports: Iterable[Export], opened: Opened) -> set[dhis2.Key]:
    """What the receiver holds after these exports: each with the mapping it was made with."""
    held: set[dhis2.Key] = set()
    for one in exports:
        frozen = opened(one.release)
        if not frozen.is_whole:
            raise CannotExport(_("Release %s was sent to this receiver and cannot be read back whole, so nobody can say what must be withdrawn.") % frozen.name)
        keys = dhis2.keys_sent(frozen, parse(one.mapping))
        held = held & keys if one.what == What.WITHDRAWAL else held | keys
    return held
