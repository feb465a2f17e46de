"""What somebody typed never reaches the log, whatever breaks on it."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from handrail.kernel import web
from handrail.kernel.access import ANYONE, may

CANARY = "Heron-canary-4711"


@may(ANYONE, methods=("GET", "POST"))
def broken(request: HttpRequest, typed: str) -> HttpResponse:
    """Breaks on what was typed, and again while it deals with that."""
    try:
        int(request.POST["name"])
    except ValueError as error:
        raise KeyError(f"{typed} {request.POST['name']}") from error
    return HttpResponse()


urlpatterns = [path("broken/<str:typed>/", broken)]
handler500 = web.server_error


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the handler of the settings writes."""
    handlers = {handler for name in (None, "django.request", "handrail") for handler in logging.getLogger(name).handlers}
    ours = [h for h in handlers if isinstance(h, logging.StreamHandler) and type(h.formatter).__name__ == "Careful"]
    assert ours
    buffer = io.StringIO()
    before = [handler.setStream(buffer) for handler in ours]
    yield buffer
    for handler, stream in zip(ours, before, strict=True):
        handler.setStream(stream)


@pytest.mark.urls("handrail.kernel.tests.test_logs")
def test_an_error_leaves_its_kind_its_place_and_a_reference_and_nothing_that_was_typed(db, written):
    answer = Client(raise_request_exception=False).post(f"/broken/{CANARY}-in-the-address/?and={CANARY}", {"name": CANARY})
    assert answer.status_code == 500
    reference = re.search(r"[0-9a-f]{8}", answer.content.decode().split("<main")[1])[0]
    said = written.getvalue()
    assert CANARY not in said
    assert f"500 POST /broken/<str:typed>/ reference {reference} KeyError at tests/test_logs.py:" in said
    assert "; after ValueError at tests/test_logs.py:" in said
    assert said.count("\n") == 1


def test_words_of_others_are_not_printed_and_our_own_are(written):
    logging.getLogger("django.security.DisallowedHost").error("Invalid HTTP_HOST header: %r", CANARY)
    logging.getLogger("some.library").warning("could not parse %s", CANARY)
    logging.getLogger("handrail.jobs").warning("Job %s failed", "seal")
    said = written.getvalue()
    assert CANARY not in said
    assert [line.split(" ", 2)[2] for line in said.splitlines()] == [
        "ERROR django.security.DisallowedHost", "WARNING some.library", "WARNING handrail.jobs Job seal failed",
    ]


def test_an_exception_that_was_logged_on_purpose_is_told_without_its_message(written):
    try:
        raise OSError(CANARY)
    except OSError:
        logging.getLogger("handrail.jobs").exception("Job %s failed, attempt %d of %d", "backup", 1, 3)
    assert CANARY not in written.getvalue()
    assert "Job backup failed, attempt 1 of 3 OSError at tests/test_logs.py:" in written.getvalue()


def test_every_logger_of_the_settings_writes_through_the_careful_formatter():
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"careful"}
    assert settings.LOGGING["root"]["handlers"] == ["stderr"]
