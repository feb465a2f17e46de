"""The floor of the house: tools that know nothing about harm reduction."""
