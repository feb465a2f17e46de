"""Fact kinds of the naloxone room, one file each."""
