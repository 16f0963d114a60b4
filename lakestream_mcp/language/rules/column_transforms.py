"""Columns chosen, renamed, computed and unpacked, in words."""

from __future__ import annotations

from typing import Any

from .expressions import expression
from .names import column_name
from .nested_types import element_of, fields_of
from .phrase import Phrase, means_something
from .scene import UNSURE, Made, Scene, text
from .words import COLUMN_TYPES, STOP

_COLUMNS_KEPT = (
    r"(?P<do>keep|select|project|retain|output|take|only keep|choose|only|"
    r"drop|remove|delete|exclude|omit|hide|leave out|get rid of)(?: "
    r"(?:only|just|the|all|of|these|those|a))*(?: (?:columns?|"
    r"fields?))?(?: (?:called|named|:))*"
)


def columns_kept(scene: Scene, phrase: Phrase) -> Made | None:
    """`keep only the columns a, b`, `drop the column c`."""
    found = phrase.find(_COLUMNS_KEPT)
    if found is None:
        return None
    rest = phrase.part(found.end)
    names, end = _column_list(scene, rest)
    said = phrase.part(found.start, found.end).has("columns?|fields?") or rest.at(
        "(?:columns?|fields?)(?: only)?", end
    )
    if not names or (not said and rest.part(end).content()) or (not said and len(names) < 1):
        return None
    fuzzy = Phrase(found.groups["do"]).has("take|output") and not _written(rest, names)
    if not said and (fuzzy or rest.part(end).has(r"events?|rows?|where|with")):
        return None
    phrase.use(found.start, found.end)
    rest.use(0, end)
    if tail := rest.at("(?:columns?|fields?)(?: only)?", end):
        rest.use(tail.start, tail.end)
    if Phrase(found.groups["do"]).has("keep|select|project|retain|output|take|only|choose"):
        time = [n for n, t in scene.columns.types.items() if t == "timestamp" and n not in names]
        if time and not scene.columns.open:
            scene.talk.assume(f"I kept `{time[0]}` too: it says when an event happened.")
        return Made(
            "map-select", {"columns": ", ".join(map(quoted_name, [*names, *time[:1]]))}, "Select"
        )
    left = [n for n in scene.columns.types if n not in names]
    if not left or scene.columns.open:
        scene.talk.ask(
            "Which columns do the rows have, and which are to stay? Give them as `schema`."
        )
        return UNSURE
    return Made("map-select", {"columns": ", ".join(map(quoted_name, left))}, "Drop columns")


def _written(rest: Phrase, names: list[str]) -> bool:
    """Whether columns are named as they are written: `take the trades` names no `trade_time`."""
    return {name.lower() for name in names} <= {token.norm for token in rest.tokens}


def quoted_name(name: str) -> str:
    """A column's name as SQL has it."""
    from ...relational.sql import column, sql

    return sql(column(name))


def _column_list(scene: Scene, phrase: Phrase) -> tuple[list[str], int]:
    names: list[str] = []
    at = end = 0
    while at < len(phrase):
        words = [t.norm for t in phrase.tokens[at : at + 4] if t.kind in ("word", "str", "name")]
        named = scene.columns.named(words) if words and words[0] not in STOP else None
        if (
            named is None
            and scene.columns.open
            and words
            and words[0] not in STOP
            and means_something(phrase.tokens[at])
        ):
            scene.columns.make(phrase.tokens[at].text, "string")
            named = scene.columns.named(words)
        if named is None:
            break
        if len(named.names) > 1:
            scene.talk.ask(f"Which column is `{words[0]}`?", named.names)
        names.append(named.name)
        at = end = at + named.length
        more = phrase.at(
            r"(?:(?:and|,|&|the|then|also|as well as|plus) )*(?:and|,|&|as well as|plus)(?: the)?",
            at,
        )
        if more is None:
            break
        at = more.end
    return names, end


def renamed(scene: Scene, phrase: Phrase) -> Made | None:
    """`rename a to b`, `cast amount to double`, `convert ts to a timestamp`."""
    found = phrase.find(
        r"(?P<do>renames?|calls?|casts?|converts?|change the type of|parse|turn)(?: "
        r"(?:the|column|field|columns))*"
    )
    if found is None:
        return None
    rename = found.groups["do"][0].norm.rstrip("s") in ("rename", "call")
    columns, end = _renamings(scene, phrase.part(found.end), rename)
    if not columns:
        return None
    phrase.use(found.start, found.end + end)
    return Made("rename-cast", {"columns": columns}, "Rename" if rename else "Cast")


