"""Every form of the console, found mechanically: each address is opened by somebody who may, in a world with one of everything."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.signals import template_rendered
from django.urls import reverse

from handrail.facts import (
    accounts,
    derived_codes,
    devices,
    handles,
    heads,
    holds,
    participants,
    proposals,
    receipts,
    setting_changes,
    visits,
    wishes,
)
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Aside, Referral, RoleAssignment
from handrail.facts.record import Draft, Mode, record
from handrail.facts.spec import KINDS
from handrail.facts.values import NEEDS_APPROVAL, declared
from handrail.insight.models import Result
from handrail.kernel import clock, crypto, ids, keyring, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import forecast, kits, recalls
from handrail.ledgers.stock.models import Item
from handrail.screens.console import at_hand
from handrail.screens.console.keys import lock_token
from handrail.services.exchange.models import OpenTest
from handrail.services.naloxone import commands as naloxone
from handrail.services.naloxone import public_reports
from handrail.services.naloxone.models import KitRequest
from handrail.services.naloxone.tests.helpers import reported
from handrail.services.naloxone.tests.mailing import ordered
from handrail.services.naloxone.values import PICK_UP
from handrail.vault import inbox, records
from handrail.vault.models import InboxItem
from handrail.vault.spec import STORES
from tests import outside, releases, watching
from tests import world as small_world
from tests.forms_on_pages import Form, read
from tests.people import join
from tests.security.test_access_matrix import TABLE, routes
from tests.signing_in import add_passkey, browser, turn_app_on
from tests.words import CARD, PASSWORD
from tests.world import today

EXTRA_ROLES = [("coordinator", "data_steward", None), ("auditor", "clinical_approver", None), ("inside", "coordinator", "Health unit 3")]
PEOPLE = ["naima", "coordinator", "store", "nurse", "admin", "auditor", "inside", "casa", "otieno", "mailer"]
ALSO = [
    ("nurse", "account"), ("nurse", "account-codes"), ("nurse", "confirm"), ("store", "stock-recall"), ("auditor", "setting"), ("casa", "visit-new"), ("nurse", "naloxone:requests"),
]
"""Pages that show another form to somebody else."""


@dataclass
class Found:
    """One form, who has it before them, and the page it stands on."""

    form: Form
    who: str
    page: str


@dataclass
class Scene:
    """The world with one of everything, browsers in which people are signed in, and every form they were shown."""

    world: SimpleNamespace
    things: dict[str, list[Any]]
    clients: dict[str, Client] = field(default_factory=dict)
    forms: dict[str, Found] = field(default_factory=dict)
    templates: set[str] = field(default_factory=set)
    opened: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Who opened which address, by its name."""
    free: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether a field of a form takes free text."""
    values: dict[str, str] = field(default_factory=dict)
    """Codes and secrets that a form needs to be valid."""

    def keep(self, answer: Any, who: str, page: str) -> None:
        """Remember the forms of an answer; the first of each sort. A file has none."""
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            return
        for form in read(answer.content.decode(), page).forms:
            self.forms.setdefault(form.key, Found(form, who, page))


def build() -> Scene:
    """The scene, with every form in it. Needs a database that is rolled back."""
    small_world.busy()
    world = small_world.find()
    with scope.enter([world.harbour.key]):
        for username, role, site in EXTRA_ROLES:
            RoleAssignment.objects.create(staff=world.staff[username], role=role, site=world.sites[site] if site else None)
        world = small_world.find()
        scene = Scene(world, {})
        _things(scene)
    for username in world.staff:
        scene.clients[username] = Client()
        scene.clients[username].force_login(world.staff[username])
    scene.clients["nobody"], scene.clients["nurse"] = browser(), browser()
    scene.clients["nurse"].force_login(world.staff["nurse"])
    turn_app_on(scene.clients["nurse"])
    add_passkey(scene.clients["nurse"])
    for username, client in scene.clients.items():
        if username != "nobody":
            session = client.session
            session[at_hand._NAME] = {word: str(person) for word, person in scene.things["people"]}
            session.save()
    template_rendered.connect(note := lambda template, **_more: scene.templates.add(template.name or ""), weak=False)
    try:
        _open_all(scene)
        _open_behind(scene)
    finally:
        template_rendered.disconnect(note)
    return scene


def _expires(world: SimpleNamespace, person: uuid.UUID) -> None:
    """Kits that expire soon, with somebody who can be reached."""
    stock.receive(actor=world.system, site=world.van, lines=[stock.Delivery("naloxone-nasal-4mg", "NX-soon", 2, today() + timedelta(days=40))])
    naloxone.give(actor=world.actors["naima"], site=world.van, quantities={"naloxone-nasal-4mg": 2}, participant=person, id=ids.new())


def _things(scene: Scene) -> None:
    """One of everything an address can name; several where a page differs."""
    world, van, clinic = scene.world, scene.world.van, scene.world.sites["Clinic"]
    naima, system = world.actors["naima"], world.system
    person, late, coded = ids.random(), ids.random(), ids.random()
    participants.enrol(actor=naima, site=van.id, code=crypto.new_code(), participant=person)
    participants.enrol(actor=naima, site=van.id, code=(second := crypto.new_code()), participant=late)
    handles.set_handle(actor=naima, participant=person, word="Otter")
    contact = {"phone": "+000 000", "through": "Otter", "how": "Otter"}
    records.write(actor=naima, store=STORES["vault.contact"], participant=person, site=van, typed=contact)
    _expires(world, person)
    answers = derived_codes.Elements("Zebulonia", "Quirinus", "Xanthippe", 29, 11, 1968)
    participants.find_or_propose(actor=naima, site=van, elements=answers, participant=coded)
    consent = {
        "purpose": "guest_dosing", "scope": ["treatment"], "from_whom": "this_programme", "to_whom": "Riverside clinic", "until": "end_of_treatment",
        "how": "written", "says_who": True, "revocation_explained": True, "signed": True, "given_on": "2026-03-02", "text_language": "en",
        "text_version": "3", "copy_given": True,
    }
    wishes.give_consent(actor=naima, site=van, participant=person, id=ids.new(), said=consent)
    died = {"reported_by": "family", "precision": "day", "died_on": str(clock.now().date()), "is_confirmed": True, "notify": []}
    wishes.report_death(actor=system, site=van, participant=late, id=ids.new(), said=died)
    asked = KINDS["facts.legal_demand"].sample.model_dump(mode="json")
    wishes.log_demand(actor=naima, site=van, id=ids.new(), said=asked)
    holds.set_hold(actor=system, participant=person, reason="lawyer", ends_on=today() + timedelta(days=90))
    visit, walk_in, test = ids.new(), ids.new(), KINDS["exchange.test"].payload(disease="HIV", state="sample_taken")
    referral = KINDS["facts.referral"].payload(service="OAT", status="accepted", to_site=clinic.id)
    visits.save(
        actor=system, visit=visit, site=van.id, occurred_at=clock.now(), encounter=Encounter(), participant=person,
        parts=[visits.Part("exchange.test", test), visits.Part("facts.referral", referral)],
    )
    visits.save(actor=system, visit=walk_in, site=van.id, occurred_at=clock.now(), encounter=Encounter(), parts=[visits.Part("exchange.test", test)])
    record(Draft(kind="exchange.test", payload=test, site=clinic.id, encounter=ids.new()), actor=system)
    slip, inside = ids.new(), ids.new()
    visits.save(actor=system, visit=slip, site=van.id, occurred_at=clock.now(), encounter=Encounter(), parts=[])
    visits.save(actor=system, visit=inside, site=world.sites["Health unit 3"].id, occurred_at=clock.now(), encounter=Encounter(), parts=[])
    aside = record(Draft(kind="no.such", payload={}, site=van.id), actor=system, mode=Mode.ARRIVED)
    recall = recalls.recall(actor=system, item="filter", lot="F-1", source_reference="FSN-1", severity="unlikely").id
    till, _token = devices.enrol(actor=system, label="machine", role="outreach", site=van)
    kits.assemble(actor=system, site=world.store, kit=Item.objects.get(code="injecting-kit"), kits=2)
    forecast.order(actor=system, site=world.store, supplier="Depot", quantities={"filter": 100})
    clinical = next(value for value in declared().values() if value.safety in NEEDS_APPROVAL and isinstance(value.start, int))
    setting_changes.set_value(
        actor=system, value=clinical, typed=str(clinical.start), site=None, valid_from=today(), source="decided by the board"
    )
    merge, undone = join(world, ids.random(), ids.random()), _undone(world)
    pricked = record(Draft(kind="exchange.needlestick", payload=KINDS["exchange.needlestick"].sample, site=van.id), actor=naima)
    scene.values = {"second_card": second, "receipt": receipts.issue(actor=naima, visit=slip), "set_up": accounts.new_set_up_code(actor=system, staff=world.staff["casa"]), "head": heads.current().as_text(), "kit_receipt": _asks_for_kit(world)}
    quarter = "2026Q3"
    for site in (None, van):
        Result.objects.create(
            organisation=world.harbour, indicator="prv_10a", version=1, period=quarter, starts_on=date(2025, 10, 1),
            ends_before=date(2026, 10, 1), site=site, status="no_data", data_through=1, computed_at=clock.now(),
        )
    scene.things = outside.enter(world) | watching.enter(world) | _told(world) | {
        "people": [("word", person), ("late", late), ("coded", coded)], "word": ["word", "late", "coded"], "device": [till.id], "recall": [recall], "order": [ordered(world)], "told": [reported(world)],
        "store": ["vault.contact", "vault.mail_address"], "token": ["not-the-token"], "waits": [_unread(world)], "wanted": [KitRequest.objects.get().id],
        "item": ["filter", "injecting-kit", "condom"], "visit": [visit, walk_in], "site": [world.sites[name].id for name in ("Van 1", "Box at the station", "Health unit 3", "Casa")],
        "referral": [Referral.objects.first().fact], "quarter": [quarter], "indicator": ["prv_10a"], "account": [world.staff["elsewhere"].id],
        "name": [clinical.key, "second_factor"], "proposal": [proposals.propose(newer=person, older=coded, actor=system).id], "merge": [merge, undone],
        "fact": [Aside.objects.get(fact=aside.id).fact, OpenTest.objects.filter(site=clinic).first().fact, pricked.id],
    }


def _asks_for_kit(world: SimpleNamespace) -> str:
    """A kit that somebody without a sign-in wants; the code of their receipt."""
    setting_changes.set_value(actor=world.system, value=PICK_UP, typed="yes", site=world.sites["Clinic"], valid_from=today(), source="decided by the board")
    return public_reports.ask_for_kit(organisation=world.harbour, id=ids.random(), site=world.sites["Clinic"].id)


def _unread(world: SimpleNamespace) -> Any:
    """Something sealed that did not open."""
    about = {"store": "vault.contact", "site": str(world.van.id)}
    item = inbox._keep(world.system, ids.random(), inbox.current_key(world.harbour.id).id, b"\0", about)
    InboxItem.objects.filter(id=item.id).update(problem="damaged")
    return item.id


def _told(world: SimpleNamespace) -> dict[str, list[Any]]:
    """A report that was released and may be released again, and its public page."""
    told = releases.one_and_what_changed_since(world)
    return {"report": [told.report], "period": [told.period], "number": [told.number], "format": ["csv"], "organisation": [world.harbour.id]}


def _undone(world: SimpleNamespace) -> Any:
    """A merge that was undone; a wish and a handle were recorded while it held."""
    survivor, other = ids.random(), ids.random()
    merge = join(world, survivor, other)
    wishes.set_status(actor=world.system, site=world.van, participant=survivor, id=ids.new(), status="do_not_contact")
    handles.set_handle(actor=world.actors["naima"], participant=other, word="Heron")
    proposals.undo(actor=world.system, merge=merge)
    return merge


def addresses(scene: Scene, name: str) -> list[str]:
    """Every address of a route in this world."""
    found: list[dict[str, Any]] = [{}]
    for part in routes()[name].pattern.converters:
        found = [values | {part: thing} for values in found for thing in scene.things[part]]
    return [reverse(name, kwargs=values) for values in found]


def _who_may(name: str) -> list[str]:
    """People to try, those whom the table of access names first."""
    row = TABLE[name].get("get", {})
    if row.get("others") == 200 and "nobody" not in row:
        return ["nobody"]
    named = [who for who, status in row.items() if status == 200 and who != "stranger"]
    first = ["naima"] if row.get("others") == 200 else [who for who in PEOPLE if who in named]
    return first + [who for who in PEOPLE if who not in first and row.get(who) != 404]


def console_routes() -> dict[str, Any]:
    """Every route of the console; programs' own are tested elsewhere."""
    return {name: pattern for name, pattern in routes().items() if not name.startswith("api-")}


