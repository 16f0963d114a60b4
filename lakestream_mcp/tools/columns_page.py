"""The columns of a table, as many at a time as a model can read and send back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import InvalidArgument
from ..graph.model import Column

CHARACTERS_MAX = 3_000
LEFT_OUT_MAX = 10


class ColumnsPage(NamedTuple):
    """Columns that follow each other, as DDL, and where the next ones begin."""

    columns: Sequence[Column]
    ddl: str
    next: str | None

    @property
    def times(self) -> list[str]:
        """Those that may be the event time."""
        return [c.name for c in self.columns if c.type.startswith("timestamp")]


def columns_page(columns: Sequence[Column], search: str, page: str) -> ColumnsPage:
    """Those whose names hold `search`, from `page` on. Raises InvalidArgument for no such page."""
    from ..relational.column_types import ddl

    fitting = [c for c in columns if search.lower() in c.name.lower()]
    start = _start(page)
    if page and not 0 < start < len(fitting):
        raise InvalidArgument(
            "There is no such page of columns.",
            where={"argument": "page"},
            got=page[:80],
            expected="`page` of the answer before, for the same `path` and `search`",
        )
    shown: list[Column] = []
    size = 0
    for column in fitting[start:]:
        size += len(ddl([column])) + 2
        if shown and size > CHARACTERS_MAX:
            break
        shown.append(column)
    end = start + len(shown)
    return ColumnsPage(shown, ddl(shown), str(end) if end < len(fitting) else None)


def _start(page: str) -> int:
    return int(page) if re.fullmatch(r"[0-9]{1,7}", page) else 0


def some_left_out(names: Sequence[str], search: str) -> list[str] | None:
    """Columns that no source takes, where their names hold `search`: the first of them."""
    fitting = [n for n in names if search.lower() in n.rsplit(" ", 1)[0].lower()]
    more = len(fitting) - LEFT_OUT_MAX
    shown = fitting[:LEFT_OUT_MAX]
    return [*shown, f"… {more} more"] if more > 0 else shown or None
