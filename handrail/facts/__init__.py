"""Facts: what happened. Organisations, sites, staff, participants, encounters, referrals, and the one door `record()`."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavItem, Room

ROOM = Room(
    key="facts",
    title=_("People and visits"),
    package="handrail.facts",
    roles={
        "outreach": {"visit.record", "visit.read", "visit.correct", "referral.make", "person.find"},
        "nurse": {
            "visit.record", "visit.read", "visit.correct", "referral.make", "referral.close", "referral.read", "person.find",
        },
        "coordinator": {"visit.read", "visit.correct", "records.review", "referral.read", "staff.read"},
        "auditor": {"audit.read"},
    },
    nav=(
        NavItem(_("Visits"), "visits", "visit.read"),
        NavItem(_("Expected"), "referrals", "referral.close"),
        NavItem(_("To look at"), "waiting", "records.review"),
        NavItem(_("Audit"), "audit", "audit.read"),
    ),
)
