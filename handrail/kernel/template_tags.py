"""Template tags of the house, available in every template."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

MARK = (
    '<svg class="mark" viewBox="0 0 28 28" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round"'
    ' aria-hidden="true"><path d="M3 18 13 8h12"/><path d="M7 15v10M16 8v17M24 8v17"/></svg>'
)


@register.simple_tag
def mark() -> SafeString:
    """The house's mark: a handrail, two strokes up and three posts."""
    return SafeString(MARK)


@register.simple_tag
def chip(text: str, tone: str = "") -> SafeString:
    """A short word on a coloured ground; the word says what the colour says."""
    return format_html('<span class="chip {}">{}</span>', tone, text)
