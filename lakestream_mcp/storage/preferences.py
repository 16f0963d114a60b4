"""Preferences: what each actor keeps under a key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from .engine import upsert
from .session import Session
from .tables import preferences


class PreferenceRows(Session):
    """The part of a transaction that keeps preferences."""

    def get_preference(self, actor: str, key: str, default: Any = None) -> Any:
        """The value an actor keeps under a key."""
        table = preferences.c
        row = self._first(select(table.value).where(table.actor == actor, table.key == key))
        return default if row is None else row.value

    def preferences(self, actor: str) -> dict[str, Any]:
        """All preferences of an actor, by key."""
        table = preferences.c
        rows = self._rows(select(table.key, table.value).where(table.actor == actor))
        return {row.key: row.value for row in sorted(rows, key=lambda row: str(row.key))}

    def set_preference(self, actor: str, key: str, value: Any) -> None:
        """Keep a value; None removes it."""
        if value is None:
            table = preferences.c
            self._run(delete(preferences).where(table.actor == actor, table.key == key))
            return
        row = {"actor": actor, "key": key, "value": value, "updated_at": self.at}
        upsert(self._writing(), preferences, row)
