"""Django's entry for the screens."""

from django.apps import AppConfig


class ScreensConfig(AppConfig):
    """Templates and static files of the console."""

    name = "handrail.screens"
    label = "screens"
