"""Django's entry for the vault."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Sealed records and the inbox."""

    name = "handrail.vault"
    label = "vault"
    default_auto_field = "django.db.models.BigAutoField"
