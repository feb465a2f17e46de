"""Used equipment collected outside. A coarse area, never a point: places where people use are not mapped (`domain/exchange.md` 5)."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Kind, Privacy, info
from handrail.services.exchange.kinds.returned import Collected


class PlaceKind(Codes):
    """What sort of place."""

    PARK = "park", _("Park")
    STREET = "street", _("Street")
    PLAYGROUND = "playground", _("Playground or school")
    WATERSIDE = "waterside", _("Waterside")
    TRANSPORT = "transport", _("Station or car park")
    TOILET = "toilet", _("Public toilet")
    BUILDING = "building", _("Building or stairwell")
    CAMP = "camp", _("Camp")
    SAFETY_BOX = "safety_box", _("Around a safety box")
    OTHER = "other", _("Another place")


class Hazard(Codes):
    """What the next crew should know."""

    BROKEN_GLASS = "broken_glass", _("Broken glass")
    TRAFFIC = "traffic", _("Traffic")
    WATER = "water", _("Deep water or a slope")
    DOG = "dog", _("Dogs")
    CHEMICALS = "chemicals", _("Chemicals")
    STRUCTURE = "structure", _("Unsafe building")
    HOSTILITY = "hostility", _("Hostile people")
    POLICE = "police", _("Police present")
    NONE = "none", _("None")


class CleanUp(Collected):
    """One round of a crew. The area is a code of the programme's own list; coordinates do not fit in."""

    area: str = info(
        _("Area"), privacy=Privacy.OPERATIONAL, pattern=r"^[a-z]+(-[a-z]+)*(-[0-9]{1,2})?$", max_length=24,
        help_text=_("The programme's own code, such as harbour-east or ward-12. Never a point on a map."),
    )
    place_kind: PlaceKind = info(_("Sort of place"), privacy=Privacy.OPERATIONAL)
    crew_size: int = info(_("People in the crew"), privacy=Privacy.OPERATIONAL, ge=1, le=500)
    safety_box: str | None = info(
        _("Safety box emptied or nearby"), privacy=Privacy.OPERATIONAL, default=None, pattern=r"^[A-Za-z0-9-]{1,20}$", help_text=_("The code on the box")
    )
    injuries: int = info(_("People hurt"), privacy=Privacy.OPERATIONAL, default=0, ge=0, le=500)
    hazards: tuple[Hazard, ...] = info(_("Dangers"), privacy=Privacy.OPERATIONAL, default=())

    @model_validator(mode="after")
    def _none_alone(self) -> Self:
        if Hazard.NONE in self.hazards and len(set(self.hazards)) > 1:
            raise ValueError(_t("“None” cannot be chosen together with others."))
        return self


KIND = Kind(
    title=_("Clean-up"),
    explain=_("Used equipment collected outside by a crew: how much, in which area, and what to beware of."),
    payload=CleanUp,
    may="exchange.record",
    sample=CleanUp(quantity=140, area="harbour-east", place_kind=PlaceKind.PARK, crew_size=4, hazards=(Hazard.BROKEN_GLASS,)),
    needs_encounter=False,
)
