"""Forty people for browser tests of reports, recorded in the server's own programme this quarter, and numbers made of them."""

from __future__ import annotations

import os
import subprocess
import sys

from bench._server import ROOT, Server

_PEOPLE = """
from handrail.cli import _open_house
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
with _open_house():
    from handrail.facts.record import Mode, record_many
    from handrail.insight import due, jobs, releases
    from handrail.insight.examples import SYRINGE, drafts, gets, says
    from handrail.insight.periods import Period
    from handrail.insight.report_spec import REPORTS
    from handrail.kernel import scope
    from handrail.ledgers.stock.commands import add_item
    from handrail.ledgers.stock.models import Item
    from tests import world
    found = world.find()
    day = world.today().isoformat()
    with scope.enter([found.harbour.key]):
        if not Item.objects.filter(code=SYRINGE).exists():
            add_item(actor=found.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
        late = int(os.environ["LATE"])
        for site, count in (("Van 1", late),) if late else (("Van 1", 40), ("Drop-in", 30)):
            events = [event for n in range(count) for event in (says(f"{site}{n}", day), gets(f"{site}{n}", day, 10))]
            record_many(list(drafts(events, found.sites[site])), actor=found.system, mode=Mode.CONFIRMED)
    quarter = Period.of("quarter", world.today())
    if late:
        raise SystemExit(0)  # the numbers do not know of them yet
    jobs.refresh(found.harbour, [str(quarter.previous()), str(quarter)])  # not all that are kept: that takes a minute
    with scope.enter([found.harbour.key]):
        for key in os.environ["RELEASED"].split():
            releases.freeze(actor=found.actors["coordinator"], report=REPORTS[key], period=quarter)
        for report in REPORTS:
            if due.due_on(report, quarter):
                releases.keep_preview(report, quarter)
"""


def people_come(server: Server, *released: str, late: int = 0) -> None:
    """Forty people at Van 1 and thirty at the drop-in, today; then the numbers are computed, and these reports released.

    Or so many more at Van 1, whose records arrive `late`: nothing is computed of them.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")}
    environment |= {"HANDRAIL_VAR": str(server.var), "RELEASED": " ".join(released), "LATE": str(late)}
    subprocess.run([sys.executable, "-c", _PEOPLE], env=environment, cwd=ROOT, check=True)
