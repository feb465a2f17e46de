"""Sending a file to a DHIS2: first as a dry run, and for real only if it would take every row.

A 200 may still report rows that were ignored, so the counts of the import summary are read (`domain/interop.md` 2).
"""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.utils.translation import gettext as _

from handrail.gates.receivers import Mapping

SECONDS = 60
LONGEST = 2_000_000
"""Bytes of an answer that are read; a summary has a few thousand."""
MOST_CONFLICTS = 20
_HERE = {"localhost", "127.0.0.1", "::1"}
_COUNTS = ("imported", "updated", "deleted", "ignored")


class NotTaken(ValueError):
    """The receiver did not take the file; the sentences say why and what to do."""


@dataclass(frozen=True)
class Summary:
    """What the receiver says it did, or would do."""

    imported: int
    updated: int
    deleted: int
    ignored: int
    conflicts: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The counts in words."""
        return _("%(imported)d imported, %(updated)d updated, %(deleted)d deleted, %(ignored)d ignored.") % {name: getattr(self, name) for name in _COUNTS}


def send(*, url: str, secret: str, content: bytes, media_type: str, mapping: Mapping, delete: bool = False) -> tuple[Summary, Summary]:
    """Post a file, dry and then for real; what both answered. `secret` is a personal access token, or `user:password`."""
    dry = _post(url, secret, content, media_type, _query(mapping, delete=delete, dry=True))
    if dry.ignored:
        raise NotTaken("\n".join([_("Nothing was sent: in a dry run the receiver would ignore rows (%s)") % dry.sentence, *dry.conflicts]))
    done = _post(url, secret, content, media_type, _query(mapping, delete=delete, dry=False))
    if done.ignored:
        raise NotTaken("\n".join([_("The receiver ignored rows although it had not in the dry run: %s") % done.sentence, *done.conflicts]))
    return dry, done


def _query(mapping: Mapping, *, delete: bool, dry: bool) -> str:
    """Every scheme is said: DHIS2 takes ids for codes in ADX and for uids elsewhere."""
    scheme = mapping.id_scheme
    said = {"dataElementIdScheme": scheme, "orgUnitIdScheme": scheme, "idScheme": scheme, "importStrategy": "DELETE" if delete else "CREATE_AND_UPDATE"}
    return urlencode({**said, "dryRun": "true" if dry else "false"})


def _connection(url: str) -> tuple[http.client.HTTPConnection, str]:
    """A connection to an address, encrypted unless it is this machine; and the path."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        scheme = host = ""
    if scheme == "https" and host:
        return http.client.HTTPSConnection(host, port, timeout=SECONDS), parts.path or "/"
    if scheme == "http" and host in _HERE:
        return http.client.HTTPConnection(host, port, timeout=SECONDS), parts.path or "/"
    raise NotTaken(_("“%s” is not an address to send to. Write it as https://dhis2.example.org/api/dataValueSets.") % url)


def host_of(url: str) -> str:
    """The receiver's host, for the books; empty if the address is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _post(url: str, secret: str, content: bytes, media_type: str, query: str) -> Summary:
    """One request. Redirects are not followed: they could carry the secret elsewhere."""
    connection, path = _connection(url)
    if not (secret.isprintable() and secret.isascii()):
        raise NotTaken(_("The file with the token or password holds more than one line, or letters that cannot be sent."))
    kind = f"Basic {base64.b64encode(secret.encode()).decode()}" if ":" in secret else f"ApiToken {secret}"
    headers = {"Content-Type": media_type, "Accept": "application/json", "Authorization": kind}
    try:
        connection.request("POST", f"{path}?{query}", body=content, headers=headers)
        answer = connection.getresponse()
        body = answer.read(LONGEST)
    except (OSError, http.client.HTTPException) as problem:
        raise NotTaken(_("The receiver cannot be reached, or broke off: %s. Whether it took anything is not known; send it again, the same file does no harm.") % problem) from None
    finally:
        connection.close()
    said = _import_summary(body)
    counts = {name: said.get("importCount", {}).get(name) for name in _COUNTS} if isinstance(said.get("importCount"), dict) else {}
    if answer.status == HTTPStatus.OK and said.get("status") in {"SUCCESS", "OK", "WARNING"} and counts and all(isinstance(n, int) for n in counts.values()):
        return Summary(**counts, conflicts=_conflicts(said))
    raise NotTaken("\n".join([_reason(answer.status), *_conflicts(said)]))


def _reason(status: int) -> str:
    """What an answer means, as a sentence."""
    known = {
        400: _("The receiver cannot read the file (400)."),
        401: _("The receiver does not let us in: look at the token or password (401)."),
        403: _("This account may not write there (403)."),
        404: _("There is nothing at this address: it ends in /api/dataValueSets (404)."),
        409: _("The receiver does not know an id, or rows are in conflict (409): look at the mapping and at id_scheme."),
        415: _("The receiver does not take this format (415)."),
        200: _("The receiver answered without an import summary, or with one that says it failed."),
    }
    if 300 <= status < 400:
        return _("The receiver sends us elsewhere (%d): use the address it really has.") % status
    return known.get(status) or _("The receiver answered %d; nothing is known of the rows.") % status


def _import_summary(body: bytes) -> dict[str, Any]:
    """The import summary of an answer, old or new in shape; empty if there is none."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(found, dict) and isinstance(found.get("response"), dict):
        found = found["response"]
    return found if isinstance(found, dict) else {}


def _conflicts(said: dict[str, Any]) -> tuple[str, ...]:
    """What it says of single rows."""
    listed = said.get("conflicts")
    rows = [one for one in (listed if isinstance(listed, list) else [])[:MOST_CONFLICTS] if isinstance(one, dict)]
    return tuple(" · ".join(str(one[name])[:200] for name in ("object", "value") if one.get(name)) for one in rows)
