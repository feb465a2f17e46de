"""What makes each form of the console valid, and what is known of single fields. The forms themselves are found, not listed."""

from __future__ import annotations

from datetime import timedelta

from handrail.kernel import clock
from tests.every_form import Scene
from tests.forms_on_pages import Form
from tests.words import CARD, PASSWORD
from tests.world import today

PROBE = "Otter seven"
"""A field that takes it is free text; any other is a number, a day, a code."""
SHARP = ["html", "html in attribute", "entity", "long", "null inside"]
"""Each free text field meets these in the core suite, and three of the next."""
OTHERS = [
    "newlines", "zero width space", "override right to left", "arabic", "zalgo", "family", "sql", "percent", "like", "json", "braces", "comment", "svg", "link",
    "formula", "at", "tab formula", "header", "every control", "not a character", "low surrogate", "backslash", "hindi", "null word",
]
NUMBERS = ["superscript", "many digits", "not a number", "html in attribute"]
"""Each field for a number, a day or a code meets these, and one of the next."""
OTHER_NUMBERS = ["infinity", "exponent", "minus", "negative zero", "long", "decimal digits", "spaces and tabs", "null inside", "full width formula"]
UNSAFE = [
    "<script>alert(1)", "\" onmouseover=alert(1)", "<svg/onload", "<!-- --><![CDATA[", "href=\"javascript:",
]

