"""Handrail: the system that harm reduction programmes run on."""

__version__ = "0.1.0"
