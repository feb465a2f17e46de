"""What screens read from the facts layer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from django.db import connection
from django.db.models import Q
from django.http import Http404

from handrail.facts.fold import as_json
from handrail.facts.models import Fact, Site
from handrail.facts.spec import KINDS
from handrail.kernel import clock, scope
from handrail.kernel.access import Actor

_COLUMNS = [field.attname for field in Site._meta.concrete_fields]
_SITE = f"SELECT {', '.join(_COLUMNS)} FROM facts_site WHERE organisation_id = %s::bigint AND id = %s::uuid AND is_active"  # noqa: S608


def find_site(site: uuid.UUID) -> Site | None:
    """An active site of the organisation in scope. Read by a prepared statement: every recorded visit starts here."""
    with connection.cursor() as cursor:
        cursor.execute(_SITE, [scope.organisation(), site])
        row = cursor.fetchone()
    if row is None:
        return None
    found = Site.from_db("default", _COLUMNS, row)
    found.offers, found.item_classes, found.kinds = as_json(found.offers), as_json(found.item_classes), as_json(found.kinds)
    return found


def site_or_404(actor: Actor, site: uuid.UUID, permission: str) -> Site:
    """An active site where the actor holds a permission; anything else looks like a page that is not here."""
    found = find_site(site)
    if found is None or not actor.may(permission, found.key):
        raise Http404
    return found


def today() -> date:
    """The day it is for what belongs to no single place: that of the organisation's first active place; of UTC where there is none.

    Where a place is known, ask it instead (`Site.today`).
    """
    zone = Site.objects.filter(is_active=True).order_by("key").values_list("time_zone", flat=True).first()
    return clock.local_date(clock.now(), zone or "UTC")


_NEWEST = (
    "SELECT n.key FROM unnest(%s::bigint[]) AS s (site) CROSS JOIN LATERAL ("
    " SELECT f.key, f.occurred_at FROM facts_fact f WHERE f.organisation_id = %s::bigint AND f.site_id = s.site AND f.kind = %s"
    " AND f.supersedes = '[]'::jsonb ORDER BY f.occurred_at DESC LIMIT %s) n ORDER BY n.occurred_at DESC LIMIT %s"
)


def newest_first(kind: str, sites: Sequence[int], most: int) -> list[Fact]:
    """The latest records of a kind at these sites, no corrections among them, each with its site.

    Site by site from the index: over all sites at once PostgreSQL would read and sort every record there ever was.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [list(sites), scope.organisation(), kind, most, most])
        keys = [row[0] for row in cursor.fetchall()]
    return list(Fact.objects.filter(key__in=keys).select_related("site").order_by("-occurred_at"))


def needs_proof(kind: str, supersedes: Sequence[uuid.UUID]) -> bool:
    """Whether a person proves again who they are before recording this: its kind says so, or that of what it replaces or takes back."""
    sensitive = [found.key for found in KINDS if found.step_up]
    if kind in sensitive or not supersedes:
        return kind in sensitive
    named = Fact.objects.filter(id__in=list(supersedes))
    return Fact.objects.filter(Q(id__in=list(supersedes)) | Q(id__in=named.values("root")), kind__in=sensitive).exists()
