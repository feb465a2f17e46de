"""What tests and benchmarks share without needing Django."""

PASSWORD = "warm paper dark ink 7"
"""Of every account of the small world."""
CARD = "7HR-9V4-99P-1"
"""A card somebody carries in the busy world; also worked example 1 of `domain/people.md`."""
