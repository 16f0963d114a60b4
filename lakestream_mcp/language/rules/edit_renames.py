"""A column's new name followed through the nodes behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .edit_configs import Configs

RENAMES = "rename-cast"


def renames_followed(values: Configs) -> None:
    """Nodes behind a new rename know the new names."""
    for node, made in list(values.flow.made.items()):
        if made.type == RENAMES and node in values.flow.types:
            renamed = made.config.get("columns") or ()
            told = {c["column"]: c.get("name") for c in renamed}
            if names := {old: new for old, new in told.items() if new and new != old}:
                follow(values, node, names)


def follow(values: Configs, start: str, names: Mapping[str, str]) -> None:
    """The fields of all nodes behind one that name its old columns, with their new names."""
    flow, carried = values.flow, {start: dict(names)}
    waiting = [start]
    while waiting:
        source = waiting.pop(0)
        for _, target, *_ in flow.outputs(source):
            known = values.request.columns.get(target, {})
            keeps = flow.category(target) == "sink" or not known
            passed = {o: n for o, n in carried[source].items() if keeps or o in known}
            if target in carried:
                continue
            _rename(values, target, carried[source])
            carried[target] = passed
            waiting += [target] if passed else []
            for reader in _read_again(values, target):
                carried[reader] = _declare(values, reader, passed)
                waiting += [reader] if carried[reader] else []


def _read_again(values: Configs, sink: str) -> list[str]:
    """The sources of this pipeline that read what one of its sinks writes."""
    table = values.config(sink).get("table")
    sources = values.flow.of("source") if table and values.flow.category(sink) == "sink" else ()
    return [n for n in sources if values.config(n).get("table") == table]


def _declare(values: Configs, source: str, names: Mapping[str, str]) -> dict[str, str]:
    """The new names of what a source declares; those that it had."""
    config = values.config(source)
    columns = config.get("columns")
    if not isinstance(columns, list):
        return {}
    had = {old: new for old, new in names.items() if old in {c["name"] for c in columns}}
    made: list[dict[str, Any]] = [{**c, "name": had.get(c["name"], c["name"])} for c in columns]
    time = config.get("event_time")
    if had:
        values.update(
            source, {"columns": made} | ({"event_time": had[time]} if time in had else {})
        )
    return had


def _rename(values: Configs, node: str, names: Mapping[str, str]) -> None:
    """One node's fields with the new names."""
    from pydantic import ValidationError

    from ...graph.node_reads import renamed_config

    kind = values.request.catalog.get(values.flow.types[node])
    inputs, renames = _inputs(values, node, names)
    try:
        config = kind.Config.model_validate(values.config(node))
    except ValidationError:
        return
    patch: dict[str, Any] = renamed_config(kind, config, inputs, renames)
    if patch:
        values.update(node, patch)


def _inputs(values: Configs, node: str, names: Mapping[str, str]) -> tuple[Any, Any]:
    """What flows into a node, with its columns under their old names."""
    from ...graph.model import Column, Relation

    inputs = []
    for source, _, _, port in values.flow.inputs(node):
        types = values.columns_of(source).types
        inputs.append((port, Relation(tuple(Column(n, t) for n, t in types.items()))))
    return inputs, {place: dict(names) for place in range(len(inputs))}
