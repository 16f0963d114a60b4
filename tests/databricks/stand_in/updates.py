"""One pipeline, its updates and its event log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

STEPS = ("QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING", "COMPLETED")
DONE = ("COMPLETED", "FAILED", "CANCELED")


@dataclass
class Update:
    """One run of a pipeline."""

    id: str
    request: dict[str, Any]
    created_ms: int
    state: str = "QUEUED"

    @property
    def active(self) -> bool:
        """Whether it still moves."""
        return self.state not in DONE


@dataclass
class Pipeline:
    """One pipeline with all that happened to it, newest first."""

    id: str
    spec: dict[str, Any]
    creator: str
    run_as: str
    modified_ms: int
    updates: list[Update] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def state(self) -> str:
        """IDLE, RUNNING or FAILED."""
        if self.updates and self.updates[0].active:
            return "RUNNING"
        return "FAILED" if self.updates and self.updates[0].state == "FAILED" else "IDLE"

    @property
    def latest(self) -> list[dict[str, Any]]:
        """The newest updates in short."""
        return [
            {"update_id": u.id, "state": u.state, "creation_time": iso(u.created_ms)}
            for u in self.updates[:5]
        ]

    def log(self, update: Update, event_id: str, at_ms: int, error: str | None = None) -> None:
        """Tell in the event log which state an update has reached, and what is amiss."""
        thrown = [{"class_name": "org.apache.spark.sql.AnalysisException", "message": error}]
        event = {
            "id": event_id,
            "timestamp": iso(at_ms),
            "level": "ERROR" if error else "INFO",
            "event_type": "update_progress",
            "message": f"Update {update.id[-4:]} is {update.state}.",
            "maturity_level": "STABLE",
            "origin": {"pipeline_id": self.id, "update_id": update.id},
            **({"error": {"fatal": True, "exceptions": thrown}} if error else {}),
        }
        self.events.insert(0, event)


def sources(spec: dict[str, Any]) -> list[str]:
    """The paths in the workspace that a pipeline's libraries name."""
    parts = [
        part
        for library in spec.get("libraries", ())
        for kind, part in library.items()
        if kind in ("file", "notebook", "glob")
    ]
    return [part.get("path") or part.get("include") for part in parts]


def goes_on(pipeline: Pipeline, update: Update) -> bool:
    """Whether an update runs until it is stopped."""
    return bool(pipeline.spec.get("continuous")) and not update.request.get("validate_only")


def shown(pipeline: Pipeline, update: Update) -> dict[str, Any]:
    kept = ("cause", "full_refresh", "full_refresh_selection", "refresh_selection", "validate_only")
    asked = {name: update.request[name] for name in kept if name in update.request}
    return {
        "pipeline_id": pipeline.id,
        "update_id": update.id,
        "state": update.state,
        "creation_time": update.created_ms,
        **asked,
    }


def iso(ms: int) -> str:
    at = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
