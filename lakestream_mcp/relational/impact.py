"""What an edit of columns breaks, as one finding whose fix makes the pipeline whole again."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import LakestreamError
from ..graph.apply import apply
from ..graph.facts import connecting, disconnecting
from ..graph.index import GraphIndex
from ..graph.model import ChangeData, Finding, PipelineDocument
from ..graph.naming import free_id
from ..graph.validate import Validation, validate
from .renames import ADAPTER, Follower, Given, Known, Renamed

MAX_SHOWN = 20


class Retyped(NamedTuple):
    """A column of an edited node that has another type now."""

    node: str
    column: str
    old: str
    new: str


def impact(
    before: tuple[PipelineDocument, Validation],
    after: tuple[PipelineDocument, Validation],
    given: Given,
) -> Finding | None:
    """The finding about an edit that broke something by changing columns; None if none did."""
    was, now = (Known(d, v, GraphIndex(d, given.catalog)) for d, v in (before, after))
    if not _errors(now.validation) - _errors(was.validation):
        return None
    renamed = Follower(was, now, given).follow()
    retyped = _retyped(was, now)
    gone = _gone(was, now, renamed)
    if not renamed.edited and not renamed.changes and not retyped and not gone:
        return None
    changes = [*renamed.changes, *_casts(now, retyped)]
    for offered in (renamed.changes, changes):
        if offered and _mends(was, now, offered, given):
            return _finding(was, now, renamed, retyped, gone, offered)
    return _finding(was, now, renamed, retyped, gone, None)


def _errors(validation: Validation) -> set[tuple[str, str | None, str | None]]:
    return {(f.code, f.node, f.field) for f in validation.errors}


def _mends(was: Known, now: Known, changes: list[ChangeData], given: Given) -> bool:
    """Whether nothing is wrong after the changes that was not wrong before the edit."""
    try:
        document = apply(now.document, changes, given.catalog).document
    except LakestreamError:
        return False
    mended = validate(document, given.catalog, given.resolver, given.cache)
    return not _errors(mended) - _errors(was.validation)


def _edited(was: Known, now: Known) -> list[str]:
    """Nodes in both documents whose own configuration is another."""
    before, after = was.validation.configs, now.validation.configs
    return [n for n in now.graph.order if n in before and n in after and before[n] != after[n]]


def _retyped(was: Known, now: Known) -> list[Retyped]:
    found = []
    for node in _edited(was, now):
        old, new = was.validation.relations.get(node), now.validation.relations.get(node)
        for column in old.columns if old and new else ():
            column_type = new.type_of(column.name) if new else None
            if column_type is not None and column_type != column.type:
                found.append(Retyped(node, column.name, column.type, column_type))
    return found


def _gone(was: Known, now: Known, renamed: Renamed) -> dict[str, list[str]]:
    """Columns that edited nodes do not put out any more, under any name."""
    found: dict[str, list[str]] = {}
    for node in _edited(was, now):
        old, new = was.validation.relations.get(node), now.validation.relations.get(node)
        if old is None or new is None:
            continue
        kept = {*new.names, *renamed.edited.get(node, ())}
        lost = [name for name in old.names if name not in kept]
        if lost:
            found[node] = lost
    return found


def _casts(now: Known, retyped: list[Retyped]) -> list[ChangeData]:
    """A node behind each edited one that gives its columns their old types."""
    changes: list[ChangeData] = []
    for node in dict.fromkeys(each.node for each in retyped):
        columns = [{"column": r.column, "type": r.old} for r in retyped if r.node == node]
        new = free_id(f"{node}_types", now.graph.nodes)
        made = {"id": new, "type": ADAPTER, "config": {"columns": columns}}
        edges = now.graph.out_of[node]
        changes += [disconnecting(edge) for edge in edges]
        changes += [{"op": "add_node", "node": made}, connecting(node, new, "in")]
        changes += [connecting(new, edge.target, edge.target_port) for edge in edges]
    return changes


def _finding(
    was: Known,
    now: Known,
    renamed: Renamed,
    retyped: list[Retyped],
    gone: dict[str, list[str]],
    fix: list[ChangeData] | None,
) -> Finding:
    said = [
        f"`{new}` instead of `{old}` in `{node}`"
        for node, names in renamed.edited.items()
        for old, new in names.items()
    ]
    said += [f"`{r.column}` of `{r.node}` is {r.new}, not {r.old}" for r in retyped]
    said += [f"no `{name}` in `{node}`" for node, names in gone.items() for name in names]
    new_errors = _errors(now.validation) - _errors(was.validation)
    broken = {node: list(fields) for node, fields in renamed.broken.items()}
    for _, node, field in sorted(new_errors, key=str):
        fields = broken.setdefault(node, []) if node else []
        if field and not any(f"{known}.".startswith(f"{field}.") for known in fields):
            fields.append(field)
    order = [node for node in now.graph.nodes if node in broken]
    first = next(iter([*renamed.edited, *(r.node for r in retyped), *gone]), None)
    told = "; ".join(said[:MAX_SHOWN]) or "columns have other names"
    return Finding(
        code="COLUMNS_CHANGED",
        severity="warning",
        message=f"{told}: this breaks {len(order)} node{'' if len(order) == 1 else 's'}",
        node=first,
        got={node: broken[node] for node in order[:MAX_SHOWN]},
        expected="nodes that read the columns there are",
        hint="send the fix with edit_pipeline; dry_run shows what it changes"
        if fix
        else "change these nodes by hand, or undo the edit",
        fix=fix,
    )
