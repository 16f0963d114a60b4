"""Columns that rows are grouped and joined by."""

from __future__ import annotations

from ..errors import InvalidSql

UNGROUPABLE = ("float", "double", "array", "map", "struct", "variant", "binary")


def refuse_key_type(name: str, kind: str, field: str) -> None:
    """Raise InvalidSql for a type whose equality differs between engines, or says too little."""
    if kind.startswith(UNGROUPABLE):
        raise InvalidSql(
            f"`{name}` is of type {kind}, which is no key: its values are not safely equal",
            code="UNSUPPORTED_TYPE",
            where={"field": field},
            got=kind,
            expected="text, a whole number, decimal, boolean, date or timestamp",
            hint="cast it with a rename-cast node",
        )


def refuse_other_key_types(names: tuple[str, str], kinds: tuple[str, str], field: str) -> None:
    """Raise InvalidSql where the two sides of a key are not of one type."""
    if kinds[0] != kinds[1]:
        raise InvalidSql(
            f"key `{names[0]}` is {kinds[0]}, and `{names[1]}` on the other side is {kinds[1]}",
            code="TYPES_DIFFER",
            where={"field": field},
            got=list(kinds),
            expected="one type",
            hint="cast one of them with a rename-cast node",
        )
