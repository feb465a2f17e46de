"""Strings that break programs, through every text field of every form of the console.

The forms are not listed here: they are found by walking the addresses (`tests/every_form.py`). A form that nobody was
shown, that a valid form cannot be sent from, or whose text is shown nowhere fails by name, so that the list cannot rot.
"""

from __future__ import annotations

import csv
import importlib
import inspect
import io
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.utils.html import escape

from handrail.kernel import clock, scope
from handrail.screens.aid import flood
from tests.every_form import Found, Scene, build, console_routes
from tests.every_form_filled import (
    ANSWERS_200,
    NOT_KEPT,
    NOT_SHOWN,
    NUMBERS,
    OTHER_NUMBERS,
    OTHER_PAGE,
    OTHERS,
    PROBE,
    REFUSED,
    SHARP,
    SMOKE,
    UNSAFE,
    filled,
)
from tests.forms_on_pages import Field, Form, plain, post, read
from tests.naughty import ALL

SHARES = 1 if os.environ.get("HANDRAIL_EVERY_STRING") else 3
"""Every form meets every string; a field of many meets one of so many shares, its neighbour the next. At night each field meets all."""
POSTED = sorted(name for name, pattern in console_routes().items() if "POST" in pattern.callback.methods)


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker) -> Iterator[tuple[Scene, datetime]]:
    """Built once; every form is sent inside a savepoint that is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build(), clock.now()
        transaction.set_rollback(True)


@pytest.fixture
def scene(built: tuple[Scene, datetime]) -> Iterator[Scene]:
    """The scene at the moment it was built: ten minutes later its sign-ins would have run out, however fast the machine is."""
    made, at = built
    flood.forget()
    with time_machine.travel(at, tick=True):
        yield made


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def browser_of(scene: Scene, who: str) -> Client:
    """The person's browser as it was: cookies of a sign-in that was rolled back are gone."""
    before = scene.clients[who]
    client = Client(SERVER_NAME=before.defaults.get("SERVER_NAME", "testserver"))
    client.cookies.load({name: morsel.value for name, morsel in before.cookies.items()})
    return client


def send(scene: Scene, found: Found, **instead: str) -> Any:
    """A valid form with some fields replaced. What the server breaks with is raised."""
    sent = found.form.sends(filled(scene, found.form)) | {name: [text] for name, text in instead.items()}
    return post(browser_of(scene, found.who), found.form.action, sent)


def forms_of(scene: Scene, route: str) -> list[Found]:
    return [found for found in scene.forms.values() if found.form.route == route]


def fields_of(form: Form, *, typed: bool) -> list[Field]:
    """Fields of a form; one of each family."""
    found: dict[str, Field] = {}
    for one in form.fields.values():
        if one.is_typed == typed and one.sort != "file":
            found.setdefault(one.family, one)
    return list(found.values())


def is_refused(found: Found) -> bool:
    return any(found.form.key.startswith(start) for start in REFUSED)


def saved(answer: Any, form: Form) -> bool:
    return answer.status_code == 302 or (answer.status_code == 200 and form.route in ANSWERS_200)


def on(page: str, text: str) -> bool:
    """Whether a page shows a text. Between words one space stands for several, as on every page."""
    wanted = " ".join(text.split())
    return escape(text.strip()) in page or escape(wanted) in page or any(wanted in " ".join(word.split()) for word in read(page).words)


def shown(scene: Scene, found: Found, answer: Any, name: str, text: str) -> bool:
    """Whether what was saved stands unchanged on the page that follows, or on the page that is known to show it."""
    who, pages = found.who, [answer]
    if answer.status_code == 302:
        client = browser_of(scene, who)
        client.cookies.update(answer.cookies)
        pages = [client.get(answer["Location"])]
    if place := OTHER_PAGE.get((found.form.route, name)):
        pages.append(browser_of(scene, place[0]).get(place[1]))
    for page in pages:
        assert page.status_code in {200, 302}
        assert not [part for part in UNSAFE if part in page.content.decode()]
    return any(on(page.content.decode(), text) for page in pages)


def kept(answer: Any, form: Form, one: Field, text: str) -> bool:
    """Whether a refused form shows again what was typed, in its field."""
    if re.search(rf'name="{re.escape(one.name)}" value="{re.escape(escape(text))}"', answer.content.decode()):
        return True
    again = read(answer.content.decode(), form.action).forms
    return any(one.name in other.fields and plain(other.fields[one.name].value) == plain(text) for other in again if other.route == form.route)


