"""A run on given events, in which nothing leaves this machine.

Sources read the events from files. Sinks that write to other systems become Delta tables of their
own ids, which hold the rows that would have been sent. All between is the pipeline as it is.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...codegen import Generated
from ...graph.model import PipelineDocument, Relation
from ..replay import schema_text
from ..spark_files import write_batch
from .job import InputOverride
from .place import RunFolder

ROWS_PER_FILE = 100
TABLE_SINK = "delta-table-sink"


def kept_here(document: PipelineDocument, sinks: list[str]) -> PipelineDocument:
    """The document with these sinks as tables."""
    nodes = [
        node.model_copy(update={"type": TABLE_SINK, "config": {"table": node.id}})
        if node.id in sinks
        else node
        for node in document.nodes
    ]
    return document.model_copy(update={"nodes": nodes})


def events_key(events: Any) -> str:
    """What events are known by: the same ones go on where they were stopped."""
    text = json.dumps(events, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def write_inputs(
    folder: RunFolder,
    key: str,
    generated: Generated,
    relations: Mapping[str, Relation],
    tables: Mapping[str, Any],
) -> dict[str, InputOverride]:
    """Each source's rows in order of arrival. Files that are there already stay as they are."""
    return {
        node: InputOverride(
            frame=generated.frames[node],
            folder=str(_written(folder, key, node, relations[node], table)),
            columns=schema_text(relations[node]),
        )
        for node, table in tables.items()
    }


def _written(folder: RunFolder, key: str, node: str, relation: Relation, table: Any) -> Path:
    place = folder.inputs / key / node
    if place.exists():
        return place
    _drop_others(folder, key)
    rows = table.select(list(relation.names))
    part = place.with_name(f".{node}.part")
    part.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, max(1, rows.num_rows), ROWS_PER_FILE)):
        write_batch(rows.slice(start, ROWS_PER_FILE), relation, part, number)
    part.rename(place)
    return place


def _drop_others(folder: RunFolder, key: str) -> None:
    """Only the newest events are kept."""
    for other in folder.inputs.glob("*/"):
        if other.name != key:
            shutil.rmtree(other)
