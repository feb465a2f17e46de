"""Guessing is slowed down from wherever it comes, and nobody is locked out by somebody else's guessing."""

from __future__ import annotations

import pytest

from handrail.kernel.throttle import network_of
from handrail.screens.console.sign_in import PASSWORDS_AN_HOUR
from tests.signing_in import browser, sign_in
from tests.words import PASSWORD


def tried(address: str, password: str = PASSWORD + " not"):
    return sign_in(browser_at(address), "naima", password)


def browser_at(address: str):
    client = browser()
    client.defaults["REMOTE_ADDR"] = address
    return client


def test_addresses_of_one_subscriber_count_as_one(world):
    for number in range(5):
        tried(f"2001:db8:1:2::{number}")
    said = tried("2001:db8:1:2:ffff::9", PASSWORD)
    assert said.status_code == 401
    assert "Too many tries" in said.content.decode()
    assert tried("2001:db8:1:3::1", PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::/64"), ("fe80::1%eth0", "fe80::/64"), ("", ""), ("nonsense", "nonsense")],
)
def test_what_counts_as_one_place(address, network):
    assert network_of(address) == network


def test_many_addresses_that_guess_one_account_get_one_try_each_and_its_owner_comes_in(world):
    for number in range(PASSWORDS_AN_HOUR):
        tried(f"198.51.100.{number}")
    assert "Too many tries" not in tried("203.0.113.1").content.decode()
    assert "Too many tries" in tried("203.0.113.1", PASSWORD).content.decode()
    assert tried("203.0.113.2", PASSWORD).status_code == 302, "somebody who has not failed is never held up"
    assert sign_in(browser_at("203.0.113.1"), "nurse").status_code == 302
