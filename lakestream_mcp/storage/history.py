"""Undo and redo, computed from the log alone.

Each edit is an undo step. An undo appends a revision that repeats the document before the last edit
not undone yet; a redo takes the last undo back; an edit ends what could be redone. Creating is no
step: there is nothing before it. Restoring an older revision is an edit like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from ..graph.model import PipelineDocument
from .rows import RevisionKind


class Logged(Protocol):
    """What both functions read of a revision."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> RevisionKind: ...


class Stacks(NamedTuple):
    """Revisions whose documents undo and redo would bring back, the next one last."""

    undo: list[int]
    redo: list[int]


def stacks(log: Iterable[Logged]) -> Stacks:
    """Replay the whole log, oldest entry first."""
    current = 0
    undo: list[int] = []
    redo: list[int] = []
    for entry in log:
        if entry.kind == "undo":
            redo.append(current)
            current = undo.pop()
        elif entry.kind == "redo":
            undo.append(current)
            current = redo.pop()
        else:
            if entry.kind == "edit":
                undo.append(current)
            redo.clear()
            current = entry.number
    return Stacks(undo, redo)


def undo_target(log: Iterable[Logged]) -> int | None:
    """The revision whose document an undo restores, or None if there is nothing to undo."""
    undo = stacks(log).undo
    return undo[-1] if undo else None


def redo_target(log: Iterable[Logged]) -> int | None:
    """The revision whose document a redo restores, or None if there is nothing to redo."""
    redo = stacks(log).redo
    return redo[-1] if redo else None


def changed_nodes(old: PipelineDocument, new: PipelineDocument) -> dict[str, list[str]]:
    """The ids of the nodes added, updated and removed between two documents."""
    before = {node.id: node for node in old.nodes}
    after = {node.id: node for node in new.nodes}
    return {
        "added": [key for key in after if key not in before],
        "updated": [key for key in after if key in before and after[key] != before[key]],
        "removed": [key for key in before if key not in after],
    }
