"""Which SQL functions may be used, and what is known of their answers on Sail."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..errors import Unsupported, nearest

NO_OTHER_WAY = ("cannot be tried locally", "its answers could not", "not available")
BY_PYTHON = "what it answers a `custom-python-udf` can compute: the same code here and on Spark"


class SqlFunction(NamedTuple):
    """A builtin of Spark. `answers`: how Sail compares; `kind`: empty for a plain function."""

    name: str
    answers: str
    kind: str
    note: str


@lru_cache(maxsize=1)
def functions() -> dict[str, SqlFunction]:
    """Every known builtin by its lower-case name."""
    text = Path(__file__).with_name("functions.json").read_text("utf-8")
    entries: dict[str, dict[str, str]] = json.loads(text)["functions"]
    return {
        name: SqlFunction(name, e["answers"], e.get("kind", ""), e.get("note", ""))
        for name, e in entries.items()
    }


def allowed_function(
    name: str, field: str | None, aggregates: bool = False, nondeterministic: bool = False
) -> SqlFunction:
    """The function, if it may be used here. Raises Unsupported with the reason."""
    found = functions().get(name.lower())
    reason, hint = _refusal(name, found, aggregates, nondeterministic)
    if found is None or reason:
        raise Unsupported(
            f"function `{name.lower()[:80]}` {reason}",
            code="FUNCTION_REFUSED" if found else "UNKNOWN_FUNCTION",
            where={"field": field} if field else {},
            got=name.lower()[:80],
            hint=hint,
        )
    return found


def _refusal(
    name: str, found: SqlFunction | None, aggregates: bool, nondeterministic: bool
) -> tuple[str, str | None]:
    if found is None:
        near = nearest(name, [f.name for f in functions().values() if f.answers != "refused"])
        return "is not known", near
    if found.answers == "refused":
        elsewhere = not found.kind and found.note.startswith(NO_OTHER_WAY)
        return f"is not offered: {found.note}", BY_PYTHON if elsewhere else None
    if found.kind and not aggregates:
        place = {"aggregate": "several rows", "window": "an order of rows"}.get(found.kind)
        reason = f"needs {place}" if place else "makes several rows of one"
        return f"{reason}, but this expression sees one row at a time", None
    if found.answers == "nondeterministic" and not nondeterministic:
        return "gives another answer each time, so a test would prove nothing", (
            "use a column of the event, such as its event time"
        )
    return "", None