FILLED: dict[str, dict[str, object]] = {
    "sign-in": {"username": "naima", "password": PASSWORD}, "confirm": {"password": PASSWORD},
    "account-password": {"current": PASSWORD, "password": "another warm paper 8", "again": "another warm paper 8"},
    "account-factor": {"do": "rename", "name": "Otter"}, "account-new": {"name": "Otter", "username": "otter"},
    "setting-change": {"value": "72", "source": "Board, 3 March"}, "setting-change(source valid_from value)": {"value": "offered"},
    "alarm-answer": {"answer": "unknown"}, "glass-new": {"card": CARD, "why": "overdose"}, "glass-review": {"said": "Otter", "verdict": "right"},
    "site-new": {"name": "Otter house"}, "visit-new": {"exchange.given:*": "3", "who": "card", "card": CARD}, "person-find(how=card card how)": {"card": CARD},
    "person-find(how=handle handle how)": {"handle": "Otter"},
    "person-find(how=code day father how month mother own participant year)": {
        "mother": "Ana", "father": "Bo", "own": "Cy", "day": "3", "month": "4", "year": "1990",
    },
    "same-person-one": {"outcome": "different"}, "stock-receive": {"lot-#": "L-9", "quantity-#": "5", "approval": "A-1", "fund-#": "", "order": "", "came_on": str(today())}, "stock-write-off": {"lot-#": "1"},
    "stock-count": {"other-item-#": "filter", "other-lot-#": "L-9", "other-quantity-#": "5"},
    "stock-recalls": {"quantity": "1", "event": "expired_replaced"}, "stock-recall-new": {"item": "filter", "lot": "F-store", "source_reference": "FSN-9"}, "stock-order-new": {"supplier": "Depot", "q-*": "10", "fund": ""},
    "stock-kits": {"kits": "1", "fund": ""}, "stock-item-new": {"code": "otter", "name": "Otter", "unit_cost": "0.07", "currency": "KES"}, "stock-transfer": {"q-*": "1"},
    "stock-funds": {
        "code": "OTTER", "name": "Otter", "valid_from": "2027-01-01", "source_document": "Letter", "clause": "4", "item_class": "preparation", "item_code": "",
    },
    "consent": {
        "to_service": "Riverside clinic", "scope": ["treatment"], "says_who": "on", "revocation_explained": "on", "signed": "on", "given_on": "2026-03-02",
        "text_language": "en", "text_version": "3", "until": "end_of_treatment", "purpose": "guest_dosing",
    },
    "tell": {"what": ["treatment"], "to_service": "Riverside clinic", "basis": "consent", "purpose": "guest_dosing", "notice_sent": "on"},
    "sealed-write": {"phone": "+000 000", "name": "Otter", "address": "Otter 7"}, "sealed-open": {"purpose": "asked_to"},
    "died": {"died_on": str(today())}, "legal-demand-new": {"asked": ["list"]}, "devices": {"label": "Otter"},
    "hold-set": {"whom": "person", "card": CARD, "ends_on": str(clock.now().date() + timedelta(days=90))},
    "exchange:weigh": {"gross": "2.5", "tare": "0.5"},
    "exchange:clean-up": {"area": "harbour-east", "crew_size": "3", "method": "weight", "gross": "9.5", "tare": "0.5", "injuries": "0"},
    "exchange:prison-year": {"year": "2025", "condoms": "5"}, "exchange:box": {"found-*": "3", "added-*": "2"}, "exchange:safety-boxes": {"asset": "BOX-1"},
    "exchange:stops-plan": {"place": "Old market", "starts": "17:00", "ends": "18:00"}, "exchange:whole-stop": {"people_count": "3", "q-*": "2"},
    "naloxone:bag": {"q-*": "2", "repeat_reason": "", "codes": ""}, "naloxone:fill": {"q-*": "2"}, "naloxone:kits": {"item": "naloxone-nasal-4mg", "doses": "2"},
    "naloxone:tell": {"item": "naloxone-nasal-4mg", "quantity": "1", "codes": "", "ours": ""},
    "naloxone:report": {"outcome": "recovered", "doses_total": "2", "codes": "", "area": "harbour-east", "why_not_called": [], "police_action": []},
    "kit-labels": {"quantity": "2"}, "aid:tell-of": {"when": "today", "outcome": "recovered", "doses_total": "2", "codes": "", "why_not_called": [], "police_action": []},
    "mail:new": {"handle": "otter-7", "item": "naloxone-nasal-4mg", "quantity": "1", "area": "", "language": "", "to-name": "Otter", "to-address": "Otter 7"},
    "mail:address": {"to-name": "Otter", "to-address": "Otter 7"}, "mail:label": {"purpose": "pack"},
    "exchange:release": {"OAT": "accepted"}, "report-release": {"note": "Twenty visits arrived late"},
    "estimate-new": {
        "population": "pwid", "level": "targeted_area", "area": "otter bay", "value": "1200", "low": "900", "high": "1500", "method": "multiplier", "year": "2025",
        "source": "Ministry, p. 3",
    },
    "estimate": {"note": "A slip", "value": "18301"},
    "deaths-counted": {"level": "country", "area": "", "months": "3", "ends": "2024-03", "deaths": "12", "source": "Civil registration"},
    "death-count": {"note": "A slip", "deaths": "641"},
    "target-new": {"indicator": "kp_4", "op": "≥", "value": "160", "valid_from": "2026-01-01", "award": "Otter", "source": "Annex 4", "status": "ours"},
    "target": {"note": "A slip", "value": "151"},
}
"""What makes a form valid, where what stands in it does not."""
OTHER_PAGE = {("tell", "to_service"): ("naima", "/people/word/told/"), ("stock-item-new", "name-es"): ("store", "/stock/catalogue/otter/"),
    ("stock-item", "name-es"): ("store", "/stock/catalogue/filter/")}
