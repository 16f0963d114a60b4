"""What a plan changes, and what is known of the resources that were made before."""

from __future__ import annotations

import json
from typing import Any, Literal, Protocol

from pydantic import BaseModel, Field

from .desired import Desired

Do = Literal["create", "update", "leave", "delete", "start", "stop"]
Kind = Literal["folder", "file", "pipeline", "job", "permissions", "runs"]
Runs = Literal["", "start", "stop"]
SHOWN_CHARACTERS_MAX = 80
# Keys by which the items of a list are the same, whatever their order.
ITEM_KEYS = ("task_key", "job_cluster_key", "environment_key", "label")


class Change(BaseModel):
    """What is done to one resource.

    diff: by field what is there and what shall be. before: the resource as it is, to go back to;
    sent: what was sent for it last.
    """

    do: Do
    kind: Kind
    key: str
    name: str
    id: str | None = None
    diff: dict[str, list[Any]] = Field(default_factory=dict)
    before: Any = Field(None, exclude=True)
    sent: Any = Field(None, exclude=True)

    @property
    def writes(self) -> bool:
        """Whether anything is done."""
        return self.do != "leave"

    def text(self) -> str:
        """One line."""
        parts = [f"{f}: {_shown(old)} → {_shown(new)}" for f, (old, new) in self.diff.items()]
        fields = "; ".join(parts)
        at = f" {self.id}" if self.id else ""
        return f"{self.do} {self.kind} {self.name}{at}{f' ({fields})' if fields else ''}"


class Known(BaseModel):
    """What earlier deployments left: kept with the newest of them, and saved before each step.

    origin: the first deployment's id, a tag of everything that is made. ids, sent: of each resource
    by kind and key; what was sent is None where it may not have arrived. files: when each was
    written. names: all names that were given to a job. asked: permissions that were asked for.
    """

    host: str = ""
    origin: str = ""
    root: str = ""
    ids: dict[str, str] = Field(default_factory=dict)
    sent: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, int] = Field(default_factory=dict)
    folders: list[str] = Field(default_factory=list)
    names: list[str] = Field(default_factory=list)
    asked: dict[str, list[dict[str, str]]] = Field(default_factory=dict)


class Observation(BaseModel):
    """What there is, against what shall be.

    world: everything the changes follow from; a plan holds while it is the same.
    """

    changes: list[Change]
    world: Any
    needs: list[str] = Field(default_factory=list)
    lacking: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)


class Target(Protocol):
    """Where a pipeline is deployed to: observes, does one change, undoes one.

    run_mark: under it a run is begun, at most once.
    """

    known: Known
    run_mark: str

    @property
    def folder(self) -> str:
        """Where the desired files are to be."""
        ...

    def observe(self, desired: Desired | None, keep: list[str], runs: Runs) -> Observation:
        """The changes that lead to what is desired; nothing desired: all that was made goes.

        keep: folders of deployments that stay beside the desired one's. runs: what happens to runs.
        """
        ...

    def expect(self, change: Change) -> None:
        """Note what a change may leave behind, before it is done."""
        ...

    def do(self, change: Change) -> None:
        """Make a change. Raises LakestreamError."""
        ...

    def undo(self, change: Change) -> None:
        """Take a change back, whether or not it was done. Raises LakestreamError."""
        ...


def differences(wanted: Any, there: Any, path: str = "") -> dict[str, list[Any]]:
    """Fields of `wanted` that `there` has otherwise; what only `there` has is a default of it."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        found: dict[str, list[Any]] = {}
        for key, value in wanted.items():
            found |= differences(value, there.get(key), f"{path}.{key}" if path else key)
        return found
    if isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        found = {}
        for index, (new, old) in enumerate(zip(_ordered(wanted), _ordered(there), strict=True)):
            found |= differences(new, old, f"{path}[{_label(new, index)}]")
        return found
    return {} if wanted == there else {path: [there, wanted]}


def _ordered(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda item: str(_label(item, 0)))


def _label(item: Any, index: int) -> Any:
    keys = (item.get(name) for name in ITEM_KEYS) if isinstance(item, dict) else ()
    return next((key for key in keys if key is not None), index)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}…"
