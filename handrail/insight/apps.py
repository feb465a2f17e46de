"""Django's entry for insight."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """Size estimates and computed results."""

    name = "handrail.insight"
    label = "insight"
    default_auto_field = "django.db.models.BigAutoField"
