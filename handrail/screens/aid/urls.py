"""Addresses of the pages of first aid: of this server's only programme, or of one of several by its id."""

from django.urls import path

from handrail.screens.aid import telling, views

app_name = "aid"
urlpatterns = [
    path("", views.home, name="home"),
    path("training/", views.training, name="training"),
    path("emergency/", views.emergency, name="emergency"),
    path("leaflet/", views.leaflet, name="leaflet"),
    path("leaflet/pdf/", views.leaflet_pdf, name="leaflet-pdf"),
    path("tell/", telling.tell_here, name="tell"),
    path("receipt/", telling.receipt_here, name="receipt"),
    path("worker.js", views.worker, name="worker"),
    path("<uuid:organisation>/", views.home, name="home-of"),
    path("<uuid:organisation>/training/", views.training, name="training-of"),
    path("<uuid:organisation>/emergency/", views.emergency, name="emergency-of"),
    path("<uuid:organisation>/leaflet/", views.leaflet, name="leaflet-of"),
    path("<uuid:organisation>/leaflet/pdf/", views.leaflet_pdf, name="leaflet-pdf-of"),
    path("<uuid:organisation>/tell/", telling.tell, name="tell-of"),
    path("<uuid:organisation>/receipt/", telling.receipt, name="receipt-of"),
    path("<uuid:organisation>/worker.js", views.worker, name="worker-of"),
]
