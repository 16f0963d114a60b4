"""Look-ups in tables and rules of quality, in words."""

from __future__ import annotations

from typing import Any

from .column_transforms import quoted_name
from .conditions import Conditions
from .modifiers import take_key
from .names import column_name, parts_of, singular
from .phrase import Phrase, means_something
from .places import table_name
from .scene import UNSURE, Made, Scene, text
from .talk import Talk
from .words import STOP

_ENRICHED = (
    r"(?P<do>enrich\w*|look ?up|lookup|join\w*|add|augment|attach|bring "
    r"in|merge)(?: .*?)? (?:(?:with|to|in|from|against|the|static|"
    r"reference|lookup|dimension|a|table|on|of|delta) )*(?P<t>#name)(?: "
    r"table)?"
)


_UNNAMED = (
    r"(?:(?:please|and|then|also|the|them|orders|rows|events) )*(?:enrich|join|look ?up|augment)"
    r"(?: (?:it|them|that|this|the|rows|events|\w+)){0,2} (?:with|to|against|in|from|on)"
    r"(?: (?:the|our|a|an|some|its|their))*"
)
_QUALITY_WORDS = (
    r"(?:,|and|or|else|otherwise|;|-)*(?: ?(?:or|and|else|otherwise|"
    r",))* ?(?:drop|discard|fail|warn|quarantine|reject|stop|remove|"
    r"count)(?: (?:bad|the|rows|others|those|rest|that|it|them|"
    r"invalid|failing|events|not|do|fail|if|query|pipeline|"
    r"violations|on|violation|which))*"
)


_KEPT = (
    r"(?:keep|store|save|put|write|send|collect)s? "
    r"(?:it|them|those|the bad|the rest|bad|the others)"
)
_QUALITY = (
    r"(?P<do>expect|ensure|validate|check|require|make sure|quarantine|"
    r"assert|verify|data quality|quality)(?: (?:that|rule|rules|check|"
    r"checks|:|the data|if|rows|events|where|with|all|every))*"
)


def positive(where: Any) -> Any:
    """The opposite of a comparison as one, where a NULL counts alike."""
    from sqlglot import exp

    if isinstance(where, exp.Is):
        return exp.Not(this=where)
    if isinstance(where, exp.Not) and isinstance(where.this, exp.Is):
        return where.this
    return None


def enriched(scene: Scene, phrase: Phrase) -> Made | None:
    """`enrich with main.ref.customers by customer_id`, `look up the region in …`."""
    found = phrase.find(_ENRICHED)
    if found is None:
        return _unnamed(scene, phrase)
    token = found.groups["t"][0]
    middle = phrase.part(found.start + 1, found.end)
    tail = phrase.part(found.end)
    key, rest = take_key(Phrase((*tail.tokens,), phrase.used), scene.columns, scene.talk)
    names = list(key.names) or _keys_of(scene, middle, token.text)
    if not names:
        scene.talk.ask(
            f"By which columns is `{token.text}` joined?",
            scene.columns.key_candidates() or tuple(scene.columns.types),
        )
        return UNSURE
    known = set() if scene.columns.open else {n.lower() for n in scene.columns.types}
    keys = {n for w in names for n in (w.lower(), *parts_of(w))}
    wanted = [
        w for w in _looked_up(middle, rest) if w.lower() not in known and singular(w) not in keys
    ]
    phrase.use(found.start, found.end)
    types = {**{n: scene.columns.types[n] for n in names}, **dict.fromkeys(wanted, "string")}
    if not wanted:
        scene.talk.ask(f"Which columns of `{token.text}` are to be added?")
        return UNSURE
    scene.talk.assume(
        f"I took {', '.join(f'`{w}`' for w in wanted)} of `{token.text}` to be of type string."
    )
    config = {
        "table": table_name(token.text, scene.talk),
        "keys": names,
        "select": wanted,
        "static_columns": ", ".join(f"{quoted_name(n)} {t}" for n, t in types.items()),
    }
    joined = found.groups["do"][0].norm.startswith("join")
    kind = "stream-static-join" if joined else "lookup-enrichment"
    return Made(kind, config, "Enrich")


def _keys_of(scene: Scene, middle: Phrase, table: str) -> list[str]:
    """The columns that a look-up is by: those spoken of, else those that the table is called by."""
    spoken = {t.norm for t in middle.tokens}
    about = singular(table.rsplit(".", 1)[-1])
    by_name = [n for n in scene.columns.of_type("string") if n.lower() in spoken]
    return by_name or [n for n in scene.columns.key_candidates() if about in n.lower()]


def with_types(made: Made, said: Phrase) -> Made:
    """A look-up whose columns have the types that a text tells: what is held against a number is
    one."""
    from .declared import type_of

    wanted = {name.lower() for name in made.config.get("select", ())}
    columns = [
        f"{name} {type_of(name, said)}" if name.lower() in wanted else f"{name} {kind}"
        for name, kind in (c.split(" ", 1) for c in made.config["static_columns"].split(", "))
    ]
    return made._replace(config={**made.config, "static_columns": ", ".join(columns)})


