"""Django's entry for the pages of first aid."""

from django.apps import AppConfig


class AidConfig(AppConfig):
    """Templates and static files; no tables, because nothing is stored."""

    name = "handrail.screens.aid"
    label = "aid"
