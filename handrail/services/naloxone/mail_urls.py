"""Addresses of orders by mail. What a browser remembers of them, or prints below a label, says nothing of what is in a parcel."""

from django.urls import path

from handrail.services.naloxone import mail_label, mail_pages

app_name = "mail"
urlpatterns = [
    path("", mail_pages.orders, name="orders"),
    path("new/<uuid:site>/", mail_pages.new, name="new"),
    path("<uuid:order>/", mail_pages.order, name="order"),
    path("<uuid:order>/step/", mail_pages.step, name="step"),
    path("<uuid:order>/label/", mail_label.label, name="label"),
    path("<uuid:order>/address/", mail_label.address, name="address"),
    path("<uuid:order>/forget/", mail_label.forget, name="forget"),
]
