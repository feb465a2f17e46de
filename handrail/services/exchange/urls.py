"""Addresses of the exchange room."""

from django.urls import path

from handrail.services.exchange import views

app_name = "exchange"
urlpatterns = [
    path("tests/", views.open_tests, name="open-tests"),
    path("tests/<uuid:fact>/", views.finish, name="finish-test"),
]
