"""What the worker keeps on a phone: training and emergency in every language, their styles, scripts and pictures. Nothing else.

Its version is a digest of all of that. So the script changes when a text, a value or a style does, the browser then
fetches the new pages, and what was kept before is thrown away.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

from handrail.screens.aid import pages
from handrail.screens.aid.programme import Programme

FILES = ("handrail/mark.svg", "handrail/tokens.css", "handrail/base.css", "handrail/aid.css", "handrail/aid.js", "handrail/training.js", "handrail/emergency.js")
_SOURCE = Path(__file__).with_name("worker.js")


def script(programme: Programme) -> str:
    """The worker with its list and its version at the top."""
    languages = [code for code, _name in settings.LANGUAGES]
    made = {"training/": pages.training, "emergency/": pages.emergency}
    texts = [render(programme, language) for render in made.values() for language in languages]
    addresses = [f"{name}{asked}" for name in made for asked in ("", *(f"?in={code}" for code in languages))]
    source, files = _SOURCE.read_text(), [static(name) for name in FILES]
    digest = hashlib.sha256("\0".join([source, *addresses, *files, *texts]).encode()).hexdigest()[:20]
    return f'"use strict";\nconst VERSION = {json.dumps(digest)};\nconst PAGES = {json.dumps(addresses)};\nconst FILES = {json.dumps(files)};\n\n{source}'
