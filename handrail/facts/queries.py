"""What screens read from the facts layer."""

from __future__ import annotations

import uuid

from django.db import connection

from handrail.facts.fold import as_json
from handrail.facts.models import Site
from handrail.kernel import scope

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
    found.offers = as_json(found.offers)
    return found
