"""Patterns about how often, or how long not: counts and silences."""

from __future__ import annotations

from typing import Any

from .measure_words import duration_of
from .modifiers import take_time
from .names import parts_of, singular
from .phrase import Phrase
from .scene import UNSURE, Made, Scene, kept, text
from .words import EVENT_IDS, THINGS

MOST = 10_000


_SILENT = (
    r"(?:(?:is|are|has|have|been|goes|went|going|becomes|gone|go|stays|"
    r"falls|that|which|it) )*(?:silent|quiet|dark|missing|vanish\w*|disappear\w*|mute|offline|"
    r"unresponsive|"
    r"inactive|dead|lost|down|not (?:been )?(?:heard|seen)(?: from)?|"
    r"not (?:sent|reported|send|reporting|sending|report|emit|emitted|"
    r"produced|transmitted|pinged|checked in|responded|communicated|"
    r"updated)(?: in)?(?: any| anything| a)?|stops?(?: sending| "
    r"reporting| responding| transmitting| emitting| working| "
    r"communicating)?|stopped(?: sending| reporting)?|misses|missed|no "
    r"longer (?:sends|reports)(?: any)?|fails to (?:send|report)|no|"
    r"without|missing|lack of|absence of|silence|nothing|nobody|no one|none|never|not)"
)


_AGAIN = (
    r"(?:(?:sends?|reports?|is|comes?|speaks?|appears?|starts? (?:sending|reporting)|works?) "
    r"(?:again|back)(?: online)?|returns?|recovers?|resumes?)(?= (?:after|from))"
)
"""What is looked for is the end of a silence: `reports again after an hour of silence`."""
_HEARTBEAT_WORDS = (
    r"(?:heartbeats?|heart ?beats?|pings?|keepalives?|signals?|data|"
    r"readings?|sent|reports?|reporting|heard|seen|from|received|"
    r"telemetry|messages?|events?|updates?|anything|sending|"
    r"activity|measurements?|metrics?|samples?|fix|contact)"
)


def count_threshold(scene: Scene, phrase: Phrase) -> Made | None:
    """`more than 5 failed logins in 2 minutes`, `3 different countries within an hour`."""
    same, phrase = _same_number(scene, phrase)
    key, phrase = scene.key(phrase, "count")
    time, phrase = take_time(phrase)
    sliding = phrase.take(r"(?:tumbling|fixed|aligned|sliding|rolling)(?: windows?)?")
    phrase = phrase.without(sliding)
    distinct = None
    if found := phrase.find(r"(?:different|distinct|unique|separate|various)"):
        named = scene.columns.named([t.norm for t in phrase.tokens[found.end : found.end + 4]])
        if named is None and scene.columns.open and found.end < len(phrase):
            made = scene.columns.make(singular(phrase.tokens[found.end].norm), "string")
            named = scene.columns.named([made])
        if named is not None:
            distinct = named.name
            phrase.use(found.start, found.end + named.length)
            held = phrase.tokens[: found.start] + phrase.tokens[found.end + named.length :]
            generic = phrase.tokens[found.end]._replace(norm="events", text="events")
            phrase = Phrase((*held[: found.start], generic, *held[found.start :]), phrase.used)
    if distinct is None:
        distinct, phrase = _several(scene, phrase, key)
    comparison, threshold, phrase = threshold_said(phrase)
    if threshold is None:
        return None
    events = scene.events(tuple(key))
    events.rows = True
    event = events.read(phrase)
    if same:
        return _alike(key, same, event.where, threshold, time)
    config = {
        "key": key,
        "where": text(event.where),
        "threshold": threshold,
        "comparison": comparison,
        "window": duration_of(time) if time else None,
        "distinct": f"`{distinct}`" if distinct and not distinct.isidentifier() else distinct,
    }
    if time is None:
        scene.talk.ask("Within what time are they counted?", ("1 minute", "5 minutes", "1 hour"))
    return Made("count-threshold", kept(_windows(scene, config)))


def _same_number(scene: Scene, phrase: Phrase) -> tuple[str | None, Phrase]:
    """`charged the same amount 3 times`: rows with equal numbers are counted together."""
    found = phrase.find(
        r"(?:(?:is|was|gets|are|has|have|makes|pays|charged|billed|debited|paid|reports|for|of|"
        r"with|at|on|by|and|the|exact|exactly|very) )*(?:same|identical) (?P<w>\w+)"
    )
    named = scene.columns.exactly([found.groups["w"][0].norm]) if found else None
    if found is None or named is None or named.name not in scene.columns.numeric():
        return None, phrase
    phrase.use(found.start, found.end)
    return named.name, phrase.without(found)


def _alike(key: list[str], same: str, where: Any, count: int, time: Any) -> Made:
    """So many events with one number: the later ones have that of the first."""
    from sqlglot import exp

    from ...relational.sql import column

    equal = exp.EQ(this=column(same), expression=column(same, "initial"))
    again = equal if where is None else exp.and_(where.copy(), equal, copy=False)
    first = {"name": "initial", "where": text(where) if where is not None else None}
    rest = {"name": "again", "where": text(again), "min": count - 1, "max": count - 1}
    within = duration_of(time) if time else None
    return Made("sequence", kept({"key": key, "steps": [kept(first), rest], "within": within}))


