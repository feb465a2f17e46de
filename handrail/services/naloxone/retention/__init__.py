"""What the naloxone room forgets, and when."""
