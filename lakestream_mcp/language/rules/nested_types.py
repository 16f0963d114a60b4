"""What is inside a type that holds others."""

from __future__ import annotations


def element_of(kind: str) -> str:
    """What becomes of a value that is made rows: an array's element, a map's value."""
    from ...errors import LakestreamError
    from ...relational.column_types import nested_parts

    try:
        form, parts = nested_parts(kind)
    except LakestreamError:
        return "string"
    return parts[-1].type if parts and form in ("array", "map") else kind


def fields_of(kind: str) -> dict[str, str]:
    """The fields of a struct; none of another type."""
    from ...errors import LakestreamError
    from ...relational.column_types import nested_parts

    try:
        form, parts = nested_parts(kind)
    except LakestreamError:
        return {}
    return {part.name: part.type for part in parts} if form == "struct" else {}
