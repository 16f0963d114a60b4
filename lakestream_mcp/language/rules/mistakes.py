"""Patterns that were taken for others, by words that rule them out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from ..proposal import Draft
from .names import Columns
from .phrase import Phrase
from .tokens import Token

if TYPE_CHECKING:
    from ..proposal import Request

_ORDERED = (
    r"then|follow\w*|after\w*|later|before|next|preced\w*|subsequent\w*|sequence|funnel|once|first|"
    r"in a row|consecutive\w*|successive\w*|straight|#times|different|same|again|until|leads?|goes|"
    r"falls?|drops?|rises?|increas\w+|decreas\w+|changes?|jumps?|doubles?|"
    r"another|second|between|without|no|not|never|becomes?|-> \S+ .*->|-> \S+ (?:=|\()"
)
"""Words by which one event comes after another."""
_STAYS = r"-> .*(?:stays?|stuck|remains?|sits?|lingers?|hangs?)(?: \w+){0,4} #dur"
_OWN_COLUMNS = (
    r"(?:topics? (?:[a-z_]\w*|#\w+)|#name|#path|kafka \w+|webhooks?)"
    r"(?: (?:\(|:|,|;|with|at|on|@|#host|kafka|fields|columns))* #columns"
)
_HELD = r"(?:double|triple|twice|half)(?: of)? (?:the|that of the) (?:first|second|other|earlier)"
"""What one row is held against another by, which no count says."""
_BEFORE = (
    r"(?:not|never) preceded|(?:without|no)(?: an?| any)? (?:preceding|prior|previous|earlier)"
)
"""What should have come before an event is no absence after it."""
_SAME = r"(?:same|identical) (?P<w>[a-z_]\w*)"
_IN_A_ROW = r"#num (?:\w+ )?(?:in a row|consecutively)|#num (?:consecutive|successive)"
_SUMS = (
    ("count", r"how many(?! #)|number of(?! the)"),
    ("avg", r"(?:the |an? )?(?:average|avg|mean)(?! of the last)"),
    ("max", r"(?:maximum|highest)(?! (?:#\w+|of #\w+|length|duration|time|gap|session|window))"),
    ("min", r"(?:minimum|lowest)(?! (?:#\w+|of #\w+|length|duration|time|gap|session|window))"),
    ("sum", r"sum of|sums of"),
)
_ALL = (
    r"together|overall|global\w*|in total (?:across|over all)|across|no one|nobody|anything|"
    r"nothing|whole|entire|regardless|all (?:rows|events|data)|no matter"
)
"""Words by which all rows are matched together."""


def mistaken(draft: Draft, types: set[str], phrase: Phrase) -> bool:
    """Whether a pattern was taken for another, whose words do not stand there."""
    from ..slots.patterns import DUE, NOT

    if is_another(draft, types, phrase):
        return True
    configs = [c.node.config for c in draft.changes if c.op == "add_node"]
    if phrase.has("after (?:it|this|that)") and any(
        c.get("order") == "right-first" for c in configs
    ):
        return True
    if any(_is_swapped(c.get("baseline_count"), c.get("threshold")) for c in configs):
        return True
    if "count-threshold" in types and phrase.has(r"(?:sum|total) of \w+"):
        return True
    return "absence" in types and (_waits_for_all(draft) or not phrase.has(f"{NOT}|{DUE}"))


def is_another(draft: Draft, types: Collection[str], phrase: Phrase) -> bool:
    """Whether a pattern was taken that the words rule out, or do not name."""
    ordered = phrase.has(_ORDERED) and not phrase.has(_STAYS)
    return ("sequence" in types and not ordered) or is_ruled_out(draft, types, phrase)


def is_ruled_out(draft: Draft, types: Collection[str], phrase: Phrase) -> bool:
    """Whether the words say something else than the pattern does."""
    denied = "temporal-correlation" in types and phrase.has("neither|nor")
    held = "count-threshold" in types and phrase.has(_HELD)
    before = "absence" in types and phrase.has(_BEFORE)
    configs = [c.node.config for c in draft.changes if c.op == "add_node"]
    counts_one = any(_counts_one(c) for c in configs)
    counts_one |= "count-threshold" in types and phrase.has(_IN_A_ROW)
    counts_one |= "heartbeat" in types and phrase.has(r"then|followed by")
    return denied or held or before or counts_one or is_keyless(draft, phrase)


def is_ungrouped(draft: Draft) -> bool:
    """Whether something is matched or summed up over all rows together."""
    configs = [c.node.config for c in draft.changes if c.op == "add_node"]
    return any([] in (c.get("key"), c.get("group_by")) for c in configs)


def is_misplaced(draft: Draft, phrase: Phrase) -> bool:
    """Whether rows come from nowhere, or go where a source is, though a place has columns of its
    own."""
    nodes = [c.node for c in draft.changes if c.op == "add_node"]
    configs = [n.config for n in nodes]
    invented = "main.default.events" in (c.get("table") for c in configs)
    if (invented and phrase.has(_OWN_COLUMNS)) or _are_mixed(configs, phrase):
        return True
    sinks = [n.config for n in nodes if n.type.endswith("-sink")]
    written = {c.get(field) for c in sinks for field in ("table", "path", "topic")}
    own = [t.value or t.text for f in phrase.all(_OWN_COLUMNS) for t in f.tokens if _is_place(t)]
    return bool(written & {*own})


def _is_place(token: Token) -> bool:
    return token.kind in ("name", "path", "str", "word")


def _are_mixed(configs: Sequence[Any], phrase: Phrase) -> bool:
    """Whether topics with columns of their own were read as one stream."""
    declared = [dict(t.value) for t in phrase.tokens if t.kind == "columns"]
    several = any(len(c.get("topics") or ()) > 1 for c in configs)
    return several and any(types != declared[0] for types in declared)


def is_parted_off(draft: Draft, phrase: Phrase) -> bool:
    """Whether what a pattern is told to count became a filter before it: `where: a = 1`."""
    types = [c.node.type for c in draft.changes if c.op == "add_node"]
    return "filter" in types and "velocity" in types and phrase.has(r"(?:where|filter|events) :")


def _counts_one(config: Any) -> bool:
    """Whether a count is reached by any single row, which no text means."""
    return config.get("threshold") == 1 and config.get("comparison") == ">=" and "per" not in config


def unheld(draft: Draft, phrase: Phrase, columns: Columns) -> list[str]:
    """The columns of which a text says that events have the same, and a draft has not."""
    configs = [c.node.config for c in draft.changes if c.op == "add_node"]
    told = str([{k: v for k, v in c.items() if k not in ("columns", "message")} for c in configs])
    named = (columns.exactly([f.groups["w"][0].norm]) for f in phrase.all(_SAME))
    return [n.name for n in named if n and len(n.names) == 1 and n.name not in told]


def is_keyless(draft: Draft, phrase: Phrase) -> bool:
    """Whether a pattern matches all rows together, and nobody said so."""
    keys = [c.node.config.get("key") for c in draft.changes if c.op == "add_node"]
    return [] in keys and not phrase.has(_ALL)


def _is_swapped(baseline: Any, threshold: Any) -> bool:
    """Whether fewer values were taken for normal than the deviations that are too many."""
    told = isinstance(baseline, int) and isinstance(threshold, int | float)
    return bool(told and baseline < threshold)


def unsummed(draft: Draft, phrase: Phrase, columns: Columns) -> list[str]:
    """What a text says is to be summed up, and a window does not: `and how many orders`."""
    configs: list[Any] = [c.node.config for c in draft.changes if c.op == "add_node"]
    made = [c["aggregations"] for c in configs if c.get("aggregations")]
    functions = {a["function"].split("_")[0] for told in made for a in told}
    sessions = [str(c.get("measures", "")).lower() for c in configs if {"key", "gap"} <= c.keys()]
    functions |= {name for name, _ in _SUMS if any(f"{name}(" in told for told in sessions)}
    made += sessions
    names = {name.lower() for name in columns.types}
    return [
        phrase.part(found.start, found.end).said()
        for function, cue in _SUMS
        for found in phrase.all(cue)
        if made and function not in functions and not names & {t.norm for t in found.tokens}
    ][:3]


def _waits_for_all(draft: Draft) -> bool:
    """Whether an absence is of any event, which a heartbeat tells."""
    configs = [c.node.config for c in draft.changes if c.op == "add_node"]
    return any("TRUE" in (c.get("expected"), c.get("trigger")) for c in configs)


def stacked(draft: Draft, request: Request) -> bool:
    """Whether patterns read the matches of others, which no text of one pattern means."""
    types = [c.node.type for c in draft.changes if c.op == "add_node"]
    return sum(request.catalog.get(name).category == "pattern" for name in types) > 1
