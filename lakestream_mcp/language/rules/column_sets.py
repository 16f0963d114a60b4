"""The columns of a text by what they are, in lower case: what rewordings ask for most."""

from __future__ import annotations

from collections.abc import Mapping

from .names import Columns


class ColumnSets:
    """Names of columns: all of them, and the numbers, texts, lists and likely keys among them."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.known = Columns(dict(columns), True)
        self.names = {name.lower() for name in columns}
        self.numbers = {name.lower() for name in self.known.numeric()}
        self.texts = {n.lower() for n, kind in columns.items() if kind == "string"}
        self.lists = {n.lower() for n, kind in columns.items() if kind.startswith(("array", "map"))}
        self.keys = {name.lower() for name in self.known.key_candidates()}
