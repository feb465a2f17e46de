"""Django's entry for the facts."""

from django.apps import AppConfig


class FactsConfig(AppConfig):
    """Facts and what they point at."""

    name = "handrail.facts"
    label = "facts"
    default_auto_field = "django.db.models.BigAutoField"
