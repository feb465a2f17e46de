"""Facts: what happened. Organisations, sites, staff, participants, encounters, referrals, and the one door `record()`."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavGroup, NavItem, Room

_FACE_TO_FACE = frozenset({"person.find", "person.read", "consent.record", "person.status"})
"""What somebody who meets people may do: find them, see what they chose to say, take down consent and wishes."""

ROOM = Room(
    key="facts",
    title=_("People and visits"),
    package="handrail.facts",
    roles={
        "outreach": {"visit.record", "visit.read", "visit.correct", "referral.make", "referral.follow", "demand.log", "glass.break", *_FACE_TO_FACE},
        "nurse": {
            "visit.record", "visit.read", "visit.correct", "referral.make", "referral.follow", "referral.close", "referral.read", "demand.log",
            "glass.break", *_FACE_TO_FACE,
        },
        "peer": {"visit.record", "visit.read", "referral.make", "referral.follow", "demand.log", "person.find"},
        "coordinator": {
            "visit.read", "visit.correct", "records.review", "referral.read", "staff.read", "staff.assign", "person.review", "site.manage",
            "device.manage", "import.run", "settings.change", "settings.read", "retention.hold",
            "demand.log", "demand.read", "demand.decide", "alarm.see", "alarm.answer", "glass.review", "unusual.read",
        },
        "data_steward": {"visit.read", "visit.correct", "records.review", "person.review", "person.merge", "import.run"},
        "administrator": {
            "staff.read", "staff.manage", "staff.assign", "device.manage", "site.manage", "settings.change", "settings.read", "retention.hold",
            "alarm.see", "alarm.answer",
        },
        "clinical_approver": {"settings.approve", "settings.read"},
        "auditor": {"audit.read", "settings.read", "alarm.see", "unusual.read"},
    },
    nav=(
        NavItem(_("Visits"), "visits", "visit.read", every_day=True),
        NavItem(_("Expected"), "referrals", "referral.close", every_day=True),
        NavItem(_("Referrals made here"), "referrals-made", "referral.follow"),
        NavItem(_("To look at"), "waiting", "records.review", every_day=True),
        NavItem(_("Same person?"), "same-person", "person.review"),
        NavItem(_("Legal demands"), "legal-demands", "demand.read", NavGroup.RUNNING),
        NavItem(_("Import"), "import", "import.run", NavGroup.RUNNING),
        NavItem(_("Devices"), "devices", "device.manage", NavGroup.RUNNING),
        NavItem(_("Emergency access"), "glass-reviews", "glass.review", NavGroup.RUNNING),
        NavItem(_("Unusual looks"), "unusual", "unusual.read", NavGroup.RUNNING),
        NavItem(_("Heads"), "heads", "alarm.see", NavGroup.RUNNING),
        NavItem(_("Audit"), "audit", "audit.read", NavGroup.RUNNING),
        NavItem(_("Accounts"), "accounts", "staff.read", NavGroup.RUNNING),
        NavItem(_("Places"), "sites", "site.manage", NavGroup.RUNNING),
        NavItem(_("Settings"), "settings", "settings.read", NavGroup.RUNNING),
        NavItem(_("What is kept"), "retention", "settings.read", NavGroup.RUNNING),
    ),
    shielded=frozenset(
        {
            "visit.record", "visit.read", "visit.correct", "referral.make", "referral.follow", "referral.close", "referral.read", "records.review",
            "person.review", "person.merge", "import.run", "glass.break", "glass.review", *_FACE_TO_FACE,
        }
    ),
)
