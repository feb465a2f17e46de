"""Somebody's phone number is written down while the vault is locked: it leaves the browser sealed, and lies nowhere to be read."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from bench._server import Server
from tests.browser.conftest import PHONE, Visitor
from tests.browser.test_story_person import at_van, new_card
from tests.inside import found_in, inside, written_ways

pytestmark = pytest.mark.browser

NUMBER, HOW = "+254 711 4711-canary", "After six heron-4711"
LOCK = """
from handrail.kernel import clock, crypto, officers
from handrail.vault import risk
today = clock.now().date()
for name in ("Ada", "Ben"):
    secret, public = crypto.new_identity()
    risk.add(officers.with_key(name, public, today))
    print(secret)
risk.add(officers.on_paper(today)[0])
risk.go_high()
"""
OPEN = """
from django.conf import settings
from handrail.facts.models import Organisation
from handrail.kernel import keyring, scope
from handrail.vault import inbox, records, risk
from handrail.vault.models import InboxItem, SealedRecord
risk.go_low(identity={secret!r})
harbour = Organisation.objects.get(name="Harbour")
print(inbox.process(harbour))
with scope.enter([harbour.key]):
    print(InboxItem.objects.count(), SealedRecord.objects.count())
"""


@pytest.mark.viewport(PHONE)
def test_what_is_written_down_while_the_vault_is_locked_lies_nowhere_to_be_read(server: Server, visitor: Visitor):
    van = at_van(visitor)
    new_card(visitor, van, handle="Blue cap")
    page = visitor.page
    with page.expect_navigation():
        page.locator("a[href*='vault.contact']").first.tap()
    page.wait_for_load_state("networkidle")
    secret = inside(server, LOCK)[0]
    page.fill("#phone", NUMBER)
    page.fill("#how", HOW)
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or "") if request.method == "POST" else None)
    with page.expect_navigation():
        page.locator("main form button.go").tap()
    assert "waits=1" in page.url
    assert len(bodies) == 1
    assert {"sealed", "ingest_key", "id"} <= set(parse_qs(bodies[0]))
    words = written_ways(NUMBER) | written_ways(HOW) | written_ways("heron-4711") | written_ways("4711-canary")
    assert not any(word in bodies[0].encode() for word in words)
    assert found_in(server.var.parent, words) == []
    (server.var / "planted").write_text(f"log: {NUMBER}")
    assert found_in(server.var.parent, words) == [str(server.var / "planted")]
    assert inside(server, OPEN.format(secret=secret))[:2] == ["(1, 0)", "0 1"]
