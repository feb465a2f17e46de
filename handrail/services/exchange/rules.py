"""Rules of the exchange room: pure functions, each with its citation."""

from __future__ import annotations

CONFIRM_OVER = 1_000
"""More needles and syringes than this in one line ask for a second tap (`domain/exchange.md` 11, rule 4)."""


def needs_second_tap(quantity: int) -> bool:
    """Whether a line is so large that a slip of the finger is likelier than a wish."""
    return quantity > CONFIRM_OVER
