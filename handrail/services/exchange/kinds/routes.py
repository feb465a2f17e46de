"""How substances were taken in the last month (`domain/exchange.md` 3). Who injects is asked apart (`facts.asked`)."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, Kind, Payload, Picks, Privacy, info


class Route(Codes):
    """Ways of taking."""

    INJECT = "inject", _("Injected")
    SMOKE = "smoke", _("Smoked")
    SNORT = "snort", _("Snorted")
    SWALLOW = "swallow", _("Swallowed")
    RECTAL = "rectal", _("Rectal")
    NOT_SAID = "not_said", _("Not said")


class Routes(Payload):
    """Ways of the last month. “Not said” stands alone."""

    routes: tuple[Route, ...] = info(_("How, in the last month"), privacy=Privacy.CLINICAL, min_length=1)

    @model_validator(mode="after")
    def _alone(self) -> Self:
        if len(set(self.routes)) != len(self.routes):
            raise ValueError(_t("An answer is there twice."))
        if Route.NOT_SAID in self.routes and len(self.routes) > 1:
            raise ValueError(_t("“None” cannot be chosen together with others."))
        return self


KIND = Kind(
    title=_("How, in the last month"),
    explain=_("Ways of taking in the last month, as the person says. Optional."),
    payload=Routes,
    may="exchange.record",
    sample=Routes(routes=(Route.SMOKE, Route.INJECT)),
    compose=Compose(
        order=71, title=_("How, in the last month"), folded=True,
        part=Picks(field="routes", shown=(Route.INJECT, Route.SMOKE, Route.SNORT), alone=(Route.NOT_SAID,)),
    ),
)
