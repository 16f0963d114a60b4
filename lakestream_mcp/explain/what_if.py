"""Two configurations of one pattern on the same events: what appears, disappears, changes, and why.

Matches are compared by key and events; `why` is the answer to "why do these events not match
together" under the configuration that has no such match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..cep.host import Host, Options, PatternRun
from ..cep.report import jsonable
from ..errors import InvalidArgument
from ..graph.model import PipelineDocument
from .reopen import Reopened
from .why_not import why_not_together

Identity = tuple[str, tuple[int, ...]]


class Side(NamedTuple):
    """One configuration's run, with its matches by identity."""

    opened: Reopened
    matches: dict[Identity, list[dict[str, Any]]]


def variant(document: PipelineDocument, node_id: str, changes: dict[str, Any]) -> PipelineDocument:
    """The document with fields of one node's configuration replaced; null removes a field."""
    nodes = []
    for node in document.nodes:
        if node.id == node_id:
            config = {**node.config, **changes}
            kept = {name: value for name, value in config.items() if value is not None}
            node = node.model_copy(update={"config": kept})  # noqa: PLW2901
        nodes.append(node)
    return document.model_copy(update={"nodes": nodes})


def one_pattern(patterns: Iterable[str], node: str) -> str:
    """The pattern a comparison is about. Raises InvalidArgument where it is not clear."""
    listed = list(patterns)
    if node in listed or (not node and len(listed) == 1):
        return node or listed[0]
    if node:
        problem = f"`{node}` has no matches that could be compared or made examples of."
    elif listed:
        problem = "The pipeline has several patterns; say which one is meant."
    else:
        problem = "The pipeline has no pattern."
    raise InvalidArgument(problem, where={"argument": "node"}, got=node, expected=listed)


def compare(base: Reopened, other_host: Host, node: str, limit: int) -> dict[str, Any]:
    """Run the other configuration, which has no errors, on the same events and compare."""
    other = reopened(other_host, base.sources, base.options)
    before, after = _side(base, node), _side(other, node)
    gone = _missing(before.matches, after.matches)
    new = _missing(after.matches, before.matches)
    changed = list(_changed(before.matches, after.matches))
    return {
        "node": node,
        "same": sum(map(len, before.matches.values())) - len(gone) - len(changed),
        "appear": _told(new[:limit], base, node),
        "disappear": _told(gone[:limit], other, node),
        "changed": changed[:limit],
        "counts": {"appear": len(new), "disappear": len(gone), "changed": len(changed)},
    }


def reopened(host: Host, sources: dict[str, Any], options: Options) -> Reopened:
    """A run of a host on sources that were read already."""
    return Reopened(host, host.run(sources, options), sources, options, same_code=True)


def _side(opened: Reopened, node: str) -> Side:
    matches: dict[Identity, list[dict[str, Any]]] = defaultdict(list)
    pattern = opened.run.patterns[node]
    for row, match in pattern.found:
        numbers = tuple(bound[-1] for _, _, bound in match[3])
        shown = _shown(pattern, row, numbers)
        matches[str(shown["key"]), numbers].append(shown)
    return Side(opened, matches)


def _shown(pattern: PatternRun, row: dict[str, Any], numbers: tuple[int, ...]) -> dict[str, Any]:
    plan = pattern.plan
    answer: dict[str, Any] = jsonable(
        {
            "match_id": row["match_id"][:12],
            "key": {name: row[name] for name in plan.key},
            "events": list(numbers),
            "detected_at": row["detected_at"],
            **({"measures": {m.name: row[m.name] for m in plan.measures}} if plan.measures else {}),
        }
    )
    return answer


def _missing(
    these: dict[Identity, list[dict[str, Any]]], those: dict[Identity, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Matches that the other side has not (as often), in order of detection."""
    found = [
        match
        for identity, matches in these.items()
        for match in matches[len(those.get(identity, ())) :]
    ]
    return sorted(found, key=lambda match: (match["detected_at"], match["match_id"]))


def _changed(
    before: dict[Identity, list[dict[str, Any]]], after: dict[Identity, list[dict[str, Any]]]
) -> Iterable[dict[str, Any]]:
    """The same events with other measures or another time."""
    for identity, matches in before.items():
        for old, new in zip(matches, after.get(identity, ()), strict=False):
            fields = {
                name: {"before": old.get(name), "after": new.get(name)}
                for name in ("detected_at", "measures")
                if old.get(name) != new.get(name)
            }
            if fields:
                yield {"match_id": new["match_id"], "key": new["key"], "events": new["events"]} | (
                    fields
                )


def _told(matches: list[dict[str, Any]], without: Reopened, node: str) -> list[dict[str, Any]]:
    """Each match with the reason why the other configuration has none."""
    told = []
    for match in matches:
        why: list[str] = []
        if match["events"]:
            why, _ = why_not_together(without, node, match["events"], 1)
        told.append({**match, "why": " ".join(why[:2])})
    return told