"""Where a text is shown that the page after saving does not show."""
NOT_SHOWN = {
    ("report-release", "note"): "the worker makes the release; test_reports.py shows a note with markup on its page",
    **{("sealed-write", name): "sealed; only opening it shows it, to whoever may" for name in ("phone", "messenger", "through", "how", "name", "address", "note")},
    **{(f"mail:{page}", f"to-{name}"): "sealed; only opening it shows it, to whoever may" for page in ("new", "address") for name in ("name", "address", "note", "contact", "quiet")},
    **{("person-find", name): "only a keyed digest of the code is stored" for name in ("mother", "father", "own")},
    **{(f"naloxone:{page}", "codes"): "codes of kits; the overview shows one to whoever asks for it" for page in ("bag", "tell", "report")},
    ("naloxone:report", "area"): "stands in the record, and in the form that revises it",
    ("stock-receive", "approval"): "stands in the record; no page lists it", ("exchange:clean-up", "quantity"): "follows from the weight",
}
"""Free text that no page shows, and why."""
NOT_KEPT = {("account-app", "code"): "a secret", ("confirm", "code"): "a secret", ("sign-in-second", "code"): "a secret", ("account-factor", "name"): "the page says to go back"}
"""What a refused form does not show again, and why. No field of a password does."""
REFUSED = {
    "sign-in-passkey(": "needs a passkey's own answer", "account-app(": "needs what an app shows now", "account-passkey(": "needs a passkey's own answer",
    "import(file": "needs a file; its cells are in test_naughty.py", "estimates-import(": "needs a file; its cells are in test_outside.py", "confirm(answer": "needs a passkey's own answer",
    "confirm(code": "needs what an app shows now", "stock-recall(": "a recall with pieces on a shelf cannot be closed",
    "sealed-open(": "the form that forgets destroys the key, which no rollback brings back; test_sealed_pages.py opens",
    "mail:label(": "the form that forgets destroys the key, which no rollback brings back; test_mail_pages.py opens",
    "inbox-decide()": "what does not open does not open the second time either; test_inbox.py takes one in", "keys(": "needs the words of an officer", "lock-now(": "locks only where the keys are sealed",
    "sign-in-second(": "needs what an app or a passkey says now",
}
"""Forms that cannot be sent from here so that they are accepted, and why: their fields are refused, but must not break anything."""
ANSWERS_200 = {"sealed-open", "visit-receipt", "person-find", "devices", "audit", "sign-in", "confirm", "import", "heads", "kit-labels", "aid:tell-of", "aid:receipt-of"}
"""Forms that show what they did at once."""
SMOKE = [("auditor", "/audit/"), ("store", "/stock/"), ("naima", "/"), ("naima", "/visits/"), ("naima", "/account/")]


def filled(scene: Scene, form: Form) -> dict[str, object]:
    """What makes this form valid."""
    more: dict[str, dict[str, object]] = {
        "set-up": {"username": "casa", "code": scene.values["set_up"], "password": "another warm paper 8", "again": "another warm paper 8"},
        "person-receipt": {"receipt": scene.values["receipt"]}, "same-person-pair": {"first": CARD, "second": scene.values["second_card"]},
        "heads": {"head": scene.values["head"]}, "aid:receipt-of": {"receipt": scene.values["kit_receipt"]}, "kit-labels": {"shelf": _first(form, "shelf")},
        "stock-transfer": {"q-*": "1", "site": scene.world.store.id, "to_site": scene.world.van.id}, "account-factor(what=app password what)": {"password": PASSWORD},
    }
    inside = {"who": "none"} if "naloxone.released:release" in form.fields else {}  # the card is of somebody outside, who is not known there
    return _answered(form) | FILLED.get(form.route, {}) | more.get(form.route, {}) | inside | FILLED.get(form.key, {}) | more.get(form.key, {})


def _first(form: Form, name: str) -> str:
    """The first answer of a list; empty where the form has none."""
    return next((value for value in form.fields[name].options if value), "") if name in form.fields else ""


def _answered(form: Form) -> dict[str, object]:
    """The first answer of every row of a visit that asks more below it: what stands there belongs to an answer."""
    rows = [one for name, one in form.fields.items() if one.sort == "radio" and any(below.startswith(f"{name}:") for below in form.fields)]
    return {one.name: next(value for value in one.options if value) for one in rows if not any(one.chosen)}
