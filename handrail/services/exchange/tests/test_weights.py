"""Used equipment by weight, and clean-ups: the number follows from the scale, and everything it came from is kept."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from pydantic import ValidationError

from handrail.facts import visits
from handrail.facts.models import Fact, Setting
from handrail.facts.record import Draft, Mode, Refusal, record
from handrail.facts.spec import KINDS
from handrail.kernel import ids, scope
from handrail.services.exchange.kinds.clean_up import CleanUp
from handrail.services.exchange.kinds.returned import Returned
from handrail.services.exchange.rules import estimated_count
from handrail.services.exchange.tests.helpers import signed_in
from handrail.services.exchange.values import SYRINGES_PER_POUND, factors


def weighed(gross: str, tare: str, unit: str = "lb", **more: Any) -> Returned:
    return Returned.model_validate(
        {"method": "weight", "container": "sharps_bin", "gross": gross, "tare": tare, "unit": unit, "factor": "281", "factor_version": "start"} | more
    )


# -- `domain/exchange.md`, worked example 2 ----------------------------------------------------------------------------


def test_two_and_a_half_pounds_are_702_syringes():
    found = weighed("3.4", "0.9")
    assert (found.net, found.quantity) == (Decimal("2.5"), 702)


def test_1_2_kilograms_are_743_syringes():
    assert weighed("1.2", "0", "kg").quantity == 743
    assert weighed("1.7", "0.5", "kg").quantity == 743
    assert estimated_count(gross=Decimal("1.2"), tare=Decimal(0), unit="kg", factor=Decimal(281)) == 743


@pytest.mark.parametrize(("gross", "tare"), [("0.5", "0.9"), ("0.9", "0.9"), ("-1", "0"), ("1", "-1")])
def test_a_net_weight_that_is_not_above_zero_is_refused(gross, tare):
    with pytest.raises(ValidationError):
        weighed(gross, tare)


def test_a_container_lighter_than_one_syringe_is_refused():
    with pytest.raises(ValidationError):
        weighed("0.0001", "0")


def test_a_number_that_does_not_follow_from_the_weight_is_refused():
    with pytest.raises(ValidationError, match="does not follow"):
        weighed("3.4", "0.9", quantity=800)
    with pytest.raises(ValidationError, match="net weight"):
        weighed("3.4", "0.9", net="9")


def test_a_weight_without_its_factor_or_a_count_with_a_weight_is_refused():
    with pytest.raises(ValidationError, match="factor"):
        weighed("3.4", "0.9", factor=None)
    with pytest.raises(ValidationError, match="belongs to"):
        Returned.model_validate({"quantity": 5, "gross": "1"})


# -- the form ------------------------------------------------------------------------------------------------------------


def weigh(world, who: str = "naima", **typed: str) -> Any:
    form = {"id": str(ids.new()), "container": "sharps_bin", "gross": "3.4", "tare": "0.9", "unit": "lb"} | typed
    return signed_in(world, who).post(reverse("exchange:weigh", args=[world.van.id]), form)


def stored(world) -> list[Any]:
    with scope.enter([world.harbour.key]):
        return [f.payload for f in Fact.objects.filter(kind="exchange.returned").order_by("counter")]


def test_the_weight_the_factor_its_version_and_the_count_are_kept(world):
    assert weigh(world).status_code == 302
    (kept,) = stored(world)
    assert (kept["quantity"], kept["net"], kept["factor"], kept["factor_version"], kept["unit"]) == (702, "2.5", "281", "start", "lb")
    assert weigh(world, gross="1,7", tare="0,5", unit="kg").status_code == 302
    assert stored(world)[1]["quantity"] == 743


def test_a_wrong_weight_is_said_and_keeps_what_was_typed(world):
    answer = weigh(world, gross="0.5")
    assert answer.status_code == 422
    assert 'value="0.5"' in answer.content.decode()
    assert "has to weigh more" in answer.content.decode()
    assert weigh(world, gross="").status_code == 422
    assert weigh(world, gross="heavy").status_code == 422
    assert stored(world) == []


def test_what_was_only_collected_is_no_contact_and_what_somebody_brought_is_one(world):
    weigh(world)
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(kind="facts.encounter").exists()
    weigh(world, from_somebody="yes")
    with scope.enter([world.harbour.key]):
        encounter = Fact.objects.get(kind="facts.encounter")
        assert encounter.payload["people_count"] == 1
        assert [f.kind for f in visits.read(encounter.id)] == ["facts.encounter", "exchange.returned"]


def test_two_taps_record_one_weight(world):
    form = str(ids.new())
    assert weigh(world, id=form).status_code == weigh(world, id=form).status_code == 302
    assert len(stored(world)) == 1


def set_factor(world, value: Any, on: date, site: Any = None) -> Setting:
    with scope.enter([world.harbour.key]):
        return Setting.objects.create(organisation_id=world.harbour.key, name=SYRINGES_PER_POUND.key, value=value, valid_from=on, site=site)


def test_a_programmes_own_factor_counts_from_its_day_by_container_and_place_and_rewrites_nothing(world):
    weigh(world)
    today = world.van.today
    ours = set_factor(world, {"any": "250", "bottle": "200"}, today - timedelta(days=1))
    weigh(world)
    weigh(world, container="bottle")
    here = set_factor(world, {"any": "100"}, today - timedelta(days=1), world.van)
    weigh(world, container="bottle")
    set_factor(world, {"any": "1"}, today + timedelta(days=5))
    weigh(world)
    assert [(p["quantity"], p["factor_version"]) for p in stored(world)] == [
        (702, "start"), (625, str(ours.id)), (500, str(ours.id)), (250, str(here.id)), (250, str(here.id)),
    ]


def test_a_factor_that_cannot_be_is_refused():
    assert factors("281") == {"any": Decimal(281)} == factors('{"any": 281}')
    for wrong in ('{"bottle": 5}', "0", "-3", '{"any": "many"}', "many", '{"any": "NaN"}'):
        with pytest.raises(ValueError):
            factors(wrong)


def test_a_container_is_read_by_its_words_and_never_by_its_code(world):
    set_factor(world, {"any": "281", "sharps_bin": "200"}, world.van.today)
    pages = [reverse("settings"), reverse("setting", args=[SYRINGES_PER_POUND.key])]
    for address in pages:
        shown = signed_in(world, "coordinator").get(address).content.decode()
        assert "any container: 281" in shown
        assert "Sharps bin: 200" in shown
        assert "sharps_bin" not in shown
    for wrong, said in (('{"any": 1, "bucket": 5}', "There is no such container: bucket."), ("many", "Write one number"), ("0", "above 0")):
        with pytest.raises(ValueError, match=said):
            factors(wrong)


# -- older records, and rules 2 and 3 of section 11 ---------------------------------------------------------------------


def test_a_record_of_version_1_is_read_as_it_was(in_harbour):
    old = Draft(kind="exchange.returned", payload={"quantity": 40, "method": "estimate"}, kind_version=1, site=in_harbour.van.id, encounter=ids.new())
    record(old, actor=in_harbour.system)
    assert Fact.objects.get(id=old.id).payload == {"quantity": 40, "method": "estimate"}
    assert KINDS["exchange.returned"].parse({"quantity": 40, "method": "estimate"}, 1) == Returned(quantity=40, method="estimate")


def test_more_may_come_back_than_was_ever_given(in_harbour):
    record(Draft(kind="exchange.returned", payload={"quantity": 9_999}, site=in_harbour.van.id), actor=in_harbour.actors["naima"])
    assert not Fact.objects.filter(kind="exchange.given").exists()


def test_a_clean_up_is_weighed_counted_and_has_no_point_on_a_map(world):
    form = {
        "id": str(ids.new()), "area": "harbour-east", "place_kind": "park", "crew_size": "4", "method": "weight", "container": "bag",
        "gross": "3.4", "tare": "0.9", "unit": "lb", "hazards": ["broken_glass", "dog"], "injuries": "0", "safety_box": "BOX-07",
    }
    client, where = signed_in(world, "naima"), reverse("exchange:clean-up", args=[world.van.id])
    assert client.post(where, form).status_code == 302
    with scope.enter([world.harbour.key]):
        kept = Fact.objects.get(kind="exchange.clean_up").payload
    assert (kept["quantity"], kept["factor"], kept["hazards"], kept["crew_size"]) == (702, "281", ["broken_glass", "dog"], 4)
    for point in ("52.5200,13.4050", "u33dc0", "s-4-03", "n52e13", "a-52-13"):
        assert client.post(where, form | {"id": str(ids.new()), "area": point}).status_code == 422, point
    assert client.post(where, form | {"id": str(ids.new()), "hazards": ["none", "dog"]}).status_code == 422
    counted = form | {"id": str(ids.new()), "method": "count", "quantity": "12"}
    for name in ("container", "gross", "tare", "unit"):
        counted.pop(name)
    assert client.post(where, counted).status_code == 302
    names = set(CleanUp.model_fields)
    assert not {name for name in names if "lat" in name.split("_") or "lon" in name.split("_") or "coordinate" in name}


def test_nobody_elsewhere_weighs_here(world):
    assert weigh(world, who="elsewhere").status_code == weigh(world, who="stranger").status_code == weigh(world, who="auditor").status_code == 404
    with scope.enter([world.harbour.key]), pytest.raises(Refusal):
        record(Draft(kind="exchange.returned", payload={"quantity": 3}, site=world.van.id), actor=world.actors["elsewhere"], mode=Mode.TYPED)


def test_correcting_something_else_in_a_visit_leaves_a_weight_and_what_the_form_does_not_ask(world):
    weigh(world, from_somebody="yes")
    with scope.enter([world.harbour.key]):
        made = Fact.objects.get(kind="facts.encounter")
    client = signed_in(world, "naima")
    where = reverse("visit-correct", args=[made.id])
    page = client.get(where).content.decode()
    assert 'value="702"' in page
    seen = page.split('name="at" value="')[1].split('"')[0]
    form = {"visit": str(ids.new()), "at": seen, "people_count": "1", "on_behalf_of": "4", "exchange.returned:quantity": "702"}
    assert client.post(where, form).status_code == 302
    with scope.enter([world.harbour.key]):
        now = {f.kind: f.parsed for f in visits.read(made.id)}
    assert now["facts.encounter"].on_behalf_of == 4
    assert (now["exchange.returned"].method, now["exchange.returned"].net) == ("weight", Decimal("2.5"))
