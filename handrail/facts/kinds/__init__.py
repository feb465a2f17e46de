"""Kinds that every room builds on: the visit itself, people, referrals, and what mends a record."""
