"""Second factors of an account: passkeys, an authenticator app, recovery codes.

allauth's table and its checks of codes, and fido2's of passkeys, are used as they are. Ours is what they leave open: a
code is good once whatever process looks at it, and a challenge is good once and only for ten minutes.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from handrail.facts.models import Staff
from handrail.kernel import clock, crypto, throttle
from handrail.kernel.web import throttle_key
from handrail.screens.sign_in_adapter import NAME, Adapter, lock, unlock

log = logging.getLogger("handrail.sign-in")
_FACTORS = ("totp", "webauthn")
_CHALLENGE_LASTS = timedelta(minutes=10)
_SALT = "passkey-challenge"
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, struct.error)
"""What reading and checking an answer that was made up can raise."""


class NotAccepted(ValueError):
    """A code or a passkey that does not fit. Outside it has one sentence, whatever the reason."""


@dataclass(frozen=True)
class Passkey:
    """One passkey as its owner sees it."""

    number: int
    name: str
    added: datetime
    used: datetime | None


@dataclass(frozen=True)
class Factors:
    """What an account has besides its password."""

    passkeys: tuple[Passkey, ...]
    has_app: bool
    codes_left: int
    codes_unseen: bool

    @property
    def count(self) -> int:
        """Factors that can stand beside a password; recovery codes are only a way back."""
        return len(self.passkeys) + self.has_app


def of(account: int) -> Factors:
    """All second factors of an account."""
    rows = list(Authenticator.objects.filter(user_id=account).order_by("pk"))
    passkeys = tuple(Passkey(r.pk, r.data["name"], r.created_at, r.last_used_at) for r in rows if r.type == "webauthn")
    codes = next((r.wrap() for r in rows if r.type == "recovery_codes"), None)
    return Factors(
        passkeys, any(r.type == "totp" for r in rows), len(codes.get_unused_codes()) if codes else 0, bool(codes and not codes.did_view)
    )


def has_any(account: int) -> bool:
    """Whether signing in needs more than the password."""
    return bool(Authenticator.objects.filter(user_id=account, type__in=_FACTORS).exists())


def remove_all(account: int) -> int:
    """Take every second factor and recovery code away; how many rows there were."""
    return int(Authenticator.objects.filter(user_id=account).delete()[0])


# -- an authenticator app, and recovery codes ------------------------------------------------------------------------------


def new_secret() -> str:
    """A secret for an authenticator app, locked: it waits in the session until the first code was typed."""
    return lock(totp.generate_totp_secret())


def app_address(staff: Staff, locked: str) -> tuple[str, str]:
    """The address that an authenticator app reads from the QR code, and the secret in groups for typing."""
    secret = unlock(locked)
    return Adapter().build_totp_url(staff, secret), " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def _counter_of(secret: str, typed: str, after: int) -> int | None:
    """The time step of a code, if it is later than the last one that was used: a code is good once (RFC 6238, 5.2)."""
    for counter in totp.yield_hotp_counters_from_time():
        if compare_user_code(actual=typed, expected=totp.format_hotp_value(totp.hotp_value(secret, counter))) and counter > after:
            return int(counter)
    return None


def add_app(staff: Staff, locked: str, typed: str) -> None:
    """Turn the authenticator app on once its first code fits; another code raises `NotAccepted`."""
    secret = unlock(locked)
    counter = _counter_of(secret, typed, -1)
    if counter is None:
        raise NotAccepted
    Authenticator.objects.filter(user_id=staff.pk, type="totp").delete()
    row = totp.TOTP.activate(staff, secret).instance
    row.data["last_counter"] = counter
    row.save(update_fields=["data"])


def remove_app(account: int) -> None:
    """Turn the authenticator app off."""
    Authenticator.objects.filter(user_id=account, type="totp").delete()


def check_code(account: int, typed: str) -> bool:
    """Whether this is the app's code of now, or an unused recovery code. Either is used up by it."""
    if not typed.strip():
        return False
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().filter(user_id=account, type="totp").first()
        try:
            if row is not None:
                counter = _counter_of(unlock(row.data["secret"]), typed, int(row.data.get("last_counter", -1)))
                if counter is not None:
                    row.data["last_counter"], row.last_used_at = counter, clock.now()
                    row.save(update_fields=["data", "last_used_at"])
                    return True
            codes = Authenticator.objects.filter(user_id=account, type="recovery_codes").first()
            if codes is None or not codes.wrap().validate_code(typed):
                return False
            codes.record_usage()
        except crypto.SealError:
            log.exception("A second factor cannot be read: the key file second-factor.key is not the one it was locked with.")
            return False
        return True


def new_recovery_codes(staff: Staff) -> None:
    """Ten new recovery codes; the old ones are worth nothing."""
    Authenticator.objects.filter(user_id=staff.pk, type="recovery_codes").delete()
    RecoveryCodes.activate(staff)


