"""What lies in a server of a test: a script run in a house of its own over its data, and files that hold some words."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from bench._server import ROOT, Server

INSIDE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
from handrail.cli import _open_house
with _open_house() as config:
    exec(sys.stdin.read())
"""


def inside(server: Server, script: str) -> list[str]:
    """Run a script in a house of its own over the server's data, as the command line does."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(server.var)}
    done = subprocess.run([sys.executable, "-c", INSIDE], input=script, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def written_ways(text: str) -> set[bytes]:
    """A text as it may lie in a file."""
    raw = text.encode()
    return {raw, text.encode("utf-16-le"), raw.hex().encode(), quote(text).encode(), base64.b64encode(raw).rstrip(b"=")[:-1]}


def found_in(folder: Path, words: set[bytes]) -> list[str]:
    """Files under a folder that hold one of the words."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [str(path)] if any(word in content for word in words) else []
    return found