def _unnamed(scene: Scene, phrase: Phrase) -> Made | None:
    """`join with the customer list`: which table that is has to be asked."""
    found = phrase.at(_UNNAMED)
    if found is None or phrase.has("#dur|streams?|sessions?|topics?|#name"):
        return None
    said = phrase.part(found.end).said() or "that"
    phrase.use()
    scene.talk.ask(f"Which table is `{said[:80]}`, and by which columns is it joined?")
    return UNSURE


def _looked_up(middle: Phrase, tail: Phrase) -> list[str]:
    """The columns that are to come from a table: those named, that are no other words."""
    names = []
    got = tail.take(
        r"(?:(?:to|and|,|for|\() )*(?:with|adding|adds|gives|get|bringing|bring back|add|select|"
        r"taking|fetch|giving|bring|include|including|columns?|fields?)"
        r"(?: (?:in|the|its|column|:|are|columns|a|their))*"
    )
    for part in (middle, tail.part(got.end) if got else None):
        for token in part.tokens if part else ():
            if (
                token.kind == "word"
                and means_something(token)
                and token.norm
                not in (
                    "enrich",
                    "table",
                    "lookup",
                    "join",
                    "static",
                    "reference",
                    "stream",
                    "dimension",
                    "details",
                    "info",
                    "information",
                    "columns",
                    "column",
                    "orders",
                    "delta",
                    "payments",
                )
            ):
                names.append(column_name([token.text]))
                part.used.add(token.place)  # type: ignore[union-attr]
    return list(dict.fromkeys(names))[:20]


_ACTIONS = (
    ("fail", r"fail|stop|abort"),
    ("drop", r"drop\w*|quarantine\w*|discard\w*|remove\w*|reject\w*"),
)


def _signed(scene: Scene, phrase: Phrase) -> Any:
    """`the amount is positive` as a comparison with nought; None for anything else."""
    from sqlglot import exp

    from ...relational.sql import column

    signed = phrase.take(
        r"(?:to be |is |are |be )?(?P<p>positive|negative|non negative|not "
        r"negative|greater than zero)"
    )
    if signed is None:
        return None
    words = [t.norm for t in phrase.part(0, signed.start).tokens if t.kind == "word"]
    named = scene.columns.ending([w for w in words if w not in STOP])
    if named is None:
        return None
    phrase.use(0, signed.start)
    signs = {"positive": exp.GT, "greater": exp.GT, "negative": exp.LT}
    kind = signs.get(signed.groups["p"][0].norm, exp.GTE)
    return kind(this=column(named.name), expression=exp.Literal.number(0))


def _spans(scene: Scene, phrase: Phrase) -> list[str | None]:
    """What is to happen where each of several rules fails, as far as it is said after it."""
    quiet = Phrase(phrase.tokens)
    clauses = Conditions(scene.columns, Talk()).clauses(quiet)
    ends = [c.start for c in clauses[1:]] + [len(phrase)]
    return [
        next((n for n, cue in (*_ACTIONS, ("warn", "warn\\w*|log|count")) if part.has(cue)), None)
        for c, end in zip(clauses, ends, strict=True)
        if (part := quiet.part(c.end, end)) is not None
    ]


def quality(scene: Scene, phrase: Phrase) -> Made | None:
    """`expect the amount to be positive, drop bad rows`; `quarantine rows without an id`."""
    found = phrase.find(_QUALITY)
    if found is None:
        return None
    action = next((name for name, cue in _ACTIONS if phrase.has(cue)), "warn")
    bad = (
        phrase.has(r"quarantine (?:rows|events|records|those|all)")
        or found.groups["do"][0].norm == "quarantine"
    )
    rest = phrase.part(found.end)
    rest = rest.without(rest.take(_QUALITY_WORDS))
    from sqlglot import exp

    trees = [c.tree for c in scene.events().conditions.clauses(rest)]
    signed = None if trees else _signed(scene, rest)
    where = signed if signed is not None else exp.and_(*trees, copy=False) if trees else None
    if where is None:
        return None
    spans = [] if signed is not None else _spans(scene, phrase.part(found.end))
    single = bad or len(trees) < 2 or rest.has("or")
    if bad:
        opposite = positive(where)
        where = opposite if opposite is not None else exp.Not(this=exp.Paren(this=where))
    phrase.use(found.start, found.end)
    rules: list[dict[str, str]] = []
    for tree in [where] if single else trees:
        name = column_name([*[c.name for c in tree.find_all(exp.Column)][:2], "rule"])
        name = name if all(r["name"] != name for r in rules) else f"{name}_{len(rules) + 1}"
        own = spans[len(rules)] if not single and len(spans) == len(trees) else action
        rules.append({"name": name, "constraint": text(tree), "action": own or action})
    config: dict[str, Any] = {"expectations": rules}
    if action == "drop" and phrase.has(rf"quarantine\w*|{_KEPT}"):
        config["quarantine"] = True
    return Made("data-quality-expectations", config, "Quality")
