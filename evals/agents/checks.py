"""Whether a task is done, by what the store holds: never by what the agent says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.model import Node, PipelineDocument
from lakestream_mcp.operations import call, find
from lakestream_mcp.workspace import Workspace

from .task import Behaviour, Checks


def failures(ws: Workspace, checks: Checks, given: set[str]) -> list[str]:
    """What is not as it must be, in sentences; empty when the task is done.

    `given` are the pipelines that were there before the agent began.
    """
    try:
        pipeline_id = checks.pipeline_id or _made(ws, given)
        with ws.reading() as store:
            stored = store.load(pipeline_id, None)
            wanted = checks.same_as_revision
            earlier = store.load(pipeline_id, wanted).document if wanted else None
    except (LakestreamError, ValueError) as error:
        return [str(error)]
    document = stored.document
    found = [
        *_structure(ws, document, checks),
        *_validity(ws, document, checks),
        *_fields(ws, document, checks),
    ]
    if checks.tested and not _tested(ws, pipeline_id, stored.revision):
        found.append(f"revision {stored.revision} was never tested")
    if checks.deployed and not _deployed(ws, pipeline_id, stored.revision, checks.deployed):
        found.append(f"revision {stored.revision} is not deployed as {checks.deployed}")
    if earlier is not None and earlier != document:
        found.append(f"the document is not that of revision {checks.same_as_revision}")
    for target in checks.generates:
        found += _error_of(ws, "generate_code", pipeline_id=pipeline_id, target=target)
    for behaviour in checks.behaviours:
        found += _behaves(ws, pipeline_id, document, behaviour)
    return found


def _made(ws: Workspace, given: set[str]) -> str:
    with ws.reading() as store:
        made = [row.id for row in store.list_pipelines(limit=200) if row.id not in given]
    if len(made) != 1:
        raise ValueError(f"one new pipeline is expected, there are {len(made)}")
    return made[0]


def _type(ws: Workspace, node: Node) -> str:
    return ws.catalog.get(node.type).type


def _structure(ws: Workspace, document: PipelineDocument, checks: Checks) -> Iterator[str]:
    types = [_type(ws, node) for node in document.nodes]
    for wanted, number in checks.types.items():
        if types.count(wanted) < number:
            yield f"{number} `{wanted}` expected, {types.count(wanted)} found"
    for unwanted in checks.absent_types:
        if unwanted in types:
            yield f"`{unwanted}` must not be there"
    for path in checks.paths:
        if not any(_leads(ws, document, node, path) for node in document.nodes):
            yield f"no path {' → '.join(path)}"


def _leads(ws: Workspace, document: PipelineDocument, node: Node, path: list[str]) -> bool:
    rest = path[1:] if _type(ws, node) == path[0] else path
    if not rest:
        return True
    following = [document.node(e.target) for e in document.edges if e.source == node.id]
    return any(after and _leads(ws, document, after, rest) for after in following)


def _validity(ws: Workspace, document: PipelineDocument, checks: Checks) -> Iterator[str]:
    findings = ws.validate(document).findings
    for finding in findings:
        if finding.severity == "error":
            yield f"{finding.code} at {finding.node}: {finding.message}"
    warnings = [finding for finding in findings if finding.severity == "warning"]
    if checks.warnings_at_most is not None and len(warnings) > checks.warnings_at_most:
        yield f"{len(warnings)} warnings, the first: {warnings[0].message}"


def _fields(ws: Workspace, document: PipelineDocument, checks: Checks) -> Iterator[str]:
    for wanted, fields in checks.config.items():
        configs = [node.config for node in document.nodes if _type(ws, node) == wanted]
        for path, value in fields.items():
            if not any(_at(config, path) == value for config in configs):
                yield f"no `{wanted}` has {path} = {value!r}"


def _at(config: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(config, list) and part.isdigit() and int(part) < len(config):
            config = config[int(part)]
        elif isinstance(config, dict) and part in config:
            config = config[part]
        else:
            return None
    return config


def _tested(ws: Workspace, pipeline_id: str, revision: int) -> bool:
    with ws.reading() as store:
        runs = store.list_runs(pipeline_id=pipeline_id, kind="test", limit=200)
    return any(run.revision == revision for run in runs)


def _deployed(ws: Workspace, pipeline_id: str, revision: int, target: str) -> bool:
    with ws.reading() as store:
        rows = store.list_deployments(pipeline_id=pipeline_id, limit=200)
    standing = [row for row in rows if row.status == "deployed"]
    return any(row.target == target and row.revision == revision for row in standing)


def _behaves(
    ws: Workspace, pipeline_id: str, document: PipelineDocument, behaviour: Behaviour
) -> list[str]:
    try:
        answer = call(
            find("test_pattern"),
            ws,
            {"pipeline_id": pipeline_id, "events": behaviour.events, "limit": 1000},
        ).to_json()
    except LakestreamError as error:
        return [f"{behaviour.why}: {error.code}: {error.message}"]
    types = {node.id: _type(ws, node) for node in document.nodes}
    keys = [
        match["key"]
        for match in answer["matches"]
        if not behaviour.pattern or types[match["pattern"]] == behaviour.pattern
    ]
    wanted = behaviour.keys or []
    same = sorted(map(str, keys)) == sorted(map(str, wanted))
    return [] if same else [f"{behaviour.why}: matches of {wanted} expected, of {keys} found"]


def _error_of(ws: Workspace, name: str, **arguments: Any) -> list[str]:
    try:
        call(find(name), ws, arguments)
    except LakestreamError as error:
        return [f"{name}: {error.code}: {error.message}"]
    return []
