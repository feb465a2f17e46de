"""The keystore is there, and what was erased stays erased: after every migration, which is at every start and after a restore."""

from __future__ import annotations

import psycopg
from django.conf import settings
from django.db import connection

from handrail.facts.models import Organisation
from handrail.kernel import scope
from handrail.kernel.whole_database import conninfo
from handrail.vault import keystore, records


def prepare() -> int:
    """Make the keystore if it is missing, mend its tables, and destroy again what a restore may have brought back; how many keys that were."""
    owner = settings.OWNER_LOGIN()
    login = keystore.login_of(owner)
    try:
        psycopg.connect(conninfo(login)).close()
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error) or not settings.MAKE_DATABASE(login["NAME"]):
            raise ValueError(
                f"The keystore's database {login['NAME']} cannot be reached. Create it with the same owner as the main one;"
                f" see docs/how-to/use-a-postgresql-server.md. {str(error).strip()}"
            ) from None
    keystore.migrate(owner)
    try:
        return reapply()
    finally:
        keystore.close()
        connection.close()  # whoever moves or restores asks next whether anybody is connected


def reapply() -> int:
    """Destroy again what was ever erased, for every organisation."""
    came_back = 0
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            came_back += records.reapply(organisation)
    return came_back
