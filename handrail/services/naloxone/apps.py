"""Django's entry for the naloxone room."""

from django.apps import AppConfig


class NaloxoneConfig(AppConfig):
    """The naloxone room."""

    name = "handrail.services.naloxone"
    label = "naloxone"
    default_auto_field = "django.db.models.BigAutoField"
