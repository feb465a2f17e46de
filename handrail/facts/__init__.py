"""Facts: what happened. Organisations, sites, staff, participants, encounters, referrals, and the one door `record()`."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavItem, Room

_FACE_TO_FACE = frozenset({"person.find", "person.read", "consent.record", "person.status"})
"""What somebody who meets people may do: find them, see what they chose to say, take down consent and wishes."""

ROOM = Room(
    key="facts",
    title=_("People and visits"),
    package="handrail.facts",
    roles={
        "outreach": {"visit.record", "visit.read", "visit.correct", "referral.make", *_FACE_TO_FACE},
        "nurse": {
            "visit.record", "visit.read", "visit.correct", "referral.make", "referral.close", "referral.read", *_FACE_TO_FACE,
        },
        "peer": {"visit.record", "visit.read", "referral.make", "person.find"},
        "coordinator": {
            "visit.read", "visit.correct", "records.review", "referral.read", "staff.read", "person.review", "site.manage",
            "device.manage", "import.run", "settings.change",
        },
        "data_steward": {"visit.read", "visit.correct", "records.review", "person.review", "person.merge", "import.run"},
        "administrator": {"staff.read", "staff.manage", "device.manage", "site.manage", "settings.change"},
        "clinical_approver": {"settings.approve"},
        "auditor": {"audit.read", "settings.read"},
    },
    nav=(
        NavItem(_("Visits"), "visits", "visit.read"),
        NavItem(_("Expected"), "referrals", "referral.close"),
        NavItem(_("To look at"), "waiting", "records.review"),
        NavItem(_("Audit"), "audit", "audit.read"),
    ),
    shielded=frozenset(
        {
            "visit.record", "visit.read", "visit.correct", "referral.make", "referral.close", "referral.read", "records.review",
            "person.review", "person.merge", *_FACE_TO_FACE,
        }
    ),
)