def _renamings(scene: Scene, rest: Phrase, rename: bool) -> tuple[list[dict[str, str]], int]:
    """`a to b and c to d`: each column with its new name or type, and where they end."""
    columns: list[dict[str, str]] = []
    at = end = 0
    while at < len(rest):
        words = [t.norm for t in rest.tokens[at : at + 4] if t.kind in ("word", "str", "name")]
        again = words[0] in ("it", "them") if words and columns else False
        words = [columns[-1]["column"]] if again else words
        named = scene.columns.named(words) if words else None
        if named is None and scene.columns.open and words:
            scene.columns.make(rest.tokens[at].text, "string")
            named = scene.columns.named(words)
        to = (
            rest.at(
                r"(?:column |field )?(?:from (?:an? )?\w+ )?"
                r"(?:to|as|into|->)(?: (?:a|an|the|type|be))*",
                at + named.length,
            )
            if named
            else None
        )
        if named is None or to is None or to.end >= len(rest):
            break
        token = rest.tokens[to.end]
        value = str(token.value) if token.kind == "str" else token.text
        kind = COLUMN_TYPES.get(token.norm)
        sized = rest.at(r"decimal \( #num(?: , #num)? \)", to.end)
        if sized is not None:
            kind = "".join(t.text for t in rest.tokens[sized.start : sized.end])
        change = {"name": value} if kind is None or (rename and not again) else {"type": kind}
        old = columns.pop() if again else {"column": named.name}
        columns.append({**old, **change})
        end = sized.end if sized else to.end + 1
        if token.norm == "whole":
            end += 1
        more = rest.at(r"(?:(?:,|and|cast|rename|convert|the) )*(?:,|and|the)", end)
        if more is None:
            break
        at = more.end
    return columns, end


def both_renamed(first: Made, second: Made) -> Made:
    """Two nodes that rename and cast, one after the other, as one."""
    columns = {c["column"]: c for c in first.config["columns"]}
    by_new = {c.get("name", c["column"]): c["column"] for c in columns.values()}
    for change in second.config["columns"]:
        name = by_new.get(change["column"], change["column"])
        columns[name] = {**columns.get(name, {}), **change, "column": name}
    return first._replace(config={"columns": list(columns.values())})


def both_kept(first: Made, second: Made) -> Made:
    """Two filters, one after the other, as one."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    trees = [parse_expression(made.config["condition"], None) for made in (first, second)]
    return first._replace(config={"condition": text(exp.and_(*trees, copy=False))})


def added(scene: Scene, phrase: Phrase) -> Made | None:
    """`add a column total as price times quantity`."""
    found = phrase.find(
        r"(?:add|compute|create|calculate|derive|define|make|introduce|set|"
        r"put)(?: (?:a|an|the|new|computed|column|field|columns|called|"
        r"named|extra|derived|calculated|another))*(?: (?P<n>#str|"
        r"[a-z]\w*))(?: (?:column|field))?(?: (?:which|that|is|equal|to|"
        r"computed))*(?: (?:=|as|is|from|being|by|equals|:))"
    )
    if found is None:
        return None
    token = found.groups["n"][0]
    name = column_name([str(token.value)]) if token.kind == "str" else token.text
    value, end = expression(scene, phrase.part(found.end))
    if value is None:
        return None
    phrase.use(found.start, found.end)
    phrase.part(found.end).use(0, end)
    return Made(
        "map-select", {"columns": f"*, {text(value)} AS {quoted_name(name)}"}, f"Add {name}"[:60]
    )


def exploded(scene: Scene, phrase: Phrase) -> Made | None:
    """`explode the items`, `a row for each element of tags`."""
    found = phrase.find(
        r"(?:explode|flatten|unnest|unpack|(?<!in )(?:one|a|#num|single) (?:rows?|"
        r"records?|lines?) (?:for|per)(?: each| every)?|expand)(?: (?:the|array|list|column|field|"
        r"element|item|entry|of|in|struct|nested|each|member|every))*"
    )
    if found is None:
        return None
    per = phrase.part(found.start, found.end).has("(?:rows?|records?|lines?) (?:for|per)")
    if found.end >= len(phrase):
        found = found._replace(end=len(phrase) - 1)
    words = [
        t.norm
        for t in phrase.tokens[found.end : found.end + 4]
        if t.kind in ("word", "name", "str")
    ]
    named = scene.columns.named(words) if words else None
    if named is None and scene.columns.open and words:
        scene.columns.make(phrase.tokens[found.end].text, "array<string>")
        named = scene.columns.named(words)
    if per and (named is None or not scene.columns.types[named.name].startswith("array")):
        return None
    if named is None:
        nested = [
            n for n, t in scene.columns.types.items() if t.startswith(("array", "map", "struct"))
        ]
        scene.talk.ask("Which column is to be exploded?", nested)
        return UNSURE
    phrase.use(found.start, found.end + named.length)
    config: dict[str, Any] = {"column": named.name}
    rest = phrase.part(found.end + named.length)
    if alias := rest.take(r"(?:as|into|called|named)(?: (?:column|a))* (?P<a>\w+)"):
        config["alias"] = alias.groups["a"][0].text
        if fields_of(element_of(scene.columns.types[named.name])):
            config["flatten"] = False
    rest.take(r"(?:array|column|list|field|into rows|into columns|rows|into separate rows)")
    return Made("flatten-explode", config, "Explode")
