"""Heads of the two chains, kept outside: by devices, on paper, in backups. Our chains must go through every one of them.

Somebody with full power over the database can compute a whole new chain that holds by itself. A head that is kept
elsewhere is what tells: it names a number and the digest that stood there (security.md 4.4, T9). A restored backup
changes the epoch; that change is signed with a key of the installation, so it is a known event and no alarm.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from handrail.facts.models import Fact, Head, Organisation
from handrail.kernel import crypto, scope
from handrail.kernel.models import AuditEntry, AuditHead

log = logging.getLogger("handrail.heads")
_PURPOSE = "heads"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MARK = "HRH1"
MOST = 2**62


class NotAHead(ValueError):
    """What was given cannot be read as a head; the message is a sentence."""


class Standing(StrEnum):
    """What a kept head says of our chains."""

    OK = "ok"
    RESTORED = "restored"
    BROKEN = "broken"


@dataclass(frozen=True)
class Link:
    """How far one chain reaches: a number, and the digest that stands there (hex, empty at nothing)."""

    number: int
    digest: str

    def as_json(self) -> dict[str, object]:
        """As a device gets and sends it."""
        return {"number": self.number, "digest": self.digest}


@dataclass(frozen=True)
class Heads:
    """How far the facts and the audit of one organisation reach, in one epoch."""

    organisation: uuid.UUID
    epoch: uuid.UUID
    facts: Link
    audit: Link

    def as_json(self) -> dict[str, object]:
        """As a device gets it, keeps it and sends it back."""
        return {"epoch": str(self.epoch), "facts": self.facts.as_json(), "audit": self.audit.as_json()}

    def as_text(self) -> str:
        """As it is printed, in letters that a small QR code can hold; the last part tells a slip of the pen from a broken chain."""
        parts = [
            _MARK, self.organisation.hex, self.epoch.hex, str(self.facts.number), self.facts.digest, str(self.audit.number), self.audit.digest,
        ]
        plain = ":".join(parts).upper()
        return f"{plain}:{_checksum(plain)}"


@dataclass(frozen=True)
class Finding:
    """What a comparison came to. `sentences` say what is wrong, or that a restore lies between."""

    standing: Standing
    sentences: tuple[str, ...] = ()


def _checksum(plain: str) -> str:
    return crypto.digest(b"head-on-paper", plain.encode()).hex()[:6].upper()


def current() -> Heads:
    """The heads of the organisation in scope, now. Cheap: three rows."""
    key = scope.organisation()
    head = Head.objects.get(organisation_id=key)
    audited = AuditHead.objects.filter(organisation_id=key).first()
    return Heads(
        Organisation.objects.get(key=key).id, head.epoch, Link(head.counter, bytes(head.digest).hex()),
        Link(audited.number, bytes(audited.digest).hex()) if audited else Link(0, ""),
    )


# -- reading one back --------------------------------------------------------------------------------------------------


def read_json(sent: object) -> Heads:
    """A head as a device sends it back; raises `NotAHead`."""
    if not isinstance(sent, dict):
        raise NotAHead(_("This is not a head."))
    try:
        epoch = uuid.UUID(sent["epoch"])
        return Heads(Organisation.objects.get(key=scope.organisation()).id, epoch, _link(sent["facts"]), _link(sent["audit"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotAHead(_("This is not a head.")) from None


def _link(sent: Mapping[str, Any]) -> Link:
    number, digest = sent["number"], sent["digest"]
    if type(number) is not int or not 0 <= number < MOST or not isinstance(digest, str):
        raise ValueError("number")
    if not (_DIGEST.fullmatch(digest) if number else digest == ""):
        raise ValueError("digest")
    return Link(number, digest)


def read_text(typed: str) -> Heads:
    """A head as it was printed, with whatever spaces and lines stand between; raises `NotAHead` with a sentence."""
    plain, _colon, check = re.sub(r"[\s\-·]", "", typed).upper().rpartition(":")
    parts = plain.split(":")
    if parts[0] != _MARK or len(parts) != 7:
        raise NotAHead(_("This is not a head. It begins with %s and has eight parts with colons between them.") % _MARK)
    if check != _checksum(plain):
        raise NotAHead(_("There is a slip in it: its last six signs do not fit to the rest. Read it again."))
    try:
        organisation, epoch = (uuid.UUID(part) for part in parts[1:3])
        facts, audit = (_link({"number": int(parts[at]), "digest": parts[at + 1].lower()}) for at in (3, 5))
    except ValueError:
        raise NotAHead(_("This is not a head.")) from None
    return Heads(organisation, epoch, facts, audit)


# -- comparing -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Restore:
    """A signed change of epoch: the new one begins where a backup of the one before ends."""

    before: uuid.UUID
    epoch: uuid.UUID
    facts: Link
    audit: Link


def compare(kept: Heads) -> Finding:
    """Whether our chains go through a kept head; the digests at its numbers are looked up, `verify` recomputes them.

    A number beyond the end is a cut tail, unless a signed restore took that tail away.
    """
    now = current()
    if kept.organisation != now.organisation:
        raise NotAHead(_("This head belongs to another programme."))
    known = restores()
    ours, theirs = _line(now.epoch, known), _line(kept.epoch, known)
    shared = next((epoch for epoch in ours if epoch in theirs), None)
    if shared is None:
        return Finding(Standing.BROKEN, (_("The epoch is another one, and no signed restore leads to it."),))
    way_here, way_there = ours[shared], theirs[shared]
    wrong = [sentence for step in way_here for sentence in (_at("facts", step.facts), _at("audit", step.audit)) if sentence]
    lost = False
    for name in ("facts", "audit"):
        link: Link = getattr(kept, name)
        if link.number <= min([getattr(step, name).number for step in (*way_here, *way_there)], default=MOST):
            wrong += [sentence for sentence in [_at(name, link)] if sentence]
        else:
            lost = True
    if wrong:
        return Finding(Standing.BROKEN, tuple(wrong))
    if lost:
        return Finding(Standing.RESTORED, (_("A backup was put in place since. What came after it was replaced; that change is signed."),))
    return Finding(Standing.OK)


def _line(epoch: uuid.UUID, known: Mapping[uuid.UUID, Restore]) -> dict[uuid.UUID, tuple[Restore, ...]]:
    """An epoch and all it descends from, each with the restores on the way to it."""
    found: dict[uuid.UUID, tuple[Restore, ...]] = {epoch: ()}
    way: tuple[Restore, ...] = ()
    while epoch in known and known[epoch].before not in found:
        way = (*way, known[epoch])
        epoch = known[epoch].before
        found[epoch] = way
    return found


def _at(name: str, link: Link) -> str:
    """Empty when our chain goes through this link, else the sentence that says where it does not."""
    if link.number == 0:
        return ""
    rows = Fact.objects.filter(counter=link.number) if name == "facts" else AuditEntry.objects.filter(number=link.number)
    digest = rows.values_list("digest", flat=True).first()
    words = _("facts") if name == "facts" else _("audit lines")
    if digest is None:
        return _("The chain of %(chain)s does not reach number %(number)d any more.") % {"chain": words, "number": link.number}
    if bytes(digest).hex() != link.digest:
        return _("At number %(number)d the chain of %(chain)s is another one.") % {"chain": words, "number": link.number}
    return ""


# -- a restore is signed ---------------------------------------------------------------------------------------------------


def sign(organisation: uuid.UUID, restore: Restore) -> str:
    """What proves that this installation, with its key files, put a backup in place. Whoever has the database alone cannot make it."""
    said = [
        str(organisation), str(restore.before), str(restore.epoch), restore.facts.number, restore.facts.digest, restore.audit.number, restore.audit.digest,
    ]
    return crypto.token(crypto.key(settings.CONFIG.keys, _PURPOSE), "restored", crypto.canonical(said).decode()).hex()


def note(organisation: uuid.UUID, restore: Restore) -> dict[str, object]:
    """A restore with its signature, as the audit line keeps it; kept beside the database too, for the next restore may not know this one."""
    said: dict[str, object] = {
        "organisation": str(organisation), "epoch_before": str(restore.before), "epoch": str(restore.epoch), "facts": restore.facts.number,
        "facts_head": restore.facts.digest, "audit_lines": restore.audit.number, "audit_head": restore.audit.digest, "signature": sign(organisation, restore),
    }
    path = settings.CONFIG.var / "backup" / "restores"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a") as handle:
        handle.write(json.dumps(said) + "\n")
    return said


def restores() -> dict[uuid.UUID, Restore]:
    """The signed restores of the organisation in scope, by the epoch that each began; what carries no right signature is none."""
    own = Organisation.objects.get(key=scope.organisation()).id
    lines: list[Mapping[str, Any]] = list(AuditEntry.objects.filter(action="restored").values_list("detail", flat=True))
    path = settings.CONFIG.var / "backup" / "restores"
    if path.exists():
        lines += [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return {restore.epoch: restore for restore in (_signed(own, line) for line in lines) if restore is not None}


def _signed(own: uuid.UUID, said: Mapping[str, Any]) -> Restore | None:
    if "signature" not in said or said.get("organisation") != str(own):
        return None
    restore = Restore(
        uuid.UUID(said["epoch_before"]), uuid.UUID(said["epoch"]), Link(said["facts"], said["facts_head"]), Link(said["audit_lines"], said["audit_head"]),
    )
    if not crypto.same(sign(own, restore).encode(), str(said["signature"]).encode()):
        log.warning("A restore that carries a wrong signature stands in the audit.")
        return None
    return restore


def restored_lately(most: int = 5) -> Sequence[AuditEntry]:
    """The latest restores, for a page to show."""
    return list(AuditEntry.objects.filter(action="restored").order_by("-number")[:most])
