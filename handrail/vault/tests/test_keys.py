"""The keys: sealed to officers, held by a process of their own, locked, exchanged, lost."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from django.conf import settings

from handrail.facts import handles
from handrail.facts.labels import label
from handrail.facts.models import CardToken, Fact
from handrail.facts.participants import find, issue_card
from handrail.kernel import audit, clock, crypto, ids, keyholder, keyring, officers
from handrail.kernel.keyring import CODES, VAULT, Locked, Mode
from handrail.kernel.models import AuditEntry
from handrail.vault import inbox, keystore, records, risk
from handrail.vault.models import InboxItem
from handrail.vault.spec import STORES
from handrail.vault.tests.opening import OTHERS, WORDS, on_disk, unlock
from handrail.vault.tests.test_records import PHONE, open_it, somebody, write

ALL = [name for names in keyring.RINGS.values() for name in names]
STAY_OPEN = {
    "facts/accounts.py": "set-up codes of staff", "facts/derived_codes.py": "the salt, which is no secret", "facts/devices.py": "how much a device sent today",
    "facts/heads.py": "the signature of a restore", "kernel/bearer.py": "tokens of devices", "kernel/web.py": "failed sign-ins", "kernel/keyring.py": "the rings",
    "screens/console/keys.py": "the address that locks", "screens/console/person.py": "what ties a page to a card for minutes", "screens/sign_in_adapter.py": "second factors of staff",
    "services/naloxone/public_reports.py": "receipts of kits asked for, which lead to a place and a day", "vault/risk.py": "the rings",
}
"""Who may use a key that lies open on the disk also in high-risk mode, and for what. Nothing of it leads to anybody who is served."""


def test_a_key_that_lies_open_in_high_risk_mode_leads_to_nobody():
    root = Path(keyring.__file__).parents[1]
    using = {path.relative_to(root).as_posix() for path in root.rglob("*.py") if "tests" not in path.parts and re.search(r"\bcrypto\.key\(", path.read_text())}
    assert using == set(STAY_OPEN), "if it leads to people, ask the keyring for it"


# -- high-risk mode --------------------------------------------------------------------------------------------------------


def test_sealed_keys_lie_nowhere_on_the_disk(three):
    record = write(three, somebody(three))
    keys = [crypto.key(settings.CONFIG.keys, name) for name in ALL]
    risk.go_high()
    assert keyring.mode() is Mode.HIGH
    assert not {f"{name}.key" for name in ALL} & on_disk()
    held = b"".join(path.read_bytes() for path in settings.CONFIG.var.rglob("*") if path.is_file())
    assert not any(key in held or key.hex().encode() in held for key in keys)
    assert keystore.get(record.data_key, three.harbour.id) is not None


def test_two_officers_and_a_paper_or_it_stays_low(own_keys, cheap_words):
    with pytest.raises(officers.OfficerError, match="Two officers and a key on paper"):
        risk.go_high()
    risk.add(officers.with_words("Ada", WORDS, clock.now().date()))
    risk.add(officers.on_paper(clock.now().date())[0])
    with pytest.raises(officers.OfficerError, match="Two officers"):
        risk.go_high()
    assert keyring.mode() is Mode.LOW


def test_while_it_is_locked_no_card_is_found_and_nothing_is_opened_but_visits_go_on(three, holders):
    who = somebody(three)
    code = crypto.new_code()
    issue_card(actor=three.system, participant=who, code=code)
    record = write(three, who)
    handles.set_handle(actor=three.system, participant=who, word="Kingfisher")
    risk.go_high()
    holders()
    assert handles.name_of(who) == label(who), "pages go on with the two words"
    with pytest.raises(Locked):
        handles.search(actor=three.actors["naima"], typed="kingf", site=three.van)
    with pytest.raises(Locked, match="no card or self-made code"):
        find(code)
    with pytest.raises(Locked, match="The vault is locked"):
        open_it(three, record)


@pytest.mark.parametrize("who", ["Ada", "Ben", "paper"])
def test_any_one_of_them_opens_everything(three, holders, who):
    person, code = somebody(three), crypto.new_code()
    issue_card(actor=three.system, participant=person, code=code)
    record = write(three, person)
    handles.set_handle(actor=three.system, participant=person, word="Kingfisher")
    risk.go_high()
    holders()
    unlock(**({"identity": three.paper} if who == "paper" else {"officer": who, "words": WORDS if who == "Ada" else OTHERS}))
    assert find(code).participant == person
    assert handles.name_of(person) == "Kingfisher"
    assert open_it(three, record) == PHONE


def test_wrong_words_another_key_and_a_stranger_open_nothing(three, holders):
    risk.go_high()
    holders()
    stranger, _public = crypto.new_identity()
    for how in ({"officer": "Ada", "words": OTHERS}, {"officer": "Nobody", "words": WORDS}, {"identity": stranger}, {"identity": "nonsense"}):
        with pytest.raises(keyholder.NotUnlocked):
            unlock(**how)
    assert not keyring.is_open(VAULT)


def test_locking_ends_the_process_and_idling_locks_the_vault(three, holders):
    risk.go_high()
    holders()
    unlock(officer="Ada", words=WORDS)
    assert keyring.lock_now() == [VAULT, CODES]
    assert not keyring.is_open(VAULT)
    with pytest.raises(Locked):
        keyring.lock("x", b"")


def test_a_holder_locks_itself_when_nobody_uses_it_and_at_night(three):
    risk.go_high()
    holder = keyholder.Holder(settings.CONFIG.keys, VAULT, idle_seconds=1800, nightly="03:00", time_zone="UTC")
    assert holder.seconds_left() is None
    holder.answer({"verb": "open", "officer": "", "words": "", "identity": three.paper})
    left = holder.seconds_left()
    assert left is not None
    assert 0 < left <= 1800
    holder._used -= 1801
    assert (holder.seconds_left() or 0) <= 0
    holder.answer({"verb": "status"})
    assert (holder.seconds_left() or 0) <= 0, "asking how it stands does not keep it open"
    holder.answer({"verb": "lock", "name": VAULT, "context": "x", "data": ""})
    assert (holder.seconds_left() or 0) > 1700
    holder._night = keyholder._now() - 1
    assert (holder.seconds_left() or 0) <= 0, "however busy it is"


def test_going_back_to_low_needs_somebody_who_opens(three):
    record = write(three, somebody(three))
    risk.go_high()
    with pytest.raises(crypto.SealError):
        risk.go_low(identity=crypto.new_identity()[0])
    risk.go_low(identity=three.paper)
    assert keyring.mode() is Mode.LOW
    assert open_it(three, record) == PHONE


# -- exchanging, and being interrupted -------------------------------------------------------------------------------------


def test_the_key_that_lay_open_no_longer_opens_anything(three):
    record = write(three, somebody(three))
    old = crypto.key(settings.CONFIG.keys, VAULT)
    risk.go_high()
    wrapped = keystore.get(record.data_key, three.harbour.id)
    assert wrapped is not None
    with pytest.raises(crypto.SealError):
        crypto.unlock_bytes(old, records.key_context(three.harbour.id, record.data_key), wrapped)


@pytest.mark.parametrize("sealed", [False, True])
def test_an_exchange_that_is_interrupted_leaves_everything_readable(three, holders, monkeypatch, sealed):
    record = write(three, somebody(three))
    if sealed:
        risk.go_high()
    real = crypto.lock_bytes

    def power_cut(*_anything):
        raise RuntimeError("power cut")

    monkeypatch.setattr(crypto, "lock_bytes", power_cut)
    with pytest.raises(RuntimeError):
        risk.exchange(identity=three.paper)
    monkeypatch.setattr(crypto, "lock_bytes", real)
    if sealed:
        holders()
        unlock(identity=three.paper)
    assert open_it(three, record) == PHONE
    monkeypatch.setattr(risk.keystore, "transaction", _then_cut(keystore.transaction))
    with pytest.raises(RuntimeError):
        risk.exchange(identity=three.paper)
    monkeypatch.undo()
    crypto.key.cache_clear()
    if sealed:
        keyring.lock_now()
        time.sleep(0.2)
        holders()
        unlock(identity=three.paper)
    assert open_it(three, record) == PHONE, "both keys are there until every record is locked with the new one"
    assert risk.exchange(identity=three.paper) >= 1


def _then_cut(real):
    """Everything is done, the new ring is on the disk, and the power goes before the commit."""

    class Cut:
        def __enter__(self):
            self.inner = real()
            return self.inner.__enter__()

        def __exit__(self, *what):
            error = RuntimeError("power cut before the commit")
            self.inner.__exit__(type(error), error, None)
            raise error

    return Cut


def test_a_change_to_high_that_is_interrupted_is_seen_and_ends_when_it_is_run_again(three, monkeypatch):
    write(three, somebody(three))
    monkeypatch.setattr(risk, "_remove_open_keys", lambda _folder: None)
    risk.go_high()
    monkeypatch.undo()
    assert risk.left_open(settings.CONFIG.keys) == [f"{name}.key" for name in ALL]
    risk.go_high()
    assert risk.left_open(settings.CONFIG.keys) == []


# -- officers come and go --------------------------------------------------------------------------------------------------


def test_an_officer_who_forgot_the_words_is_added_anew_by_another(three, holders):
    risk.go_high()
    risk.add(officers.with_words("Cleo", "kernel lantern meadow nectar orchard", clock.now().date()), identity=three.paper)
    risk.remove("Ada", identity=three.paper)
    holders()
    with pytest.raises(keyholder.NotUnlocked):
        unlock(officer="Ada", words=WORDS)
    unlock(officer="Cleo", words="kernel lantern meadow nectar orchard")


def test_the_last_two_cannot_be_removed(three):
    risk.go_high()
    for name in ("Ada", "paper"):
        with pytest.raises(officers.OfficerError, match="fewer than two officers and a key on paper"):
            risk.remove(name, identity=three.paper)


@pytest.mark.parametrize("words", ["too short", "a b c d e", ""])
def test_few_words_are_refused(own_keys, words):
    with pytest.raises(officers.OfficerError, match="at least 5 words"):
        officers.with_words("Ada", words, clock.now().date())


def test_all_officers_and_the_paper_are_lost_facts_are_intact_and_service_goes_on(three, holders):
    person, code = somebody(three), crypto.new_code()
    issue_card(actor=three.system, participant=person, code=code)
    record, facts = write(three, person), Fact.objects.count()
    risk.go_high()
    holders()
    inbox.write_or_keep(actor=three.actors["naima"], store=STORES["vault.contact"], participant=person, site=three.van, typed=PHONE, id=ids.random())
    keyring.lock_now()
    lost = risk.begin_again()
    assert (lost.sealed_records, lost.waiting) == (1, 1)
    assert Fact.objects.count() == facts
    assert not audit.verify().problems
    assert AuditEntry.objects.filter(action="keys.lost").exists()
    with pytest.raises(records.LostKeys, match="locked with keys that were lost"):
        open_it(three, record)
    assert find(code).participant is None, "a card has to be given anew"
    again = crypto.new_code()
    issue_card(actor=three.system, participant=person, code=again)
    assert find(again).participant == person
    assert CardToken.objects.filter(participant=person).count() == 2
    new = write(three, person, {"phone": "new"})
    assert open_it(three, new) == {"phone": "new"}
    assert inbox.process(three.harbour) == (0, 1)
    assert InboxItem.objects.get().problem
    assert {name.split(".lost-")[0] for name in on_disk() if ".lost-" in name} == {"codes.age", "vault.age", "officers.json"}


def test_begin_again_is_refused_where_nothing_is_sealed(three):
    with pytest.raises(officers.OfficerError):
        risk.begin_again()


def test_nobody_is_called_paper(own_keys):
    with pytest.raises(officers.OfficerError, match="paper"):
        officers.with_words("Paper", WORDS, clock.now().date())


def test_a_holder_that_lacks_a_key_says_so_and_is_not_taken_for_locked(three):
    risk.go_high()
    holder = keyholder.Holder(settings.CONFIG.keys, CODES, idle_seconds=0, nightly="", time_zone="UTC")
    holder.answer({"verb": "open", "officer": "", "words": "", "identity": three.paper})
    assert "cannot do that" in holder.answer({"verb": "mac", "name": "of-a-later-version", "context": "", "data": ""})["refused"]
