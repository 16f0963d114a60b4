"""The deployments of a pipeline to one place, as the store has them."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from ..errors import InvalidArgument
from ..storage.rows import Deployment
from ..storage.store import Transaction
from .changes import Known
from .desired import Desired

STANDING = ("deployed", "paused")
BUNDLE = "bundle"
# What may have begun checkpoints; one that was undone has not.
BEGAN = (*STANDING, "applying", "replaced", "partial", "interrupted", "destroyed")
ROWS_LOOKED_AT = 200


class History(NamedTuple):
    """Newest first. `known` is what the newest one left."""

    rows: list[Deployment]
    known: Known

    @classmethod
    def read(
        cls, store: Transaction, pipeline_id: str, target: str, place: str, origin: str = ""
    ) -> History:
        """Those to a target at a place: a workspace's host, a folder."""
        listed = store.list_deployments(pipeline_id=pipeline_id, limit=ROWS_LOOKED_AT)
        rows = [r for r in listed if r.target == target and r.settings.get("place") == place]
        known = Known.model_validate(rows[0].resources) if rows else Known()
        known.host = place
        known.origin = known.origin or origin or secrets.token_hex(4)
        return cls(rows, known)

    @property
    def standing(self) -> Deployment | None:
        """What is deployed now."""
        return next((row for row in self.rows if row.status in STANDING), None)

    @property
    def unfinished(self) -> Deployment | None:
        """The newest, where it did not end."""
        newest = self.rows[0] if self.rows else None
        return newest if newest and newest.status in ("applying", "partial") else None

    @property
    def began(self) -> Deployment | None:
        """The newest that may have begun checkpoints."""
        return next((r for r in self.rows if r.status in BEGAN and r.settings.get("desired")), None)

    @property
    def begins_anew(self) -> bool:
        """Whether the newest did not end and was to begin checkpoints that nothing had before."""
        return self.unfinished is not None and self.generations > self._generations(self.rows[1:])

    @property
    def generations(self) -> int:
        """How many checkpoints were begun."""
        return self._generations(self.rows)

    @staticmethod
    def _generations(rows: list[Deployment]) -> int:
        wanted = [row.settings.get("desired") or {} for row in rows]
        return max((int(each.get("generation", 1)) for each in wanted), default=0)

    def earlier(self, deployment_id: str) -> Deployment:
        """The deployment to go back to: as named, else the last one with other code or settings."""
        standing = self.standing
        if deployment_id:
            found = next((r for r in self.rows if r.id == deployment_id), None)
            if found is not None and found.status in (*STANDING, "replaced"):
                return found
        elif standing is not None:
            was = _content(standing)
            for row in self.rows[self.rows.index(standing) + 1 :]:
                if row.status == "replaced" and _content(row) != was:
                    return row
        raise InvalidArgument(
            "There is no such deployment to go back to.",
            code="NO_EARLIER_DEPLOYMENT",
            where={"argument": "deployment"},
            got=deployment_id or None,
            expected=[r.id for r in self.rows if r.status == "replaced"][:10],
            hint="`get_deployment` lists them.",
        )


def running(rows: list[Deployment]) -> list[Deployment]:
    """What stands, over all targets, but for bundles: those are files and run nothing."""
    return [row for row in rows if row.status in STANDING and row.target != BUNDLE]


def standing_of(rows: list[Deployment]) -> Deployment | None:
    """What is deployed, over all targets: what runs, else a bundle; the newest of them."""
    bundles = [row for row in rows if row.status in STANDING]
    return next(iter([*running(rows), *bundles]), None)


def _content(row: Deployment) -> Any:
    desired = row.settings.get("desired") or {}
    parts = {k: v for k, v in desired.items() if k not in ("paused", "generation")}
    return row.code_sha256, parts


def stored_desired(store: Transaction, row: Deployment) -> Desired:
    """What a deployment was, with its very files."""
    return Desired.model_validate(
        {**row.settings["desired"], "files": store.deployed_files(row.id)}
    )
