"""Addresses of the exchange room."""

from django.urls import path

from handrail.services.exchange import events, outdoors, release, views

app_name = "exchange"
urlpatterns = [
    path("", views.more, name="more"),
    path("tests/", views.open_tests, name="open-tests"),
    path("tests/<uuid:fact>/", views.finish, name="finish-test"),
    path("weigh/<uuid:site>/", views.weigh, name="weigh"),
    path("clean-up/<uuid:site>/", views.clean_up, name="clean-up"),
    path("needlestick/<uuid:site>/", views.needlestick, name="needlestick"),
    path("prison-year/<uuid:site>/", views.prison_year, name="prison-year"),
    path("release/<uuid:site>/", release.release, name="release"),
    path("boxes/", outdoors.boxes, name="boxes"),
    path("boxes/<uuid:site>/", outdoors.box, name="box"),
    path("safety-boxes/", outdoors.safety_boxes, name="safety-boxes"),
    path("stops/", outdoors.stops, name="stops"),
    path("stops/plan/", outdoors.plan, name="stops-plan"),
    path("stop/<uuid:site>/", events.whole_stop, name="whole-stop"),
]
