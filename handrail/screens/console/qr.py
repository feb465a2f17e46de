"""A code as a square that a phone or scanner reads: path data only, so that the page keeps its strict policy."""

from __future__ import annotations

from dataclasses import dataclass

import qrcode
from qrcode.constants import ERROR_CORRECT_M

_BORDER = 4
"""Quiet modules around, as the standard asks (ISO/IEC 18004)."""


@dataclass(frozen=True)
class Code:
    """A code to show once: as text, and as the path of its dark modules in a square of `size` units."""

    text: str
    path: str
    size: int


def code(text: str) -> Code:
    """The square of exactly this text."""
    square = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=_BORDER)
    square.add_data(text)
    modules = square.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(modules) for x, is_dark in enumerate(row) if is_dark)
    return Code(text, path, len(modules))
