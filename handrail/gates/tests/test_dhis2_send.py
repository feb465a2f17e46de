"""Sending to a DHIS2, played by a small real server: dry first, counts are read, and every refusal is a sentence."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from handrail.gates import dhis2_send
from handrail.gates.dhis2_send import NotTaken, send
from handrail.gates.formats import adx, dhis2
from handrail.gates.receivers import parse
from handrail.gates.tests.test_worked_examples import ALL, MAPPING, content
from handrail.kernel.models import AuditEntry

DHIS2 = ("--format", "dhis2", "--mapping", "mapping.toml")


TOKEN = "d2pat_x"


def counts(imported=0, updated=0, deleted=0, ignored=0):
    return {"imported": imported, "updated": updated, "deleted": deleted, "ignored": ignored}


GOOD = {"status": "SUCCESS", "importCount": counts(imported=2)}
CONFLICT = [{"object": "NS_OUT", "value": "Data element not found or not accessible"}]


@pytest.fixture
def receiver():
    """A server that answers what `answers` says, one after the other, and remembers what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            query = {name: found[0] for name, found in parse_qs(urlsplit(self.path).query).items()}
            server.asked.append((urlsplit(self.path).path, query, dict(self.headers), body))
            status, answer = server.answers.pop(0)
            written = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if status in {301, 302, 307}:
                self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answers = [], [(200, GOOD), (200, GOOD)]
    server.url = f"http://127.0.0.1:{server.server_port}/api/dataValueSets"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def sent(receiver, format=dhis2, secret=TOKEN, **more):
    return send(url=receiver.url, secret=secret, content=content(format.FORMAT.key, *ALL), media_type=format.FORMAT.media_type, mapping=parse(MAPPING), **more)


def test_it_asks_first_with_a_dry_run_and_says_which_ids_they_are(receiver):
    dry, done = sent(receiver)
    assert (dry.imported, done.sentence) == (2, "2 imported, 0 updated, 0 deleted, 0 ignored.")
    assert [query["dryRun"] for _path, query, _headers, _body in receiver.asked] == ["true", "false"]
    path, query, headers, body = receiver.asked[1]
    assert path == "/api/dataValueSets"
    assert {query[name] for name in ("dataElementIdScheme", "orgUnitIdScheme", "idScheme")} == {"code"}
    assert (query["importStrategy"], headers["Content-Type"], headers["Authorization"]) == ("CREATE_AND_UPDATE", "application/json", "ApiToken d2pat_x")
    assert body == content("dhis2", *ALL)


def test_a_withdrawal_is_sent_as_one_and_adx_under_its_own_type(receiver):
    sent(receiver, adx, secret="me:secret", delete=True)
    assert {query["importStrategy"] for _path, query, _headers, _body in receiver.asked} == {"DELETE"}
    headers = receiver.asked[0][2]
    assert (headers["Content-Type"], headers["Authorization"]) == ("application/adx+xml", "Basic bWU6c2VjcmV0")


def test_a_200_that_ignored_rows_is_no_success_and_nothing_is_sent_for_real(receiver):
    receiver.answers[0] = (200, {"status": "WARNING", "importCount": counts(imported=1, ignored=1), "conflicts": CONFLICT})
    with pytest.raises(NotTaken, match=r"(?s)would ignore rows.*1 ignored.*NS_OUT · Data element not found"):
        sent(receiver)
    assert len(receiver.asked) == 1


def test_rows_ignored_only_for_real_are_said_too(receiver):
    receiver.answers[1] = (200, {"httpStatus": "OK", "status": "OK", "response": {"status": "SUCCESS", "importCount": counts(ignored=2)}})
    with pytest.raises(NotTaken, match="although it had not in the dry run"):
        sent(receiver)


def test_a_summary_in_the_newer_shape_is_read(receiver):
    receiver.answers = [(200, {"httpStatus": "OK", "response": {"responseType": "ImportSummary", **GOOD}})] * 2
    assert sent(receiver)[1].imported == 2


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (409, {"httpStatusCode": 409, "response": {"status": "ERROR", "importCount": counts(ignored=2), "conflicts": CONFLICT}}, "(?s)does not know an id.*NS_OUT"),
        (400, b"<html>", "cannot read the file"), (415, {}, "does not take this format"), (401, {}, "does not let us in"), (403, {}, "may not write"), (404, {}, "nothing at this address"),
        (500, b"", "answered 500"), (302, {}, "sends us elsewhere"), (200, b"<html>welcome</html>", "without an import summary"), (200, {"status": "SUCCESS"}, "without an import summary"),
        (200, {"status": "ERROR", "importCount": counts()}, "says it failed"), (200, [1], "without an import summary"), (200, {"status": "SUCCESS", "importCount": {"imported": "2"}}, "without an import summary"),
    ],
)
def test_a_refusal_is_a_sentence(receiver, status, answer, said):
    receiver.answers[0] = (status, answer)
    with pytest.raises(NotTaken, match=said):
        sent(receiver)
    assert len(receiver.asked) == 1


@pytest.mark.parametrize("url", ["http://dhis2.example.org/api", "ftp://x", "dhis2.example.org", "https://", "https://[x", "http://localhost:99999/"])
def test_a_secret_only_goes_out_encrypted_and_to_an_address(url):
    with pytest.raises(NotTaken, match="is not an address"):
        send(url=url, secret="x", content=b"{}", media_type="application/json", mapping=parse(MAPPING))


@pytest.mark.parametrize("secret", ["two\nlines", "schlüssel"])
def test_a_secret_that_cannot_be_a_header_is_a_sentence(receiver, secret):
    with pytest.raises(NotTaken, match="more than one line"):
        sent(receiver, secret=secret)
    assert receiver.asked == []


def test_nobody_there_is_a_sentence(receiver):
    receiver.shutdown()
    receiver.server_close()
    with pytest.raises(NotTaken, match="cannot be reached"):
        sent(receiver)


def test_taking_a_200_for_success_would_be_seen(receiver, monkeypatch):
    monkeypatch.setattr(dhis2_send, "_COUNTS", ("imported", "updated", "deleted"))
    receiver.answers[0] = (200, {"status": "SUCCESS", "importCount": {"imported": 1, "updated": 0, "deleted": 0}})
    with pytest.raises(TypeError):
        sent(receiver)


def test_the_command_sends_and_the_audit_has_what_was_answered(run, receiver, tmp_path):
    (tmp_path / "secret").write_text("d2pat_x\n")
    out, code = run("--release", "1", *DHIS2, "--send", receiver.url, "--secret-file", "secret")
    assert (code, "Sent: 2 imported" in out) == (0, True)
    receiver.answers = [(409, {"conflicts": CONFLICT})]
    with pytest.raises(ValueError, match=r"(?s)written, but not taken.*NS_OUT"):
        run("--release", "2", *DHIS2, "--send", receiver.url, "--secret-file", "secret")
    noted = AuditEntry.objects.filter(action="release.sent").order_by("number")
    assert [(one.detail["taken"], one.detail["host"]) for one in noted] == [(True, "127.0.0.1"), (False, "127.0.0.1")]
    assert "d2pat" not in json.dumps([one.detail for one in noted])


def test_what_dhis2_does_not_take_is_not_sent(run):
    with pytest.raises(ValueError, match="is for DHIS2"):
        run("--release", "1", "--format", "csv", "--send", "https://x.example.org")
