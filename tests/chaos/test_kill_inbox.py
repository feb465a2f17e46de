"""Whoever brings sealed visits, and whoever opens them, is killed at random moments: nothing acknowledged is lost or recorded twice."""

from __future__ import annotations

import copy
import json
import os
import random
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from handrail.facts import devices
from handrail.facts.models import Fact, Organisation, Site
from handrail.facts.replay import verify_chain
from handrail.kernel import bearer, crypto, ids, keyring, scope
from handrail.vault import inbox, keystore, records, sealed_facts
from handrail.vault.models import InboxItem, Taken
from tests.chaos.test_kill import programme
from tests.chaos.writer import Child, Post, Say, fork

pytestmark = pytest.mark.chaos
KILLS = int(os.environ.get("CHAOS_KILLS_INBOX", "40"))


@pytest.fixture
def storm_allowed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Lets the test use the database, although it brings its own."""
    with django_db_blocker.unblock():
        yield


def prepare(server: Any, post: Post) -> uuid.UUID:
    """The keystore beside this database, the first pair of keys, and a device; its id."""
    server.create_database(django_settings.CONFIG.keystore_database)
    keystore.migrate(server.login("owner").as_django())
    with scope.enter([post.organisation]):
        harbour = Organisation.objects.get(key=post.organisation)
        inbox.current_key(harbour.id)
        device, _token = devices.enrol(actor=post.system, label="phone", role="outreach", site=Site.objects.get(key=post.site_key))
    leave()
    return device.id


def leave() -> None:
    """Give both connections back, as before a fork."""
    keystore.close()
    connection.close()


def entries(item: uuid.UUID) -> list[dict[str, Any]]:
    """What a device sealed: a visit and what came back in it."""
    visit, returned = ids.derived(item, "visit"), ids.derived(item, "returned")
    return [
        {"id": str(visit), "kind": "facts.encounter", "payload": {}},
        {"id": str(returned), "kind": "exchange.returned", "encounter": str(visit), "payload": {"quantity": 5}},
    ]


def facts_of(item: uuid.UUID) -> list[uuid.UUID]:
    return [ids.derived(item, "visit"), ids.derived(item, "returned")]


def brings(post: Post, device: uuid.UUID, held: list[uuid.UUID], *, is_open: bool) -> Callable[[Say], None]:
    """A job: send what is held, then more, until killed; the vault is open or locked."""

    def job(say: Say) -> None:
        keyring.is_open = lambda _ring: is_open
        with scope.enter([post.organisation]):
            organisation = Organisation.objects.get(key=post.organisation).id
            actor, key = bearer.device_actor(post.organisation, device), inbox.current_key(organisation)
        assert actor is not None
        while True:
            item = held.pop() if held else ids.random()
            say({"start": str(item)})
            plain = records.pad(json.dumps(entries(item)).encode())
            # Sealing makes other bytes each time; a device keeps those it made, so they must not differ between two tries.
            sealed = SEALED.setdefault(item, crypto.seal(key.public, inbox.context_of(organisation, item), plain))
            say({"sealed": [str(item), sealed.hex()]})
            with scope.enter([post.organisation]):
                (said,) = inbox.take_facts(actor=actor, sent=[inbox.Sent(item, key.id, sealed)])
            assert said in {inbox.ACCEPTED, inbox.DUPLICATE}, said
            say({"done": str(item)})

    return job


def opens(post: Post) -> Callable[[Say], None]:
    """A job: take in whatever waits, again and again, until killed."""

    def job(say: Say) -> None:
        while True:
            with scope.enter([post.organisation]):
                organisation = Organisation.objects.get(key=post.organisation)
            say({"taken": inbox.process(organisation)[0]})

    return job


SEALED: dict[uuid.UUID, bytes] = {}


class Storm:
    """What the devices know: what they sent, and what was acknowledged."""

    def __init__(self) -> None:
        self.started: set[uuid.UUID] = set()
        self.done: set[uuid.UUID] = set()
        self.taken = 0
        SEALED.clear()

    def listen(self, child: Child) -> None:
        for line in child.said:
            if "start" in line:
                self.started.add(uuid.UUID(line["start"]))
            if "sealed" in line:
                SEALED[uuid.UUID(line["sealed"][0])] = bytes.fromhex(line["sealed"][1])
            if "done" in line:
                self.done.add(uuid.UUID(line["done"]))
            self.taken += line.get("taken", 0)

    def rage(self, post: Post, device: uuid.UUID, *, kills: int) -> None:
        """Start somebody who brings and somebody who opens, and kill both, again and again."""
        for _pair in range(kills // 2):
            held = [item for item in self.started - self.done if item in SEALED]
            children = [fork(brings(post, device, held, is_open=random.random() < 0.5)), fork(opens(post))]
            children[0].wait_for("done")
            if random.random() < 0.5:
                children[1].wait_for("taken")
            time.sleep(random.uniform(0, random.choice([0.02, 0.2, 0.6])))
            for child in random.sample(children, 2):
                child.kill()
                self.listen(child)

    def problems(self, post: Post) -> list[str]:
        """After everything that waits was taken in: what is lost, doubled or left."""
        found = []
        with scope.enter([post.organisation]):
            organisation = Organisation.objects.get(key=post.organisation)
        failed = inbox.process(organisation)[1]
        with scope.enter([post.organisation]):
            stored = list(Fact.objects.filter(kind="exchange.returned").values_list("id", flat=True))
            here, taken = set(Fact.objects.values_list("id", flat=True)), set(Taken.objects.values_list("id", flat=True))
            found += [f"{item} is lost" for item in self.done if not set(facts_of(item)) <= here or item not in taken]
            found += ["something was recorded twice"] if len(stored) > len(self.started) else []
            found += ["half of something is there"] * sum(len(set(facts_of(item)) & here) == 1 for item in self.started)
            found += [f"{failed} could not be opened"] if failed or InboxItem.objects.exists() else []
            found += verify_chain()[2]
        leave()
        return found


def test_killed_while_it_comes_and_while_it_is_opened_nothing_is_lost_or_doubled(storm_allowed: None, settings: Any) -> None:
    with programme(settings, durable=True) as (server, post):
        device, storm = prepare(server, post), Storm()
        storm.rage(post, device, kills=KILLS)
        assert storm.problems(post) == []
        assert len(storm.done) >= KILLS // 3, "hardly anything was sent"
        assert storm.taken > 0, "nothing waited for whoever opens"


def in_two_transactions(organisation: Organisation) -> tuple[int, int]:
    """Planted: the item goes first, and what is in it is recorded afterwards."""
    with scope.enter([organisation.key]):
        items = list(InboxItem.objects.order_by("key"))
    for item in items:
        with scope.enter([organisation.key]):
            plain = inbox._plain(item, organisation.id)
            sealed_facts.done(copy.copy(item))
        time.sleep(0.01)
        with scope.enter([organisation.key]):
            sealed_facts.record(item, plain)
    return len(items), 0


def test_an_item_that_goes_before_it_is_recorded_would_be_noticed(storm_allowed: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with programme(settings, durable=True) as (server, post):
        device, storm = prepare(server, post), Storm()
        with monkeypatch.context() as planted:
            planted.setattr(inbox, "process", in_two_transactions)
            storm.rage(post, device, kills=20)
        assert any("is lost" in problem for problem in storm.problems(post))
