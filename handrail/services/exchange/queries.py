"""What screens read from the exchange room."""

from __future__ import annotations

from django.db.models import QuerySet

from handrail.kernel.access import Actor
from handrail.services.exchange.models import OpenTest


def open_tests(actor: Actor) -> QuerySet[OpenTest]:
    """Tests that still owe an answer, oldest first, at the sites where the actor follows them."""
    return OpenTest.objects.filter(actor.filter("exchange.test.follow")).select_related("site").order_by("occurred_at")
