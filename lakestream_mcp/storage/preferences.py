"""Preferences: what each actor keeps under a key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select

from .engine import upsert
from .rows import RecentPipeline
from .session import Session
from .tables import audit, pipelines, preferences

LOOKED_BACK = 500
"""Calls of an actor in which recent pipelines are looked for."""


class PreferenceRows(Session):
    """The part of a transaction that keeps preferences."""

    def preferences(self, actor: str) -> dict[str, Any]:
        """All preferences of an actor, by key."""
        table = preferences.c
        rows = self._rows(select(table.key, table.value).where(table.actor == actor))
        return {row.key: row.value for row in sorted(rows, key=lambda row: str(row.key))}

    def recent_pipelines(self, actor: str, limit: int) -> list[RecentPipeline]:
        """The pipelines an actor worked on last, as the audit log tells; none deleted or hidden."""
        latest = (
            select(audit.c.pipeline_id, audit.c.seq, audit.c.at)
            .where(
                audit.c.actor == actor, audit.c.outcome == "ok", audit.c.pipeline_id.is_not(None)
            )
            .order_by(audit.c.seq.desc())
            .limit(LOOKED_BACK)
            .subquery()
        )
        found = (
            select(pipelines.c.id, pipelines.c.name, func.max(latest.c.at))
            .join(latest, latest.c.pipeline_id == pipelines.c.id)
            .where(pipelines.c.deleted_at.is_(None), *self._visible(pipelines.c.id))
            .group_by(pipelines.c.id, pipelines.c.name)
            .order_by(func.max(latest.c.seq).desc())
            .limit(limit)
        )
        return [RecentPipeline._make(row) for row in self._rows(found)]

    def set_preference(self, actor: str, key: str, value: Any) -> None:
        """Keep a value; None removes it."""
        if value is None:
            table = preferences.c
            self._run(delete(preferences).where(table.actor == actor, table.key == key))
            return
        row = {"actor": actor, "key": key, "value": value, "updated_at": self.at}
        upsert(self._writing(), preferences, row)
