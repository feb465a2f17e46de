"""What a line of the log may say: when, where, which kind of fault, and a reference. Never what somebody typed.

The message of an exception often quotes the value that broke something, a traceback quotes it again, and an address can
hold it. So an exception is written as its type and the places in our files it came through, and of a request only the
route is told (security.md 4.3).
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from types import TracebackType

_OURS = "handrail"
_MOST_PLACES = 6


class Careful(logging.Formatter):
    """One line for each record. Words are printed only if they are our own; others wrap theirs around what they were given."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said = [self.formatMessage(_stamped(self, record))]
        if record.name.split(".")[0] == _OURS:
            said.append(record.getMessage())
        if (request := getattr(record, "request", None)) is not None:
            match = getattr(request, "resolver_match", None)
            said.append(f"{getattr(record, 'status_code', '')} {request.method} /{match.route if match else '?'}".strip())
            said.append(f"reference {request.reference}" if hasattr(request, "reference") else "")
        if record.exc_info and record.exc_info[1] is not None:
            said.append(_kind_and_places(record.exc_info[1]))
        return " ".join(part for part in said if part)


def _stamped(formatter: logging.Formatter, record: logging.LogRecord) -> logging.LogRecord:
    record.asctime = formatter.formatTime(record)
    return record


def _kind_and_places(error: BaseException) -> str:
    """“ValueError at screens/api.py:88 < kernel/web.py:200”, and what it was raised from in the same way."""
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    earlier = error.__cause__ or error.__context__
    came_from = f"; after {_kind_and_places(earlier)}" if earlier is not None else ""
    return f"{name} at {' < '.join(_places(error.__traceback__)) or '?'}{came_from}"


def _places(found: TracebackType | None) -> list[str]:
    """File and line, the innermost first: those of our own files, else the last one."""
    frames = [(Path(frame.filename), frame.lineno) for frame in reversed(traceback.extract_tb(found))]
    ours = [(path, line) for path, line in frames if _OURS in path.parts and "site-packages" not in path.parts]
    return [f"{path.parent.name}/{path.name}:{line}" for path, line in (ours or frames[:1])[:_MOST_PLACES]]
