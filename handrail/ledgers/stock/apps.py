"""Django's entry for the stock ledger."""

from django.apps import AppConfig


class StockConfig(AppConfig):
    """Items, lots, moves, balances."""

    name = "handrail.ledgers.stock"
    label = "stock"
    default_auto_field = "django.db.models.BigAutoField"
