"""Addresses of the naloxone room."""

from django.urls import path

from handrail.services.naloxone import bags, overview, reports, requests, same, views

app_name = "naloxone"
urlpatterns = [
    path("", views.more, name="more"),
    path("bag/<uuid:site>/", bags.bag, name="bag"),
    path("bag/<uuid:site>/told/", bags.tell, name="tell"),
    path("bag/<uuid:site>/fill/", bags.fill, name="fill"),
    path("overdose/<uuid:site>/", reports.report, name="report"),
    path("overdoses/", reports.reports, name="reports"),
    path("overdoses/<uuid:told>/same/", same.same, name="same"),
    path("requests/", requests.requests, name="requests"),
    path("requests/<uuid:wanted>/", requests.move_on, name="request-move-on"),
    path("overview/", overview.overview, name="overview"),
    path("kits/", overview.kits, name="kits"),
]
