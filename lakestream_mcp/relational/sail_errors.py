"""What Sail says, as an error a person can act on."""

from __future__ import annotations

import re
from typing import Any

from ..errors import EngineFailed, InvalidSql, LakestreamError, Unsupported

_FORGOTTEN = re.compile(r"session [0-9a-f-]{36} is not running")
_NAMES = re.compile(r'Identifier\("([^"]*)"\)')

FAILURES: tuple[tuple[str, str, str], ...] = (
    (r"divide by zero|division by zero", "DIVIDE_BY_ZERO", "a division by zero; use try_divide"),
    (
        r"out of range Int|Can't cast value|[Oo]verflow",
        "ARITHMETIC_OVERFLOW",
        "a number does not fit its type (Spark would stop as well); cast the operands to DOUBLE, "
        "DECIMAL or BIGINT",
    ),
    (
        r"Cannot cast (string|value)|cast.*value|Error parsing timestamp|[Pp]arser error",
        "CAST_FAILED",
        "a value cannot be cast to the type asked for; use try_cast for NULL instead",
    ),
    (
        r"INVALID_ARRAY_INDEX|MAP_KEY_DOES_NOT_EXIST|out of bounds",
        "INVALID_INDEX",
        "an index is out of bounds; use get() or try_element_at for NULL instead",
    ),
    (
        r"coerc|type mismatch|[Ii]nvalid (data )?type|signature|expects? .*argument|argument types"
        r"|No function matches|Failed to coerce|Unsupported Data Type|incompatible",
        "TYPE_MISMATCH",
        "types do not fit together",
    ),
)


def sail_error(details: str, status: str, request: dict[str, Any]) -> LakestreamError:
    """The error for a statement that Sail refused or that failed while it ran."""
    said = re.sub(r"\s+", " ", details or "no message")[:500]
    got = request["sql"][:500]
    if status == "DEADLINE_EXCEEDED":
        return EngineFailed("the statement took too long", code="ENGINE_TIMEOUT", got=got)
    # A session that was idle for long is ended, at times just when a statement comes.
    if status == "UNAVAILABLE" or _FORGOTTEN.search(said):
        return EngineFailed(f"the local SQL engine cannot be reached: {said}", got=got)
    if "missing from the schema" in said:
        name = ".".join(_NAMES.findall(said))
        return InvalidSql(f"there is no column `{name}`", code="UNKNOWN_COLUMN", got=name)
    if said.startswith(("unknown function", "function:")) or "not implemented" in said.lower():
        return Unsupported(f"cannot be tried locally: {said}", code="NOT_LOCAL", got=got)
    for pattern, code, sentence in FAILURES:
        if re.search(pattern, said):
            return InvalidSql(f"{sentence} ({said})", code=code, got=got)
    return InvalidSql(f"the SQL failed: {said}", code="SQL_FAILED", got=got)