def _several(scene: Scene, phrase: Phrase, key: list[str]) -> tuple[str | None, Phrase]:
    """`three or more merchants`: several values of a column, where each row has one."""
    found = phrase.find(r"#num(?: or more| or greater|\+)? (?P<w>\w+)")
    word = found.groups["w"][0] if found else None
    after = phrase.tokens[found.end].norm if found and found.end < len(phrase) else ""
    both = scene.columns.exactly([word.norm, after]) if word and after else None
    named = both or (scene.columns.exactly([word.norm]) if word else None)
    if found is None or word is None or named is None:
        return None, phrase
    more = phrase.part(max(0, found.start - 2), found.start).at("more than")
    said = after if both else word.norm
    if singular(said) == said and not more:
        return None, phrase
    if len(named.names) > 1 or named.name in key or scene.columns.types[named.name] != "string":
        return None, phrase
    if parts_of(named.name)[0] in EVENT_IDS:
        return None, phrase
    if singular(word.norm) in THINGS or named.name in (
        scene.columns.kind_column(),
        scene.columns.status_column(),
    ):
        return None, phrase
    end = found.end + (1 if both else 0)
    phrase.use(found.end - 1, end)
    scene.talk.assume(f"I count different values of `{named.name}`.")
    generic = word._replace(norm="events", text="events")
    return named.name, Phrase(
        (*phrase.tokens[: found.end - 1], generic, *phrase.tokens[end:]), phrase.used
    )


def _windows(scene: Scene, config: dict[str, Any]) -> dict[str, Any]:
    """Windows: rolling, unless the count is to be small, which only an ended window can say."""
    if config["comparison"] in ("<", "<="):
        scene.talk.assume(
            "A count that is too low is known at the end of a window; a key is forgotten a day "
            "after its last event."
        )
        return config | {"windows": "tumbling", "forget_after": "1 day"}
    return config


def threshold_said(phrase: Phrase) -> tuple[str, int | None, Phrase]:  # noqa: PLR0911 - the cases of a grammar
    """The comparison of a count, and the phrase without it."""
    from .counts import count_said

    signed = phrase.take(
        r"(?:count|number(?: of \w+)?)(?: is| goes)? (?P<sign>>=|>|<=|<|=) (?P<n>#num)"
    )
    if signed and signed.groups["n"][0].value == int(signed.groups["n"][0].value):
        return (
            signed.groups["sign"][0].norm,
            int(signed.groups["n"][0].value),
            phrase.without(signed),
        )
    for cue in (
        r"repeated(?:ly)?|multiple|again and again",
        r"a lot of|many|several|too many|frequent\w*",
    ):
        if phrase.has(cue) and not phrase.has("#num|#times"):
            return ">=", None, phrase
    count, said, rest = count_said(phrase)
    if count is None:
        return ">=", None, phrase
    low, high = count
    if said.has("exactly"):
        return "=", low, rest
    if said.has("(?:fewer|less) than"):
        return "<", (high or low) + 1, rest
    if said.has("at most|no more than|up to"):
        return "<=", high, rest
    if said.has("(?<!no )more than|over|exceeds?|exceeding|above"):
        return ">", low - 1, rest
    return ">=", low, rest


def heartbeat(scene: Scene, phrase: Phrase) -> Made | None:
    """`no reading from a device for 30 seconds`, `a sensor goes silent for 5 minutes`."""
    back = phrase.take(
        r"(?:,|and|or|;|\.|also)(?: (?:also|say|tell|alert|report|notify|me|us|when|if|once))*"
        r"(?: it| they)? (?:recovers?|comes? "
        r"back(?: online)?|is back|resumes?|returns?|starts again)"
    )
    phrase = phrase.without(back)
    again = None if back else phrase.take(_AGAIN)
    phrase = phrase.without(again)
    key, phrase = scene.key(phrase, "silence")
    time, phrase = take_time(phrase)
    silent = phrase.take(_SILENT) or phrase.take("heart ?beats?|liveness")
    if silent is None:
        return None
    rest = phrase.without(silent)
    while found := rest.take(_HEARTBEAT_WORDS):
        rest = rest.without(found)
    where = _beats(scene, rest, key)
    if time is None:
        scene.talk.ask(
            "After how long a silence is it lost?", ("30 seconds", "5 minutes", "1 hour")
        )
        return UNSURE
    timeout = duration_of(time)
    config = {
        "key": key,
        "where": where,
        "timeout": timeout,
        "forget_after": _longer(int(time.value)),
        "emit": None if back else ["recovered"] if again else ["lost"],
    }
    scene.talk.assume(f"A key that stays silent for {config['forget_after']} is forgotten.")
    return Made("heartbeat", kept(config))


def _beats(scene: Scene, phrase: Phrase, key: list[str]) -> str | None:
    """The condition of the events that are signs of life, where only some are."""
    events = scene.events(tuple(key))
    events.rows = True
    event = events.read(phrase)
    return text(event.where) if event.where is not None else None


def _longer(microseconds: int) -> str:
    """How long a silent key is remembered: a day, or ten times the silence."""
    from ...graph.duration import MAX_DAYS, duration_text
    from .words import DURATIONS

    wanted = max(DURATIONS["day"], microseconds * 10)
    return duration_text(min(wanted, MAX_DAYS * DURATIONS["day"]))
