"""Files for browsers: each under a name that changes with its content, also where one script names another."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage

_FROM = r"""(?m)^(?P<matched>%s(?P<names>[\s{][^;"']*?)\s*from\s*["'](?P<url>\.[^"']*)["']\s*;)"""


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Follows `import … from "./…"` between our own scripts, and nothing else.

    Django can do so too, but takes `import("crypto")` in a comment or behind a condition for the name of a file.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("*.js", tuple((_FROM % word, f'{word}%(names)s from "%(url)s";') for word in ("import", "export"))),
    )
