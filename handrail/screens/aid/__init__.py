"""Pages for anybody who is there when somebody overdoses: a training of five minutes, what to do now, and a leaflet."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import Room

ROOM = Room(key="aid", title=_("First aid for anybody"), package="handrail.screens.aid")