def trial(scene: Scene, found: Found, one: Field, text: str, *, free: bool) -> str:
    """Send one string through one field; what is wrong with the answer, or an empty text."""
    form, place = found.form, (found.form.route, one.family)
    as_read = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    with rolled_back():
        try:
            answer = send(scene, found, **{one.name: text})
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:200]
        if answer.status_code not in {200, 302, 401, 404, 422}:
            return f"status {answer.status_code}"
        if unsafe := [part for part in UNSAFE if part in answer.content.decode()]:
            return f"not escaped: {unsafe}"
        if saved(answer, form):
            if free and place not in NOT_SHOWN and not shown(scene, found, answer, one.family, as_read):
                return "saved, but not shown as it was typed"
            return ""
        if answer.status_code == 302:
            return "sent on"
        wants_kept = answer.status_code in {401, 422} and "\0" not in text and one.sort != "password" and place not in NOT_KEPT
        return "refused, and what was typed is gone" if wants_kept and not kept(answer, form, one, as_read) else ""


def some(number: int, free: bool) -> list[str]:
    """What the core suite tries in one field; the next field gets other ones."""
    rest, count = (OTHERS, 3) if free else (OTHER_NUMBERS, 1)
    return [*(SHARP if free else NUMBERS), *(rest[(number * count + step) % len(rest)] for step in range(count))]


def is_free(scene: Scene, found: Found, one: Field) -> bool:
    """Whether the field takes free text."""
    place = (found.form.key, one.name)
    if place not in scene.free:
        with rolled_back():
            scene.free[place] = saved(send(scene, found, **{one.name: PROBE}), found.form)
    return scene.free[place]


def once(scene: Scene, route: str, *, typed: bool) -> Iterator[tuple[Found, Field]]:
    """The fields of a route's forms, one of each family. A correction has the fields of a new visit and is read alike."""
    seen = {one.family for other in forms_of(scene, "visit-new") for one in other.form.fields.values()} if route == "visit-correct" else set()
    for found in forms_of(scene, route):
        for one in fields_of(found.form, typed=typed):
            if one.family not in seen:
                seen.add(one.family)
                yield found, one


def every_text(scene: Scene, route: str, *, every: bool) -> list[str]:
    """What is wrong with any string in any field of the forms of a route."""
    wrong, fields = [], list(once(scene, route, typed=True))
    shares = min(SHARES, len(fields))
    for number, (found, one) in enumerate(fields, zlib.crc32(route.encode())):
        free = is_free(scene, found, one)
        for name in list(ALL)[number % shares :: shares] if every else some(number, free):
            if problem := trial(scene, found, one, ALL[name], free=free):
                wrong.append(f"{found.form.key[:60]} {one.name} “{name}”: {problem}")
    return wrong


@pytest.mark.parametrize("route", POSTED)
def test_every_form_is_found_and_can_be_sent(route, scene):
    found = forms_of(scene, route)
    assert found, f"Nobody in tests/every_form.py was shown a form that goes to “{route}”: open its page there."
    for one in found:
        with rolled_back():
            answer = send(scene, one)
        assert saved(answer, one.form) or is_refused(one), f"{one.form.key}: {answer.status_code}. Write what makes it valid in FILLED."


