"""Django's entry for the exchange room."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """The exchange room."""

    name = "handrail.services.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"
