"""Rules for a new password: length and a block list, nothing else. No composition rules and no rotation (security.md 4.1)."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from handrail.facts.models import Organisation, Staff
from handrail.screens import second_factor

ALONE = 15
"""Characters when the password is all there is."""
WITH_SECOND_FACTOR = 8
_LEFT, _DIFFERENT = 6, 5
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")


class LongEnough:
    """At least 15 characters, or 8 for somebody who signs in with a second factor as well."""

    def validate(self, password: str, user: Staff | None = None) -> None:
        """Raise ValidationError with a sentence."""
        least = WITH_SECOND_FACTOR if user is not None and user.pk and second_factor.has_any(user.pk) else ALONE
        if len(password) < least:
            raise ValidationError(_("The password needs at least %d characters. Four or five words that do not belong together do well.") % least)

    def get_help_text(self) -> str:
        """The rule in a sentence."""
        return _("At least 15 characters, or 8 together with a second factor.")


class NotEasyToGuess:
    """Not made of what everybody here knows, of one character, or of a run on the keyboard."""

    def validate(self, password: str, user: Staff | None = None) -> None:
        """Raise ValidationError with a sentence."""
        left = re.sub(r"\W", "", password.casefold())
        known = {"handrail", "password"}
        if user is not None:
            organisation = Organisation.objects.filter(key=user.organisation_id).first()
            names = f"{user.username} {user.name} {organisation.name if organisation else ''}"
            known |= {word for word in re.split(r"\W+", names.casefold()) if len(word) > 2}
        for word in sorted(known, key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < _LEFT or len(set(left)) < _DIFFERENT or any(left in run or left in run[::-1] for run in _RUNS):
            raise ValidationError(_("That is easy to guess: it is made of names used here, of few characters, or of a row of keys."))

    def get_help_text(self) -> str:
        """The rule in a sentence."""
        return _("Not made of names used here, of few characters, or of a row of keys.")
