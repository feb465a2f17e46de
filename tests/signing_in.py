"""What tests of sign-in share: a browser at localhost, what a page carries for a passkey, and the code an app would show."""

from __future__ import annotations

import html
import re
import time

from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import reverse

from tests.soft_passkey import SoftPasskey
from tests.words import PASSWORD


def browser() -> Client:
    """A browser at http://localhost, where passkeys work."""
    return Client(SERVER_NAME="localhost")


def sign_in(client: Client, username: str, password: str = PASSWORD, **more: str):
    """The first step."""
    return client.post(reverse("sign-in"), {"username": username, "password": password, **more})


def hidden(answer, name: str) -> str:
    """The value of the last field of this name in a page."""
    return html.unescape(re.findall(rf'name="{name}" value="([^"]*)"', answer.content.decode())[-1])


def options(answer) -> str:
    """What a page asks a passkey."""
    return html.unescape(re.findall(r'data-options="([^"]*)"', answer.content.decode())[-1])


def sealed(answer) -> str:
    """The sealed challenge that goes back with the answer."""
    return hidden(answer, "sealed")


def app_code(secret: str) -> str:
    """What an authenticator app shows now."""
    return totp.format_hotp_value(totp.hotp_value(secret.replace(" ", ""), int(time.time()) // 30))


def turn_app_on(client: Client) -> str:
    """Turn the authenticator app on in a signed-in browser; the secret."""
    page = client.get(reverse("account-app")).content.decode()
    secret = re.search(r"<b>([A-Z2-7 ]{32,})</b>", page).group(1)
    answer = client.post(reverse("account-app"), {"code": app_code(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


def add_passkey(client: Client, name: str = "my phone") -> SoftPasskey:
    """Add a passkey in a signed-in browser."""
    key, page = SoftPasskey(), client.get(reverse("account-passkey"))
    answer = client.post(reverse("account-passkey"), {"name": name, "sealed": sealed(page), "answer": key.create(options(page))})
    assert answer.status_code == 302, answer.content.decode()
    return key


def recovery_codes(client: Client) -> list[str]:
    """The codes as the page shows them."""
    return re.findall(r'<b class="words">([0-9 ]+)</b>', client.get(reverse("account-codes")).content.decode())
