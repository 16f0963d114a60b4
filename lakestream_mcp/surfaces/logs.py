"""The server's log on standard error: lines for people, or JSON objects for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

OTHERS = ("fastmcp", "mcp", "uvicorn", "uvicorn.error", "uvicorn.access")


class JsonLines(logging.Formatter):
    """One JSON object a line: what every line has, then what this one tells."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line = {
            "at": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_told(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """One line for people, with the same content."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        told = " ".join(f"{name}={value}" for name, value in _told(record).items())
        line = f"{_instant(record)} {record.levelname:7} {_one_line(record.getMessage())} {told}"
        error = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return line.rstrip() + error


def configure(form: str) -> None:
    """Write the log of everything in this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("lakestream").setLevel(logging.INFO)
    for name in OTHERS:
        other = logging.getLogger(name)
        other.handlers.clear()
        other.propagate = True


def _told(record: logging.LogRecord) -> dict[str, object]:
    told: dict[str, object] = getattr(record, "told", {})
    return {k: _one_line(v) for k, v in told.items() if v not in (None, "")}


def _one_line(value: object) -> object:
    """Text without line breaks: what a caller sent must not look like a line of the log."""
    return value.replace("\n", "\\n").replace("\r", "\\r") if isinstance(value, str) else value


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