@pytest.mark.slow
@pytest.mark.parametrize("route", POSTED)
def test_a_string_that_breaks_programs_is_shown_unchanged_or_refused_in_every_text_field(route, scene):
    assert every_text(scene, route, every=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("route", POSTED)
def test_every_string_in_every_form(route, scene):
    assert every_text(scene, route, every=True) == []


# -- what is chosen or hidden, and what stands in an address ----------------------------------------------------------------


GARBAGE = ["html", "superscript", "endless digits", "null inside"]


@pytest.mark.slow
@pytest.mark.parametrize("route", POSTED)
def test_garbage_in_a_field_that_is_chosen_or_hidden_is_refused_or_means_nothing(route, scene):
    buttons = [(found, Field(name, "button")) for found in forms_of(scene, route) for name in {name for name, _value in found.form.buttons if name}]
    wrong = []
    for number, (found, one) in enumerate([*once(scene, route, typed=False), *buttons], zlib.crc32(route.encode())):
        name = GARBAGE[number % len(GARBAGE)]
        with rolled_back():
            try:
                answer = send(scene, found, **{one.name: ALL[name]})
            except Exception as error:  # whatever it is, the page broke
                wrong.append(f"{found.form.key[:60]} {one.name} “{name}”: {type(error).__name__}: {error}"[:240])
                continue
            if answer.status_code not in {200, 302, 401, 404, 422} or any(part in answer.content.decode() for part in UNSAFE):
                wrong.append(f"{found.form.key[:60]} {one.name} “{name}”: {answer.status_code}")
    assert wrong == []


def test_garbage_in_the_name_of_a_field_is_refused_or_means_nothing(scene):
    wrong, seen = [], set[tuple[str, str]]()
    for found in scene.forms.values():
        prefixes = {match.group() for name in found.form.fields if (match := re.match(r"^(exchange\.[a-z_]+:|[a-z]+-)", name))}
        for prefix in sorted(prefixes):
            if (found.form.route, prefix) in seen or (found.form.route == "visit-correct" and ("visit-new", prefix) in seen):
                continue
            seen.add((found.form.route, prefix))
            for name in ("superscript", "html"):
                with rolled_back():
                    try:
                        answer = send(scene, found, **{prefix + ALL[name]: "1"})
                    except Exception as error:
                        wrong.append(f"{found.form.key[:60]} {prefix} “{name}”: {type(error).__name__}: {error}"[:240])
                        continue
                    assert answer.status_code in {200, 302, 401, 404, 422}
                    assert not [part for part in UNSAFE if part in answer.content.decode()]
    assert wrong == []


_ASKED = re.compile(r"GET(?:\.get\(|\[)\"(\w+)\"|\"(\w+)\" in request\.GET")


def asked_of_an_address(view: Any) -> set[str]:
    """Names that a view's own file looks up in an address."""
    source = inspect.getsource(importlib.import_module(view.__module__))
    return {one or other for one, other in _ASKED.findall(source)}


@pytest.mark.slow
def test_garbage_in_an_address_finds_nothing_or_means_nothing(scene):
    wrong = []
    for name, pattern in console_routes().items():
        if "GET" not in pattern.callback.methods or name not in scene.opened:
            continue
        who, address = scene.opened[name]
        asked = sorted(asked_of_an_address(pattern.callback))
        if asked:
            with rolled_back():
                assert browser_of(scene, who).get(address, dict.fromkeys(asked, ALL["null inside"])).status_code == 404
        texts = [("", part) for part in pattern.pattern.converters if type(pattern.pattern.converters[part]).__name__ == "StringConverter"]
        for name_asked, part in [*((one, "") for one in asked), *texts]:
            for string in ("superscript", "null inside") if part else ("superscript" if len(name_asked) % 2 else "html in attribute",):
                where = address.replace(f"/{scene.things[part][0]}/", f"/{quote(ALL[string], safe='')}/") if part else address
                with rolled_back():
                    try:
                        answer = browser_of(scene, who).get(where, {name_asked: ALL[string]} if name_asked else None)
                    except Exception as error:
                        wrong.append(f"{name} {name_asked or part} “{string}”: {type(error).__name__}: {error}"[:240])
                        continue
                    if answer.status_code not in {200, 302, 404} or any(bad in answer.content.decode(errors="replace") for bad in UNSAFE):
                        wrong.append(f"{name} {name_asked or part} “{string}”: {answer.status_code}")
    assert wrong == []


# -- nothing else changes, and every page goes on --------------------------------------------------------------------------


def rows(scene: Scene) -> Counter[tuple[str, str]]:
    """A digest of every row of the organisation, by table."""
    tables = [m._meta.db_table for m in apps.get_models() if any(f.name == "organisation" for f in m._meta.concrete_fields) and m._meta.managed]
    with scope.enter([scene.world.harbour.key]), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}', md5(t::text) FROM {table} t" for table in tables))
        return Counter(cursor.fetchall())


@pytest.mark.slow
@pytest.mark.parametrize("route", POSTED)
def test_what_looks_like_sql_changes_no_other_row_and_every_page_goes_on(route, scene):
    for found in forms_of(scene, route):
        free = [one.name for one in fields_of(found.form, typed=True) if is_free(scene, found, one)]
        if not free:
            continue
        before, touched = rows(scene), Counter[str]()
        for text in (PROBE, ALL["sql"], ALL["like"]):
            with rolled_back():
                answer = send(scene, found, **dict.fromkeys(free, text))
                assert answer.status_code in {200, 302, 401, 404, 422}
                changed = Counter(table for table, _row in (before - rows(scene)).elements())
                touched = changed if text == PROBE else touched
                assert changed - touched == Counter(), found.form.key
                for who, page in SMOKE if text == ALL["like"] else []:
                    went_on = browser_of(scene, who).get(page)
                    assert went_on.status_code == 200, page
                    assert not [part for part in UNSAFE if part in went_on.content.decode()]


def test_a_name_that_a_spreadsheet_would_run_is_defused_in_the_file_of_a_quarter(scene):
    site = next(found for found in forms_of(scene, "site") if str(scene.world.van.id) in found.form.action)
    quarter = scene.things["quarter"][0]
    for name in ("formula", "formula with command", "plus", "minus", "at", "full width formula"):
        with rolled_back():
            assert send(scene, site, name=ALL[name]).status_code == 302
            answer = browser_of(scene, "coordinator").get(f"/quarter/{quarter}/download/")
            cells = [cell for row in csv.reader(io.StringIO(answer.content.decode())) for cell in row]
            assert f"'{ALL[name]}" in cells
            assert [cell for cell in cells if cell[:1] in tuple("=+-@\t\r＝＋－＠")] == []


def test_every_template_with_a_form_was_shown(scene):
    with_form = {
        str(path.relative_to(next(parent for parent in path.parents if parent.name == "templates")))
        for path in Path("handrail").rglob("templates/**/*.html") if 'method="post"' in path.read_text()
    }
    assert with_form - scene.templates == set()
    assert len(scene.forms) >= 85
