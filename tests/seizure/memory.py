"""What the memory of running processes holds: for a machine that is imaged while it runs (security.md part 1, T2)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.seizure.canaries import FOUND, number_of

_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (r\S*) ")
_PIECE = 1 << 24


def processes_of(leader: int) -> dict[int, str]:
    """Every process of a server by id, with its command."""
    listed = subprocess.run(["ps", "-eo", "pid,pgid,args"], capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    found = [line.split(None, 2) for line in listed]
    return {int(pid): args for pid, group, args in found if int(group) == leader}


def held(pid: int, secrets: Mapping[str, bytes]) -> tuple[set[str], set[int]]:
    """Which of these secrets, and whose words, lie in the memory of a process."""
    names: set[str] = set()
    people: set[int] = set()
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb") as memory:
        for line in maps:
            found = _LINE.match(line)
            if found is None or "[vvar" in line or "[vsyscall" in line:
                continue
            start, end = int(found[1], 16), int(found[2], 16)
            for at in range(start, end, _PIECE):
                try:
                    memory.seek(at)
                    piece = memory.read(min(_PIECE, end - at))
                except (OSError, ValueError):  # pages of a device, or already gone
                    break
                names |= {name for name, secret in secrets.items() if secret in piece}
                people |= {number_of(match) for match in FOUND.finditer(piece)}
    return names, people
