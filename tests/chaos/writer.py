"""Real processes that write, forked from a parent that has everything loaded, and that may be killed at any moment.

A job is a function that gets `say`, which sends one JSON line to the parent. Forking costs milliseconds, so that two
hundred kills fit into a test run. The parent must have closed its database connection before it forks.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import InterfaceError, OperationalError, connection

from handrail.facts import organisations, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Organisation, Site, Staff
from handrail.facts.visits import Part
from handrail.kernel import clock, scope
from handrail.kernel.access import Actor
from handrail.kernel.database import retrying
from handrail.services.exchange.kinds.given import Given, GivenLine
from handrail.services.exchange.kinds.returned import Returned

Say = Callable[[dict[str, Any]], None]


@dataclass
class Child:
    """A forked process and what it said."""

    pid: int
    pipe: int
    said: list[dict[str, Any]] = field(default_factory=list)
    _rest: bytes = b""
    ended: bool = False

    def read(self, timeout: float = 0.0) -> bool:
        """Take in what is there; False once the process closed its end."""
        if select.select([self.pipe], [], [], timeout)[0]:
            chunk = os.read(self.pipe, 65536)
            if not chunk:
                self.ended = True
                return False
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            self.said.extend(json.loads(line) for line in lines)
        return True

    def kill(self) -> None:
        """SIGKILL; what it had said before still arrives, half a line does not."""
        os.kill(self.pid, signal.SIGKILL)
        self.finish()

    def finish(self, timeout: float = 120.0) -> list[dict[str, Any]]:
        """Read to the end and collect the process; an error inside it is raised here."""
        deadline = time.monotonic() + timeout
        while not self.ended and self.read(timeout=0.1) and time.monotonic() < deadline:
            pass
        if not self.ended and time.monotonic() >= deadline:
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.pipe)
        for line in self.said:
            if "error" in line:
                raise AssertionError(line["error"])
        return self.said

    def wait_for(self, word: str, timeout: float = 20.0) -> bool:
        """Whether the process said a line with this key in time."""
        deadline = time.monotonic() + timeout
        while not any(word in line for line in self.said):
            if time.monotonic() > deadline or not self.read(timeout=0.02):
                return any(word in line for line in self.said)
        return True


def fork(job: Callable[[Say], None]) -> Child:
    """Run a job in a process of its own."""
    assert connection.connection is None, "close the database connection before forking"
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    code = 1
    try:
        os.close(reading)
        random.seed(os.urandom(8))

        def say(line: dict[str, Any]) -> None:
            os.write(writing, json.dumps(line).encode() + b"\n")

        try:
            job(say)
            connection.close()
            code = 0
        except BaseException:
            say({"error": traceback.format_exc()})
    finally:
        os._exit(code)


# -- who writes, and where ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """What a writer needs to know, read once by the parent."""

    actor: Actor
    organisation: int
    site: uuid.UUID
    site_key: int

    @classmethod
    def of(cls, username: str = "naima", site: str = "Van 1") -> Post:
        """The post of a member of staff of the small world."""
        staff = Staff.objects.get(username=username)
        with scope.enter([staff.organisation_id]):
            place = Site.objects.get(name=site)
            return cls(organisations.actor_for(staff), staff.organisation_id, place.id, place.key)

    @property
    def system(self) -> Actor:
        """The server itself in this organisation."""
        return organisations.system_actor(Organisation.objects.get(key=self.organisation))


# -- one visit, by whatever way it goes in -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """A visit as a client holds it until it is acknowledged: the id is the client's and stays the same."""

    id: uuid.UUID
    syringes: int
    filters: int
    returned: int

    @classmethod
    def make_up(cls) -> Visit:
        """A random one."""
        return cls(uuid.uuid4(), random.randint(1, 9), random.randint(1, 4), random.randint(1, 30))

    @classmethod
    def read(cls, line: Sequence[Any]) -> Visit:
        """From a line that a process said."""
        return cls(uuid.UUID(line[0]), *line[1:])

    def line(self) -> list[Any]:
        """To say it."""
        return [str(self.id), self.syringes, self.filters, self.returned]


class Deliver(Protocol):
    """How a visit reaches the server. Returns when it is committed; raises if that is not known."""

    def __call__(self, post: Post, visit: Visit) -> None:
        """Deliver it, again if need be: sending twice is harmless."""


def by_command(post: Post, visit: Visit) -> None:
    """Straight into the server's code, as the composer's view calls it."""
    save(post, visit, parts_of(visit))


def parts_of(visit: Visit) -> list[Part]:
    """What was done in a visit."""
    lines = (GivenLine(item="syringe-1ml-29g", quantity=visit.syringes), GivenLine(item="filter", quantity=visit.filters))
    return [Part("exchange.given", Given(lines=lines)), Part("exchange.returned", Returned(quantity=visit.returned))]


def save(post: Post, visit: Visit, parts: Sequence[Part]) -> None:
    """Save these parts of a visit in one transaction."""
    def work() -> None:
        with scope.enter([post.organisation]):
            visits.save(
                actor=post.actor, visit=visit.id, site=post.site, occurred_at=clock.now(), encounter=Encounter(on_behalf_of=1), parts=parts
            )

    retrying(work)


def deliver_visits(post: Post, queue: Iterable[Visit], deliver: Deliver = by_command, *, more: bool = True) -> Callable[[Say], None]:
    """A job: deliver the queue, then visits made up on the way, until killed. Says what it starts and what was committed.

    A visit is said before it is sent and acknowledged only after its commit, as a phone's outbox does.
    """
    parent = os.getpid()

    def job(say: Say) -> None:
        for visit in _visits(queue, more=more):
            say({"start": visit.line()})
            while True:
                try:
                    deliver(post, visit)
                    break
                except (OperationalError, InterfaceError):
                    # The database went away; whether it was committed nobody knows. The same visit again, on a new connection.
                    connection.close()
                    time.sleep(0.01)
                    if os.getppid() != parent:
                        return
            say({"done": str(visit.id)})

    return job


def _visits(queue: Iterable[Visit], *, more: bool) -> Iterator[Visit]:
    yield from queue
    while more:
        yield Visit.make_up()
