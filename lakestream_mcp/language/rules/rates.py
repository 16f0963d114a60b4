"""Rates and sudden changes of a number, in words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .measure_words import duration_of, json_number
from .measures import column_of
from .modifiers import take_time
from .names import Columns, parts_of
from .numbers import DOWN, UP, number_column
from .occurrences import IN_A_ROW
from .phrase import Phrase
from .scene import Made, Scene, kept, text
from .words import STOP

_UNITS = {"second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000}


_VELOCITY = (
    r"(?:(?P<below>below|under|less than|fewer than|drops below|falls "
    r"below|drops under)|(?P<above>more than|over|above|exceed\w*|"
    r"greater than|at least|higher than|faster than|of))? "
    r"?(?P<n>#num)(?P<what>(?: (?!in\b|within\b|during\b|over\b|"
    r"for\b)[a-z_]\w*){0,4}) (?:per|every|each|/|a|an)? ?(?P<per>#dur)"
)


_EVENTS = (
    r"(?:rate|number|numbers|frequency|count|counts|volume) of(?: [a-z]\w*){0,3}? "
    r"(?!the\b|all\b)[a-z]\w*s|"
    r"how (?:many|often)|(?:requests?|events?|orders?|errors?|messages?|arrivals?|logins?|clicks?|"
    r"transactions?|payments?|calls?|hits?|events?) (?:rates?|volumes?|counts?|frequency)|traffic|"
    r"throughput"
)
"""What is counted, where no column holds it."""
_HELD = (
    r"(?:compared (?:to|with)|versus|vs|than|against|relative to|as in|in comparison (?:to|with))"
    r"(?: (?:the|in|one|its|their|those of|that of|of))*"
    r"(?: (?:previous|last|preceding|prior|before|earlier|next|window|period|that|one))*"
)
_PLAIN_RATE = (
    r"(?:requests?|events?|arrivals?|hits?|rows?|records?) (?:rates?|volumes?|counts?|frequency)"
)
_AGO = r"usual|normal|yesterday|typical"
_CHANGED = (
    r"(?:(?:more than|at least|nearly|almost|over|about) )?"
    r"(?P<f>doubles?|doubled|triples?|tripled|quadruples?|quadrupled|halves|halve|halved)|"
    r"(?:increases?|jumps?|rises?|grows?|goes up|changes?|spikes?|surges?|climbs?|"
    r"(?:is|are)(?= (?:more than |at least |over )?(?:#factor|#times|#pct)))"
    r"(?: by)?(?: (?:more than|at least|over))?(?: a)?(?: factor(?: of)?)? (?P<n>#factor|#num|"
    r"#times|#pct)(?: times)?(?: (?:as (?:high|large|big|many)|higher|larger|more))?"
    r"(?! (?:per|an?|each|every) )|(?P<half>drops?|falls?|decreases?)(?: "
    r"(?:by|to))?(?: (?:more than|at least|over|about))?(?: (?:half|#dur)| (?P<p>#pct))"
)


def velocity(scene: Scene, phrase: Phrase) -> Made | None:
    """`more than 10 requests per second`, `spends over $1000 an hour`, `the rate doubles`."""
    key, phrase = scene.key(phrase, "rate")
    changed = _changed(scene, phrase, key)
    if changed:
        return changed
    found = phrase.find(_VELOCITY)
    if found is None or not found.groups.get("n"):
        return _summed(scene, phrase, key)
    per = found.groups["per"][0]
    unit = next((name for name, length in _UNITS.items() if length == per.value), None)
    number = found.groups["n"][0]
    phrase.use(found.start, found.end - len(found.groups["per"]))
    phrase.use(found.end - 1, found.end)
    phrase.used.update(n.place for n in found.groups.get("what", ()) if n.norm == "per")
    what = tuple(
        t for t in found.groups.get("what", ()) if t.norm not in ("per", "every", "each", "a", "an")
    )
    rest = Phrase((*phrase.tokens[: found.start], *what, *phrase.tokens[found.end :]), phrase.used)
    window, rest = take_time(rest)
    total = _total(scene, rest, number)
    events = scene.events(tuple(key))
    events.rows = True
    where = events.read(total[1]).where
    rate = Fraction(number.value) if unit else Fraction(number.value) * _UNITS["minute"] / per.value
    config = {
        "key": key,
        "where": text(where) if where is not None else None,
        "sum": total[0],
        "comparison": "below" if "below" in found.groups else "above",
        "threshold": json_number(rate),
        "per": unit or "minute",
        "window": duration_of(window or per),
        "forget_after": "1 day" if "below" in found.groups else None,
    }
    return Made("velocity", kept(config))


def counted(phrase: Phrase, columns: Columns) -> bool:
    """Whether what grows or shrinks is a number of events, and no column's value."""
    said = {t.norm for t in phrase.tokens}
    held = any(name.lower() in said or {*parts_of(name)} <= said for name in columns.numeric())
    return phrase.has(_EVENTS) and not held


