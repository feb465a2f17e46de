"""Entries for the two apps of django-allauth whose tables and checks of codes and passkeys we use.

Its pages, its middleware and its signals are not used (`docs/decisions/0016-second-factors.md`), so its own entry, which
refuses to start without the middleware, is left out.
"""

from django.apps import AppConfig


class AllauthAccount(AppConfig):
    """Tables for e-mail addresses that `allauth.mfa` imports; they stay empty."""

    name = "allauth.account"
    default_auto_field = "django.db.models.AutoField"


class AllauthFactors(AppConfig):
    """The table of second factors."""

    name = "allauth.mfa"
    default_auto_field = "django.db.models.BigAutoField"
