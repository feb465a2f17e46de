"""Forty people for browser tests of reports, recorded in the server's own programme this quarter, and numbers made of them."""

from __future__ import annotations

import os
import subprocess
import sys

from bench._server import ROOT, Server
from tests.browser.conftest import handrail

_PEOPLE = """
from handrail.cli import _open_house
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
with _open_house():
    from handrail.facts.record import Mode, record_many
    from handrail.insight.examples import SYRINGE, drafts, gets, says
    from handrail.kernel import scope
    from handrail.ledgers.stock.commands import add_item
    from handrail.ledgers.stock.models import Item
    from tests import world
    found = world.find()
    day = world.today().isoformat()
    with scope.enter([found.harbour.key]):
        if not Item.objects.filter(code=SYRINGE).exists():
            add_item(actor=found.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
        for site, count in (("Van 1", 40), ("Drop-in", 30)):
            events = [event for n in range(count) for event in (says(f"{site}{n}", day), gets(f"{site}{n}", day, 10))]
            record_many(list(drafts(events, found.sites[site])), actor=found.system, mode=Mode.CONFIRMED)
"""


def people_come(server: Server) -> None:
    """Forty people at Van 1 and thirty at the drop-in, today; then the numbers are computed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(server.var)}
    subprocess.run([sys.executable, "-c", _PEOPLE], env=environment, cwd=ROOT, check=True)
    handrail(server, "warehouse", "build")


def release(server: Server, report: str, period: str) -> None:
    """Release a report on the command line."""
    handrail(server, "release", "make", "--report", report, "--period", period, "--organisation", "Harbour")
