"""Django's entry for gates."""

from django.apps import AppConfig


class GatesConfig(AppConfig):
    """What left the house, and to whom."""

    name = "handrail.gates"
    label = "gates"
    default_auto_field = "django.db.models.BigAutoField"
