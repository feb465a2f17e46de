"""All addresses. Every view declares who may call it (`kernel.access.may`); one that does not cannot be reached."""

from __future__ import annotations

import importlib.util

from django.urls import include, path

from handrail.kernel.rooms import rooms
from handrail.screens import api
from handrail.screens.console import (
    audit_pages,
    cards,
    places,
    quarter,
    reference,
    referrals,
    sign_in,
    stock,
    visits,
    waiting,
)

urlpatterns = [
    path("", places.start, name="start"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("visits/", visits.recent, name="visits"),
    path("visits/at/<uuid:site>/", visits.new, name="visit-new"),
    path("visits/<uuid:visit>/", visits.visit, name="visit"),
    path("visits/<uuid:visit>/correct/", visits.correct, name="visit-correct"),
    path("visits/<uuid:visit>/take-back/", visits.take_back, name="visit-take-back"),
    path("cards/new/<uuid:site>/", cards.new_card, name="card-new"),
    path("stock/", stock.shelves, name="stock"),
    path("stock/receive/", stock.receive, name="stock-receive"),
    path("stock/transfer/", stock.transfer, name="stock-transfer"),
    path("stock/count/<uuid:site>/", stock.count, name="stock-count"),
    path("expected/", referrals.expected, name="referrals"),
    path("expected/<uuid:referral>/", referrals.outcome, name="referral-outcome"),
    path("to-look-at/", waiting.waiting, name="waiting"),
    path("to-look-at/<uuid:fact>/", waiting.decide, name="waiting-decide"),
    path("quarter/", quarter.now, name="quarter-now"),
    path("quarter/<str:quarter>/", quarter.page, name="quarter"),
    path("quarter/<str:quarter>/download/", quarter.download, name="quarter-csv"),
    path("quarter/<str:quarter>/<str:indicator>/", quarter.number, name="number"),
    path("quarter/<str:quarter>/<str:indicator>/<uuid:site>/", quarter.number, name="number-site"),
    path("audit/", audit_pages.audit_page, name="audit"),
    path("reference/", reference.reference, name="reference"),
    path("api/", include(api.urls())),
    *(
        path(f"{room.key}/", include(f"{room.package}.urls"))
        for room in rooms()
        if importlib.util.find_spec(f"{room.package}.urls") is not None
    ),
]
handler404 = "handrail.kernel.web.not_found"
handler500 = "handrail.kernel.web.server_error"
