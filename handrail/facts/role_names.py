"""What roles are called on a page. A role without a name here shows its key."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Text

NAMES: dict[str, Text] = {
    "administrator": _("Administrator"), "auditor": _("Auditor"), "clinical_approver": _("Clinical approver"), "coordinator": _("Coordinator"),
    "data_steward": _("Data steward"), "finance": _("Finance"), "mail_team": _("Mail team"), "nurse": _("Nurse"),
    "outreach": _("Outreach worker"), "peer": _("Peer worker"), "storekeeper": _("Storekeeper"),
}


def role_name(role: str) -> str:
    """The name of a role."""
    return str(NAMES.get(role, role.replace("_", " ").capitalize()))