def multiplied(scene: Scene, phrase: Phrase) -> Made | None:
    """`the rate of orders triples compared with the hour before`: more events than there were."""
    if not counted(phrase, scene.columns) or not phrase.has(_CHANGED):
        return None
    key, phrase = scene.key(phrase, "rate")
    return _changed(scene, phrase, key)


def _summed(scene: Scene, phrase: Phrase, key: list[str]) -> Made | None:
    """`total spend over $1000 within 1 hour`: a sum in a time is a rate."""
    time, rest = take_time(phrase)
    found = rest.take(
        r"(?:(?P<below>less than|under|below|at most)|(?:more than|over|"
        r"above|exceed\w*|at least|greater than)) (?P<n>#num)"
    )
    if time is None or found is None:
        return None
    end = rest.find(r"#num [a-z]\w*s (?:with|where|whose|having|over|above|that|which)")
    number = found.groups["n"][0]
    if end is not None and rest.tokens[end.start] is number:
        return None
    total, rest = _total(scene, rest.without(found), number)
    if total is None:
        return None
    where = scene.events(tuple(key)).read(rest).where
    unit = next((name for name, us in _UNITS.items() if us == time.value), "minute")
    rate = Fraction(number.value) * _UNITS[unit] / time.value
    below = "below" in found.groups
    config = {
        "key": key,
        "where": text(where) if where is not None else None,
        "sum": total,
        "comparison": "below" if below else "above",
        "threshold": json_number(rate),
        "per": unit,
        "window": duration_of(time),
        "forget_after": "1 day" if below else None,
    }
    return Made("velocity", kept(config))


def _total(scene: Scene, phrase: Phrase, number: Any) -> tuple[str | None, Phrase]:
    """The column that is summed, where it is money or a total and no count of events."""
    found = phrase.find(
        r"(?:total|sum|summed|combined|cumulative|spends?|spent|spending|"
        r"spend|transfers?|transferred|withdraws?|withdrawn|"
        r"withdrawals?)(?: (?:of|the|all|value))*"
    )
    if found is None and number.unit == "":
        return None, phrase
    if found:
        phrase.use(found.start, found.end)
        words = [
            t
            for t in phrase.tokens[found.end : found.end + 3]
            if t.kind == "word" and t.norm not in STOP
        ]
        fits = (scene.columns.named([t.norm for t in words[at:]]) for at in range(len(words)))
        named = next((n for n in fits if n and set(n.names) & set(scene.columns.numeric())), None)
        numeric = [n for n in named.names if n in scene.columns.numeric()] if named else []
        if named and numeric:
            phrase.used.update(t.place for t in words)
            said = {t.place for t in words}
            left = [t for t in phrase.without(found).tokens if t.place not in said]
            return numeric[0], Phrase(left, phrase.used)
        phrase = phrase.without(found)
    if scene.columns.open:
        return scene.columns.make("amount", "double"), phrase
    usual = column_of(scene, [])
    fitting = scene.columns.of_unit(number.unit or "money") or ([usual] if usual else [])
    if not fitting:
        scene.talk.ask("Which column is to be summed?", scene.columns.numeric())
        return None, phrase
    if len(fitting) > 1:
        scene.talk.ask("Which column is to be summed?", fitting)
    return fitting[0], phrase


