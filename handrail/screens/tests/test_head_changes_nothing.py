"""HEAD asks for a page without its body. Where only POST is taken it must do nothing: browsers send it without a form token."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import devices
from handrail.facts.models import Device


@pytest.fixture
def client(in_harbour):
    found = Client(enforce_csrf_checks=True)
    found.force_login(in_harbour.staff["admin"])
    return found


def test_head_ends_no_device(client, in_harbour):
    device, _token = devices.enrol(actor=in_harbour.system, label="till", role="outreach", site=in_harbour.van)
    assert client.head(reverse("device-end", args=[device.id])).status_code == 405
    assert Device.objects.get(id=device.id).revoked_at is None


def test_head_signs_nobody_out(client):
    assert client.head(reverse("sign-out")).status_code == 405
    assert client.head(reverse("start")).status_code == 200
