"""Holds for every fact kind, now and later, without being edited."""

from __future__ import annotations

import re
import uuid
from functools import cache

import pytest

from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, Status, record
from handrail.facts.spec import KINDS, Privacy, field_info, line_model
from handrail.facts.visits import Part
from handrail.insight.columns import columns_of
from handrail.kernel import ids
from handrail.kernel.rooms import roles
from handrail.screens import api_schema
from handrail.screens.console import composer, composer_read, reference

ALL = sorted(KINDS.all())
IDENTITY = re.compile(r"(^|_)(name|surname|phone|address|email|birth_date|date_of_birth|ssn|passport|note|comment|latitude|longitude)($|_)")


@cache
def api_paths():
    return set(api_schema.document()["paths"])


def every_field(model):
    for name, found in model.model_fields.items():
        yield model, name
        if line_model(found) is not None:
            yield from every_field(line_model(found))


@pytest.mark.parametrize("key", ALL)
def test_its_sample_survives_being_written_and_read(key):
    kind = KINDS[key]
    assert kind.parse(kind.sample.model_dump(mode="json")) == kind.sample


@pytest.mark.parametrize("key", ALL)
def test_every_field_has_a_label_and_says_what_it_could_reveal(key):
    for model, name in every_field(KINDS[key].payload):
        said = field_info(model, name)
        assert said["label"], name
        assert said["privacy"] in set(Privacy), name


@pytest.mark.parametrize("key", ALL)
def test_no_field_asks_who_somebody_is(key):
    assert [name for _model, name in every_field(KINDS[key].payload) if IDENTITY.search(name)] == []


@pytest.mark.parametrize("key", ALL)
def test_no_field_takes_free_text_about_a_person(key):
    for model, name in every_field(KINDS[key].payload):
        if model.model_fields[name].annotation is str:
            assert field_info(model, name)["privacy"] == Privacy.OPERATIONAL, name


@pytest.mark.parametrize("key", ALL)
def test_unknown_fields_are_refused(key):
    kind = KINDS[key]
    with pytest.raises(ValueError):
        kind.parse(kind.sample.model_dump(mode="json") | {"surprise": 1})


@pytest.mark.parametrize("key", ALL)
def test_every_older_version_can_be_read(key):
    assert sorted(KINDS[key].upcasters) == list(range(1, KINDS[key].version))


@pytest.mark.parametrize("key", ALL)
def test_somebody_may_record_it(key):
    from handrail.kernel.rooms import permissions_of  # noqa: PLC0415

    assert any(KINDS[key].may in permissions_of(role) for role in roles())


@pytest.mark.parametrize("key", ALL)
def test_its_sample_passes_the_door_or_is_kept_aside_and_twice_is_once(key, in_harbour):
    kind = KINDS[key]
    draft = Draft(kind=key, payload=kind.sample, site=in_harbour.van.id, id=ids.new(), encounter=ids.new(), participant=uuid.uuid4())
    assert record(draft, actor=in_harbour.system, mode=Mode.ARRIVED).status is not Status.DUPLICATE
    assert record(draft, actor=in_harbour.system, mode=Mode.ARRIVED).status is Status.DUPLICATE
    assert Fact.objects.filter(id=draft.id).count() == 1


@pytest.mark.parametrize("key", ALL)
def test_it_is_on_the_reference_page_in_the_api_and_in_the_warehouse(key):
    assert key in {entry.key for entry in reference.kind_entries()}
    assert f"/api/facts/{key}/" in api_paths()
    assert {column.name for column in columns_of(KINDS[key])} >= {"id", "site", "local_date", "participant"}


@pytest.mark.parametrize("key", [k for k in ALL if KINDS[k].compose is not None])
def test_what_the_composer_shows_of_it_is_what_it_reads_back(key, in_harbour):
    kind, place = KINDS[key], in_harbour.van
    place.kinds = [key]  # a place that offers this alone, whatever the kind says about places
    values = composer.values_of([Part(key, kind.sample)])
    parsed = composer_read.parse(in_harbour.system, place, values)
    assert parsed.errors == {}
    assert [(part.kind, part.payload) for part in parsed.parts] == [(key, kind.sample)]
    shown = composer.build(in_harbour.system, place, [], values, {})
    assert key in {section.key for section in shown}


@pytest.mark.parametrize("key", ALL)
def test_a_permission_that_is_enough_for_some_payloads_opens_the_address(key):
    kind = KINDS[key]
    assert (kind.may_also is None) == (kind.may_instead == "")
    assert kind.may_also is None or kind.may_also(kind.sample) in {"", kind.may_instead}
