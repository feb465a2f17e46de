"""Template tags of the house, available in every template."""
from django import template
register = template.Library()
