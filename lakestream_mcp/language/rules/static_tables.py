"""A table whose columns a text declares, and that rows are looked up in: taken out of the text
before anything else is read, and put behind the source of what the rest of it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...graph.changes import AddNode, Change, Connect, NewNode
from ..proposal import Draft
from .column_transforms import quoted_name
from .phrase import Found, Phrase
from .rewriting import mark, word
from .talk import Talk
from .tokens import Token

if TYPE_CHECKING:
    from ...catalog import Catalog

_DO = (
    r"(?P<do>(?:(?:left|inner|right|outer|stream|a|an) )*(?:static|broadcast|lookup|dimension) "
    r"join\w*|enrich\w*|augment\w*|looks? ?up|looked ?up|lookup|complet\w+|"
    r"join\w*(?= (?:\S+ ){0,8}?(?:static|reference|lookup|dimension|master|small)))"
)
_TABLE = rf"{_DO}(?P<mid>(?: (?![.;])\S+){{0,30}}?) (?P<t>#name)(?: table)? (?P<c>#columns)"
_BY = (
    r"(?:(?:,|;|:|and|\(|the) )*(?:on|by|using|via|where|matched (?:on|by)|matching|per|"
    r"keys?(?: (?:is|are|:|=|on|by))*|keyed (?:on|by))(?: the)?"
)
_LEADS = r"(?:(?:,|;|:|and|\(|the|where|with|on|by|if|when) )*"
_EQUAL = r"(?:=|equals?|is|matches|to|and|is equal to|->)"
_HOW = r"(?:(?:,|;|and|as|an?|with|\() )*(?P<how>inner|left|right)(?: outer)?(?: join)?(?: \))?"
_ALL = (
    r"(?:(?:,|;|and|with|adding|adds?|take|taking|select|get|bring|for|the|:|keep) )*"
    r"(?:all(?: of)?(?: the| its)? (?:columns|fields)|everything)(?: (?:of it|from it|there))?"
)
_GET = (
    r"(?:(?:,|;|and|to|with|adding|adds?|take|taking|takes|select|get|gets|bring|brings|in|for|the|"
    r"its|:|columns?|fields?|only|that|gives|giving) )+"
)
_SAYS_MORE = r"#num|#dur|#str|#times|#pct|if|when|whenever"
_PLACED = r"#columns|#host|#name|#path|topics?|kafka"
_TRAIL = r"(?:(?:,|with|against|to|and|the|an?|static|reference|lookup|delta|table|from|in|by) ?)*$"


class Lookup(NamedTuple):
    """The node that looks up, the columns that it adds, and the rest of the text."""

    type: str
    config: Mapping[str, Any]
    added: Mapping[str, str]
    rest: list[Token]


def take_lookup(tokens: Sequence[Token], schema: Mapping[str, str]) -> Lookup | None:
    """The one look-up of a text in a table that it declares; None where it is not told so."""
    phrase = Phrase(tokens)
    found = phrase.find(_TABLE)
    if found is None or phrase.part(0, found.start).has(_SAYS_MORE):
        return None
    static = dict(found.groups["c"][0].value)
    middle = phrase.part(found.start + len(found.groups["do"]), found.end - 2)
    middle = middle.without(middle.find("table$"))
    others = [t.value for t in tokens if t.kind == "columns" and t is not found.groups["c"][0]]
    stream = dict(schema) or (dict(others[0]) if len(others) == 1 else {})
    joined = Phrase(found.groups["do"]).has(r"join\w*")
    if not stream or (joined and len(others) > 1):
        return None
    told, end = _told(phrase, found.end, stream, static)
    keys = told.get("keys") or _common(middle, stream, static)
    held = {static_name(key) for key in keys}
    wanted = [n for n in told.get("select") or static if n not in held]
    if not keys or not wanted or {n.lower() for n in wanted} & {n.lower() for n in stream}:
        return None
    config: dict[str, Any] = {
        "table": str(found.groups["t"][0].value),
        "keys": keys,
        "select": wanted,
        "static_columns": ", ".join(
            f"{quoted_name(n)} {kind}" for n, kind in static.items() if n in {*held, *wanted}
        ),
    }
    how = told.get("join") or _how(phrase.part(max(0, found.start - 1), found.end))
    config |= {"join": how} if how else {}
    kind = "stream-static-join" if joined else "lookup-enrichment"
    rest = _rest(phrase, found, end, middle, placed=bool(others) or not schema)
    return Lookup(kind, config, {n: static[n] for n in wanted}, rest)


def static_name(key: Any) -> str:
    """The name of a key in the table."""
    return key["static"] if isinstance(key, dict) else str(key)


def _how(said: Phrase) -> str | None:
    found = said.find("(?P<how>inner|left|right)")
    return found.groups["how"][0].norm if found else None


def _told(
    phrase: Phrase, at: int, stream: Mapping[str, str], static: Mapping[str, str]
) -> tuple[dict[str, Any], int]:
    """What is said behind a table: its keys, how it is joined, what of it is added; and the end."""
    told: dict[str, Any] = {}
    left, right = _any(stream), _any(static)
    both = _any({n: "" for n in stream if n.lower() in {m.lower() for m in static}})
    names = {n.lower(): n for n in (*static, *stream)}
    pair = rf"{_LEADS}(?P<a>{left}) {_EQUAL} (?:the )?(?P<b>{right})(?: \))?(?! (?:=|equals?|is) )"
    turned = (
        rf"{_LEADS}(?P<b>{right}) {_EQUAL} (?:the )?(?P<a>{left})(?: \))?(?! (?:=|equals?|is) )"
    )
    keyed = rf"{_BY} (?P<k>{both}(?: (?:,|and|\+) {both}){{0,4}})(?: \))?(?! (?:[<>]=?|=) )"
    chosen = (
        rf"{_GET}(?P<s>{right}(?: (?:,|and|plus) (?:and )?{right}){{0,12}})(?! (?:[<>]=?|!?=) )"
    )
    for _ in range(5):
        if "keys" not in told and (found := phrase.at(pair, at) or phrase.at(turned, at)):
            names_of = {n.lower(): n for n in stream}
            a, b = names_of[found.groups["a"][0].norm], found.groups["b"][0].norm
            b = {n.lower(): n for n in static}[b]
            told["keys"] = [a if a == b else {"stream": a, "static": b}]
        elif "keys" not in told and (found := phrase.at(keyed, at)):
            told["keys"] = [names[t.norm] for t in found.groups["k"] if t.norm in names]
        elif found := phrase.at(_ALL, at):
            told["select"] = list(static)
        elif "select" not in told and (found := phrase.at(chosen, at)):
            told["select"] = [names[t.norm] for t in found.groups["s"] if t.norm in names]
        elif found := phrase.at(_HOW, at):
            told["join"] = found.groups["how"][0].norm
        else:
            break
        at = found.end
    return told, at


def _common(middle: Phrase, stream: Mapping[str, str], static: Mapping[str, str]) -> list[Any]:
    """The only column that both sides have, or that is spoken of before the table."""
    both = [n for n in stream if n in static]
    spoken = {t.norm for t in middle.tokens}
    named = [n for n in both if n.lower() in spoken]
    return named or (both if len(both) == 1 else [])


def _any(names: Mapping[str, str]) -> str:
    told = sorted((re.escape(n.lower()) for n in names), key=len, reverse=True)
    return f"(?:{'|'.join(told)})" if told else "(?:(?!))"


def _rest(phrase: Phrase, found: Found, end: int, middle: Phrase, placed: bool) -> list[Token]:
    """The text without the look-up; a source that stands within it is read on its own."""
    first = found.tokens[0]
    within: list[Token] = []
    if middle.has(_PLACED):
        trail = middle.find(_TRAIL)
        kept = middle.part(0, trail.start) if trail else middle
        within = [word("read", first), word("from", first), *kept.tokens, mark(";", first)]
    before = list(phrase.tokens[: found.start])
    while before and before[-1].norm in (",", "then", "and", "please", "first", "a", "an", ":"):
        before.pop()
    after = phrase.part(end)
    lead = after.at(r"(?:(?:,|;|\.|and|then|so that|finally) )*(?:,|;|\.|and|then)")
    after = after.part(lead.end) if lead else after
    if not placed and after.at(
        r"(?:(?:the|a|delta|unity catalog|table) )*#name(?: table)?(?= [.;,]|$)"
    ):
        within = [word("write", first), word("to", first)]
    gap = [mark(";", first)] if before and before[-1].norm not in (".", ";") else []
    return [*before, *gap, *within, *after.tokens]


def with_lookup(draft: Draft, lookup: Lookup, catalog: Catalog) -> Draft:
    """A draft with the look-up behind its only source; a question where it has several."""
    nodes = {str(c.node.id): c.node.type for c in draft.changes if c.op == "add_node"}
    sources = [n for n, kind in nodes.items() if catalog.get(kind).category == "source"]
    if not draft.changes:
        return draft
    if len(sources) != 1:
        talk = Talk()
        talk.ask(f"Which rows are looked up in `{lookup.config['table']}`?", sources)
        return Draft(assumptions=draft.assumptions, questions=talk.asked())
    name = "lookup" if "lookup" not in nodes else "static_lookup"
    node = NewNode(id=name, type=lookup.type, name="Lookup", config=dict(lookup.config))
    made: list[Change] = []
    for change in draft.changes:
        if change.op == "connect" and change.source == sources[0]:
            made.append(change.model_copy(update={"source": name}))
        elif change.op != "add_node" or change.node.id != sources[0]:
            made.append(change)
        else:
            made.append(_without(change, lookup.added))
            made.append(AddNode(op="add_node", node=node))
            made.append(Connect(op="connect", source=sources[0], target=name))
    return draft._replace(changes=tuple(made))


def _without(change: AddNode, added: Mapping[str, str]) -> AddNode:
    """A source without the columns that come of the look-up."""
    config = dict(change.node.config)
    told = {f"{quoted_name(n)} {kind}" for n, kind in added.items()}
    kept = [c for c in str(config.get("columns", "")).split(", ") if c not in told]
    node = change.node.model_copy(update={"config": {**config, "columns": ", ".join(kept)}})
    return change.model_copy(update={"node": node})
