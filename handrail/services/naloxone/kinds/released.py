"""Somebody was released from custody, with a kit or without: so that those without one are counted too (HR-NAL-17)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Answer, Codes, Compose, Kind, Matrix, Payload, Privacy, info


class Moment(Codes):
    """When the release was recorded."""

    RELEASE = "release", _("Released")


class ReleaseKit(Codes):
    """Whether they left with a kit."""

    WITH_KIT = "with_kit", _("With a kit")
    DECLINED = "declined", _("Did not want one")
    NOT_OFFERED = "not_offered", _("None was offered")
    UNKNOWN = "unknown", _("Not known")


class Released(Payload):
    """One release."""

    moment: Moment = info(_("Release"), privacy=Privacy.PERSONAL, default=Moment.RELEASE)
    kit: ReleaseKit = info(_("Naloxone on release"), privacy=Privacy.PERSONAL)


KIND = Kind(
    title=_("Release from custody"),
    explain=_("Somebody was released from custody, with naloxone or without."),
    payload=Released,
    may="naloxone.give",
    sample=Released(kit=ReleaseKit.WITH_KIT),
    compose=Compose(
        order=46, title=_("Release from custody"), folded=True, where=("prison_unit",),
        part=Matrix(row="moment", shown=(Moment.RELEASE,), answers=tuple(Answer(one.value, one.label, {"kit": one}) for one in ReleaseKit)),
    ),
)