def _open_all(scene: Scene) -> None:
    for name, pattern in console_routes().items():
        if "GET" not in pattern.callback.methods:
            continue
        people = _who_may(name)
        for address in addresses(scene, name):
            for who in people:
                answer = scene.clients[who].get(address)
                if answer.status_code == 200:
                    scene.opened.setdefault(name, (who, address))
                    scene.keep(answer, who, address)
                    people = [who, *(other for other in ("inside", "casa") if other != who)]
                    break
    for who, name in ALSO:
        for address in addresses(scene, name):
            scene.keep(scene.clients[who].get(address), who, address)


def _open_behind(scene: Scene) -> None:
    """Pages that only an answer to a form shows."""
    van, store = scene.world.van, scene.world.store
    with patch.object(keyring, "mode", return_value=keyring.Mode.HIGH):  # pages that only sealed keys have
        for who, address in (("coordinator", reverse("keys")), ("nobody", reverse("lock-now", args=[lock_token()]))):
            scene.keep(scene.clients[who].get(address), who, address)
    for address in addresses(scene, "mail:label"):
        scene.keep(scene.clients["mailer"].post(address, {"purpose": "pack"}), "mailer", address)
    nurse = browser()
    scene.keep(nurse.post("/sign-in/", {"username": "nurse", "password": PASSWORD}), "nobody", "/sign-in/second/")
    sheet = SimpleUploadedFile("last.csv", b"Day,Place\n2025-03-01,Van 1\n")
    mapping = SimpleUploadedFile("m.toml", b'name = "m"\n[columns]\ndate = "Day"\nsite = "Place"\n')
    answer = scene.clients["coordinator"].post("/import/", {"file": sheet, "mapping": mapping})
    scene.keep(answer, "coordinator", "/import/")
    for words in ({"do": "find", "card": CARD, "who": "card"}, {"do": "need", "who": "none"}):
        address = reverse("visit-new", args=[van.id])
        typed = {"visit": str(ids.new()), "at": clock.now().isoformat(), "people_count": "1", **words}
        scene.keep(scene.clients["naima"].post(address, typed), "naima", address)
    counted = {"other-item-0": "filter", "other-lot-0": "F-store", "other-quantity-0": "2900", "reason": "not_known", "id": str(ids.new())}
    answer = Client().post(reverse("stock-count", args=[store.id]), counted)
    page = read(answer.content.decode(), "/sign-in/").forms[0]
    again = page.sends({"username": "store", "password": PASSWORD})
    scene.keep(Client().post("/sign-in/", again), "store", "/sign-in/")
    scene.clients["elsewhere"] = alone = browser()
    alone.force_login(scene.world.staff["elsewhere"])
    turn_app_on(alone)
    scene.keep(alone.post("/account/factor/", {"what": "app"}), "elsewhere", "/account/")
