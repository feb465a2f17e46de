"""What the database cannot hold is refused at the gate with a sentence, and a fault of our own stays a fault."""

from __future__ import annotations

import pytest
from django.db import DataError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from handrail.kernel.access import ANYONE, may
from handrail.kernel.web import Gate
from tests.words import PASSWORD


def answer_to(sql: str, *values: object) -> HttpResponse:
    """The gate's answer when a view asks the database this."""

    @may(ANYONE, methods=("POST",))
    def view(request):
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
        return HttpResponse("done")

    request = RequestFactory().post("/")
    request.actor, request.resolver_match = None, None
    return Gate(lambda _request: HttpResponse()).process_view(request, view, (), {})


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("INSERT INTO kernel_throttle (digest, failures, window_ends_at) VALUES ('x', %s::bigint::int, now())", 2**40),
        ("SELECT %s::bigint::smallint", 2**20), ("SELECT %s::text::date", "9999999-01-01"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_a_sentence(db, sql, value):
    answer = answer_to(sql, value)
    assert answer.status_code == 422
    assert "cannot be stored" in answer.content.decode()


def test_a_fault_of_ours_is_not_called_the_fault_of_who_typed(db):
    with pytest.raises(DataError):
        answer_to("SELECT 1 / 0")


def test_a_null_in_a_form_is_refused_and_in_an_address_names_nothing(world):
    client = Client()
    refused = client.post("/sign-in/", {"username": "na\0ima", "password": PASSWORD})
    assert refused.status_code == 422
    assert "cannot be stored" in refused.content.decode()
    assert client.post("/sign-in/", {"user\0name": "naima"}).status_code == 422
    client.force_login(world.staff["store"])
    assert client.get("/stock/catalogue/a%00b/").status_code == 404
    assert client.get("/stock/runs-out/?site=%00").status_code == 404


def test_who_may_not_see_a_page_learns_nothing_by_a_null(world):
    client = Client()
    client.force_login(world.staff["naima"])
    assert client.post("/accounts/new/", {"name": "a\0b"}).status_code == 404
