"""How a person wants to stand with the programme: here, moved away, left, or not to be contacted. Service goes on always."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Standing(Codes):
    """What the person said, or what is known."""

    ACTIVE = "active", _("Comes here")
    MOVED = "moved", _("Moved away")
    LEFT = "left", _("Does not come any more")
    DO_NOT_CONTACT = "do_not_contact", _("Does not want to be contacted")


class Status(Payload):
    """The latest one stands."""

    status: Standing = info(_("Wish"), privacy=Privacy.PERSONAL)


KIND = Kind(
    title=_("How the person stands with us"),
    explain=_("Whether the person comes, moved, left, or does not want to be contacted. It never changes what they get when they come."),
    payload=Status,
    may="person.status",
    sample=Status(status=Standing.DO_NOT_CONTACT),
    needs_encounter=False,
)
