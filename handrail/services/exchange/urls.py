"""Addresses of the exchange room."""

from django.urls import path

from handrail.services.exchange import boxes, events, followed, records, release, stops, views

app_name = "exchange"
urlpatterns = [
    path("", views.more, name="more"),
    path("tests/", views.open_tests, name="open-tests"),
    path("tests/<uuid:fact>/", views.finish, name="finish-test"),
    path("weigh/<uuid:site>/", records.weigh, name="weigh"),
    path("clean-up/<uuid:site>/", records.clean_up, name="clean-up"),
    path("needlestick/<uuid:site>/", records.needlestick, name="needlestick"),
    path("needlestick/<uuid:site>/<uuid:fact>/", followed.follow_up, name="follow-up"),
    path("records/<uuid:site>/", followed.latest, name="records"),
    path("prison-year/<uuid:site>/", records.prison_year, name="prison-year"),
    path("release/<uuid:site>/", release.release, name="release"),
    path("boxes/", boxes.boxes, name="boxes"),
    path("boxes/<uuid:site>/", boxes.box, name="box"),
    path("safety-boxes/", boxes.safety_boxes, name="safety-boxes"),
    path("stops/", stops.stops, name="stops"),
    path("stops/plan/", stops.plan, name="stops-plan"),
    path("stop/<uuid:site>/", events.whole_stop, name="whole-stop"),
]
