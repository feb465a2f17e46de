"""Where a referral leads: to the site of this organisation that takes people for the service, if there is just one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handrail.facts.models import Site


def destination(service: str) -> Any:
    """Id of the one active site that offers a service, or None when there is none or a choice to make."""
    offering = [site for site in Site.objects.filter(is_active=True) if service in site.offers]
    return offering[0].id if len(offering) == 1 else None


def routed(payloads: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Payloads (kind, payload) with the destination filled in where a referral was accepted and none was named."""
    found = []
    for kind, payload in payloads:
        if kind == "facts.referral" and payload.to_site is None and payload.status == "accepted":
            payload = payload.model_copy(update={"to_site": destination(payload.service)})
        found.append((kind, payload))
    return found
