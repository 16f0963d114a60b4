"""What flows out of a query or a file: Sail's analysis, remembered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidSql
from ..graph.model import Column, Relation
from .files import file_columns, local_file
from .local import LocalEngine
from .sql import sql

if TYPE_CHECKING:
    from sqlglot import exp

REMEMBERED = 4096


class SailResolver:
    """Types queries, asking the engine where it must and once; reads files below `roots`."""

    def __init__(self, engine: LocalEngine, roots: Sequence[Path] = ()) -> None:
        self._engine = engine
        self._roots = tuple(roots)
        self._columns = lru_cache(maxsize=REMEMBERED)(self._resolved)

    def columns(self, query: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        """Output columns of a query over `in_0`, `in_1` …; raises InvalidSql, Unsupported."""
        from .plain_conditions import known_columns

        known = known_columns(query, inputs)
        if known is not None:
            return known
        return self._columns(sql(query), tuple(relation.columns for relation in inputs))

    def file_columns(self, path: str, file_format: str) -> tuple[Column, ...]:
        """Columns inferred from the first rows of a file below the data roots."""
        return file_columns(path, file_format, self._roots)

    def local_file(self, path: str) -> Path:
        """A file below the data roots. Raises NotFound, Forbidden."""
        return local_file(path, self._roots)

    def _resolved(self, text: str, inputs: tuple[tuple[Column, ...], ...]) -> tuple[Column, ...]:
        given = {f"in_{i}": columns for i, columns in enumerate(inputs)}
        found = self._engine.schema(text, given)
        seen: set[str] = set()
        for column in found:
            if column.name.lower() in seen:
                raise InvalidSql(
                    f"two columns are named `{column.name}`",
                    code="DUPLICATE_COLUMN",
                    got=column.name,
                    hint="give one of them another name with AS",
                )
            seen.add(column.name.lower())
            if column.type in ("void", "interval") or column.type.startswith("interval "):
                raise InvalidSql(
                    f"column `{column.name}` has a type that cannot be stored ({column.type})",
                    code="UNSTORABLE_TYPE",
                    got=column.type,
                    hint=f"cast it, for example CAST(… AS STRING) AS {column.name}",
                )
        return found
