"""Fact kinds of the exchange room."""
