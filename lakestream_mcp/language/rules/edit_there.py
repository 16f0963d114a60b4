"""What a pipeline has, for those who name what it has not."""

from __future__ import annotations

from collections.abc import Sequence

from .edit_said import is_plain
from .flow import Flow
from .names import Columns
from .phrase import Phrase
from .references import names_of

MAX_NODES = 12
_TOUCHES = (
    r"(?:please )?(?:remove|delete|rename|move|disconnect|reconfigure|get rid of) (?:the|our)"
)
_KEYED = (
    r"(?:please )?(?:key|group|partition|cluster|dedupe|deduplicate|count|sum|aggregate)(?:ed)?"
    r"(?: \w+){0,2} (?:by|per|on)(?: the)? (?P<c>[a-z_]+)(?: (?:instead|too|now|please))*$"
)


def there_is(flow: Flow, found: Sequence[Phrase]) -> str:
    """What is named and not there, and the nodes that are there, by id and type."""
    nodes = [
        f"`{node}` ({flow.catalog.get(kind).title})"
        for node, kind in list(flow.types.items())[:MAX_NODES]
    ]
    more = f" and {len(flow.types) - MAX_NODES} more" if len(flow.types) > MAX_NODES else ""
    missing = _missing(flow, found)
    lead = f"It has no {' and no '.join(missing)}. " if missing else ""
    return f"{lead}It has {', '.join(nodes)}{more}."


def _missing(flow: Flow, found: Sequence[Phrase]) -> list[str]:
    """Words that name a type of node which the pipeline has not."""
    said = {
        t.norm
        for phrase in found
        for t in phrase.content()
        if t.kind == "word" and not is_plain(t.norm)
    }
    there = {word for kind in flow.types.values() for word in _words(flow, kind)}
    known = {word for kind in flow.catalog.types() for word in _words(flow, kind)}
    return sorted(word for word in said if word in known and word not in there)


def absent(flow: Flow, phrase: Phrase) -> str | None:
    """What to ask of `remove the join`, where a pipeline has none."""
    found = phrase.at(_TOUCHES)
    named = phrase.part(found.end, found.end + 1) if found else phrase
    if found is None or not _missing(flow, [named]):
        return None
    return f"What is meant by `{named.said()[:80]}`? {there_is(flow, [named])}"


def absent_column(phrase: Phrase, columns: Columns) -> str | None:
    """The word of `group by merchant` that no column is called by."""
    found = phrase.at(_KEYED)
    word = found.groups["c"][0].norm if found else ""
    if not word or is_plain(word) or columns.named([word]):
        return None
    return word


def _words(flow: Flow, kind: str) -> set[str]:
    """The single words that a type may be called by."""
    node_type = flow.catalog.get(kind)
    names = names_of((node_type.type, node_type.title, *node_type.aliases))
    return {parts[0] for parts in names if len(parts) == 1}
