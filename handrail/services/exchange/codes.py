"""Codes that several files of this room share."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes


class Container(Codes):
    """What it came in; each may have its own factor."""

    SHARPS_BIN = "sharps_bin", _("Sharps bin")
    BOTTLE = "bottle", _("Bottle")
    BAG = "bag", _("Bag")
    TUB = "tub", _("Tub")
    OTHER = "other", _("Something else")
