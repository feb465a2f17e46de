"""Checks facts that lost worker, device and time of day against the lines of the audit that said so."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from handrail.facts.recorded import Recorded, remains
from handrail.kernel import crypto
from handrail.kernel.models import AuditEntry

ACTION = "facts.purged"
"""A line of the audit that covers purged facts: their counters, how many, and a digest of what remains of them."""


@dataclass
class _Line:
    number: int
    expected: str
    count: int
    digest: bytes = b""
    seen: int = 0


class Purges:
    """Every line about purged facts of the organisation in scope; facts come past in the order of their counters."""

    def __init__(self) -> None:
        self._starts: list[tuple[int, int, _Line]] = []
        self._lines: list[_Line] = []
        for entry in AuditEntry.objects.filter(action=ACTION).order_by("number"):
            line = _Line(entry.number, str(entry.detail["sha256"]), int(entry.detail["count"]))
            self._lines.append(line)
            self._starts += [(int(first), int(last), line) for first, last in entry.detail["counters"]]
        self._starts.sort(key=lambda run: run[0])
        self._firsts = [first for first, _last, _line in self._starts]

    def covers(self, fact: Recorded) -> bool:
        """Whether a line says that this fact was purged; then what remains of it is taken into account."""
        at = bisect_right(self._firsts, fact.counter) - 1
        if at < 0 or fact.counter > self._starts[at][1]:
            return False
        line = self._starts[at][2]
        line.digest, line.seen = crypto.digest(line.digest, remains(fact)), line.seen + 1
        return True

    def problems(self) -> list[str]:
        """Lines whose facts are not what remained of them then."""
        return [
            f"What remained of {line.count} facts after the purge in line {line.number} of the audit was changed."
            for line in self._lines if line.digest.hex() != line.expected or line.seen != line.count
        ]