def show_recovery_codes(account: int) -> list[str]:
    """The codes, once: from the second time on the list is empty."""
    row = Authenticator.objects.select_for_update().filter(user_id=account, type="recovery_codes").first()
    if row is None or row.wrap().did_view:
        return []
    codes: list[str] = row.wrap().get_unused_codes()
    row.wrap().mark_as_viewed()
    return [f"{code[:5]} {code[5:]}" for code in codes]


# -- passkeys --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Challenge:
    """What the browser is asked to sign. `options` is JSON for `navigator.credentials`; `sealed` comes back with the answer."""

    options: str
    sealed: str


def host_of(request: HttpRequest) -> str:
    """The name that passkeys of this address belong to, without port."""
    return request.get_host().rsplit(":", 1)[0] if not request.get_host().endswith("]") else request.get_host()


def can_have_passkeys(request: HttpRequest) -> bool:
    """Browsers allow passkeys for a host name over HTTPS, and for localhost; never for an address of numbers."""
    host = host_of(request)
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost" or bool(settings.CONFIG.https)
    return False


def _server(request: HttpRequest) -> Fido2Server:
    scheme = "https" if settings.CONFIG.https else "http"
    origin = f"{scheme}://{request.get_host()}"
    same_origin: Callable[[str], bool] = lambda told: told == origin  # noqa: E731
    return Fido2Server(PublicKeyCredentialRpEntity(id=host_of(request), name=NAME), verify_origin=same_origin)


def _seal(options: Any, state: Any, staff: Staff | None, purpose: str) -> Challenge:
    told = {"state": state, "for": str(staff.id) if staff else "", "purpose": purpose}
    return Challenge(json.dumps(dict(options)), signing.dumps(told, salt=_SALT))


def _open(sealed: str, staff: Staff | None, purpose: str) -> Any:
    """The state of a challenge of ours: for this account and purpose, fresh, and not used before."""
    try:
        told = signing.loads(sealed, salt=_SALT, max_age=_CHALLENGE_LASTS)
    except signing.BadSignature:
        raise NotAccepted from None
    if told["for"] != (str(staff.id) if staff else "") or told["purpose"] != purpose:
        raise NotAccepted
    if not throttle.first_use(throttle_key("challenge", told["state"]["challenge"]), lasting=_CHALLENGE_LASTS):
        raise NotAccepted
    return told["state"]


def ask_for_new(request: HttpRequest, staff: Staff) -> Challenge:
    """Options for adding a passkey: discoverable and unlocked by its owner, so that it signs in without a password."""
    options, state = _server(request).register_begin(
        user=PublicKeyCredentialUserEntity(id=staff.id.bytes, name=staff.username, display_name=staff.name),
        credentials=webauthn.get_credentials(staff), resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED, extensions=webauthn.EXTENSIONS,
    )
    return _seal(options, state, staff, "add")


def add_passkey(request: HttpRequest, staff: Staff, *, name: str, sealed: str, answer: str) -> None:
    """Keep a passkey that the browser made for our challenge; anything else raises `NotAccepted`."""
    state = _open(sealed, staff, "add")
    try:
        told = json.loads(answer)
        kept = {name: told["response"][name] for name in ("clientDataJSON", "attestationObject")}
        credential = {"id": told["id"], "rawId": told["rawId"], "type": told["type"], "response": kept, "clientExtensionResults": {}}
        _server(request).register_complete(state, credential)
    except _UNREADABLE as error:
        raise NotAccepted from error
    webauthn.WebAuthn.add(staff, name, credential)


def rename_passkey(account: int, number: int, name: str) -> bool:
    """Call a passkey of this account something else; whether there is one."""
    row = Authenticator.objects.filter(user_id=account, type="webauthn", pk=number).first()
    if row is not None:
        row.data["name"] = name
        row.save(update_fields=["data"])
    return row is not None


def remove_passkey(account: int, number: int) -> bool:
    """Forget a passkey of this account; whether there was one."""
    return bool(Authenticator.objects.filter(user_id=account, type="webauthn", pk=number).delete()[0])


def ask_for(request: HttpRequest, staff: Staff | None, purpose: str) -> Challenge:
    """Options for using a passkey: of this account, or of whoever holds one (then the passkey says who it is)."""
    credentials = webauthn.get_credentials(staff) if staff is not None else []
    options, state = _server(request).authenticate_begin(credentials, UserVerificationRequirement.REQUIRED)
    return _seal(options, state, staff, purpose)


def check_passkey(request: HttpRequest, staff: Staff | None, purpose: str, *, sealed: str, answer: str) -> Staff:
    """Whose passkey signed our challenge; anything else raises `NotAccepted`."""
    state = _open(sealed, staff, purpose)
    try:
        response = json.loads(answer)
        holder = staff or Staff.objects.get(id=uuid.UUID(bytes=websafe_decode(response["response"]["userHandle"])), is_active=True)
        used = _server(request).authenticate_complete(state, webauthn.get_credentials(holder), response)
        row = webauthn.get_authenticator_by_credential_id(holder, used.credential_id)
    except (*_UNREADABLE, Staff.DoesNotExist) as error:
        raise NotAccepted from error
    if row is None:
        raise NotAccepted
    row.record_usage()
    return holder
