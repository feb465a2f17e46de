"""What several numbers of naloxone count: written once, so that it is one number wherever it stands (`domain/naloxone.md` 10)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.spec import Sum

KITS = Sum(
    ("naloxone.supply", "exchange.dispensed", "exchange.given"), "quantity", _("Kits handed out, or taken from a box"),
    items=("naloxone_nasal", "naloxone_im", "naloxone_other"), apart=("naloxone", "product", "source_class", "recipient_kind", "supply_type"),
)
"""Kits, never single doses. Told apart each way by itself: crossed, nearly every cell would be one or two people."""
