"""What tests and benchmarks share without needing Django."""

PASSWORD = "warm paper dark ink 7"
"""Of every account of the small world."""
