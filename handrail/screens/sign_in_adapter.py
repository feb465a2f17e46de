"""How allauth's second factors meet this house: secrets are locked, and a passkey names a random id, not an account."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings

from handrail.kernel import crypto

_PURPOSE = "second-factor"
NAME = "Handrail"
"""What an authenticator app and a passkey manager show. It says nothing about the person or the programme."""


def lock(text: str) -> str:
    """A secret as it is stored: without the key file, which is not in the database, it is noise."""
    return crypto.lock(crypto.key(settings.CONFIG.keys, _PURPOSE), _PURPOSE, text)


def unlock(locked: str) -> str:
    """The reverse of `lock`; raises `crypto.SealError` when the key file is another one."""
    return crypto.unlock(crypto.key(settings.CONFIG.keys, _PURPOSE), _PURPOSE, locked)


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth carries no types
    """allauth's hooks."""

    def get_totp_issuer(self) -> str:
        """The name beside the code in an authenticator app."""
        return NAME

    def encrypt(self, text: str) -> str:
        """Lock a TOTP secret or the seed of recovery codes before it is stored."""
        return lock(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open one."""
        return unlock(encrypted_text)