def _changed(scene: Scene, phrase: Phrase, key: list[str]) -> Made | None:
    """`the rate of orders doubles`, `traffic drops by half compared with the hour before`."""
    if not phrase.has(rf"rate|volume|traffic|throughput|frequency|number of|count|{_EVENTS}"):
        return None
    found = phrase.take(_CHANGED)
    if found is None:
        return None
    factor = _factor(found)
    time, rest = take_time(phrase.without(found))
    rest = rest.without(rest.take(_HELD))
    rest = rest.without(rest.take(_PLAIN_RATE))
    rest = rest.without(
        rest.take(
            r"(?:compared (?:to|with)|versus|vs|than|relative to)? ?(?:the "
            r")?(?:window |one |minute |hour |time |period )?(?:before|"
            r"previous|previously)?|rate(?: of)?|volume(?: of)?|traffic|"
            r"throughput|number(?: of)?"
        )
    )
    rest = rest.without(
        rest.take(r"(?:rate|volume|traffic|throughput|number|frequency|count)(?: of)?")
    )
    rest = rest.without(rest.take(r"compared (?:to|with)(?: the)?(?: previous| last| preceding)?"))
    where = scene.events(tuple(key)).read(rest).where
    if time is None and phrase.has(_AGO):
        scene.talk.ask("Over what time is the rate measured, and held against the one before?")
    if time is None:
        scene.talk.assume(
            "No time was given for the rate: I compare one minute with the one before."
        )
    config = {
        "key": key,
        "where": text(where) if where is not None else None,
        "comparison": "changed",
        "factor": factor,
        "window": duration_of(time) if time else "1 minute",
    }
    return Made("velocity", kept(config))


def _factor(found: Any) -> int | float:
    word = found.token("f")
    if word is not None:
        return {"d": 2, "t": 3, "q": 4, "h": 0.5}[word.norm[0]]
    if "half" in found.groups:
        share = found.token("p")
        return json_number(1 - Fraction(share.value) / 100) if share else 0.5
    number = found.groups["n"][0]
    return json_number(
        1 + Fraction(number.value) / 100 if number.norm == "#pct" else Fraction(number.value)
    )


def change(scene: Scene, phrase: Phrase) -> Made | None:
    """`the price drops by more than 10% within 5 minutes`: two values far apart in a short time."""
    from sqlglot import exp

    from ...relational.sql import column, sql

    found = phrase.find(
        rf"(?P<d>{UP}|{DOWN}|changes?|moves?|differs?|swings?)(?: (?:quickly|"
        r"suddenly|sharply))?(?: by| of)?(?: (?:at least|more than|over))? "
        r"(?P<n>#num|#pct|half)(?: (?:or more|points?))?"
    )
    time, _ = take_time(phrase)
    if found is None or time is None or phrase.has(IN_A_ROW):
        return None
    if phrase.part(found.start, found.end).has("(?:above|below|under) #num"):
        return None
    key, rest = scene.key(phrase.without(found), "change")
    phrase.use(found.start, found.end)
    time, rest = take_time(rest)
    name = number_column(scene, rest, "changed")
    if name is None or time is None:
        return None
    number, now, before = found.groups["n"][0], column(name), column(name, "base")
    way = Phrase(found.groups["d"])
    up, down = way.has(UP), way.has(DOWN)
    gap = exp.Sub(this=now, expression=before) if up else exp.Sub(this=before, expression=now)
    difference: exp.Expr = gap if up or down else exp.func("ABS", gap)
    share = number.norm in ("#pct", "half")
    amount = Fraction(1, 2) if number.norm == "half" else Fraction(number.value)
    amount /= 100 if number.norm == "#pct" else 1
    limit: exp.Expr = exp.Literal.number(str(json_number(amount)))
    if share:
        limit = exp.Mul(this=column(name, "base"), expression=limit)
    least = phrase.part(found.start, found.end).has("at least|or more|half")
    where = (exp.GTE if least else exp.GT)(this=difference, expression=limit)
    steps = [{"name": "base"}, {"name": "changed", "where": sql(where)}]
    return Made("sequence", {"key": key, "steps": steps, "within": duration_of(time)})


def is_rate(phrase: Phrase) -> bool:
    """Whether a number is per a unit of time."""
    found = phrase.find(
        r"#num(?: (?!in\b|within\b|during\b|over\b|for\b)[a-z_]\w*){0,4} "
        r"(?:per|every|each|/|a|an) #dur|#num(?: [a-z_]\w*)? (?:per|each|"
        r"every|a|an) #dur"
    )
    return found is not None or _is_spoken_rate(phrase)


def _is_spoken_rate(phrase: Phrase) -> bool:
    """`50 payments a minute`: the article of the time belongs to its token."""
    found = phrase.find(r"#num(?: (?!in\b|within\b|during\b|over\b|for\b)[a-z_]\w*){1,3} #dur")
    return found is not None and phrase.tokens[found.end - 1].text.startswith(("a ", "an "))
