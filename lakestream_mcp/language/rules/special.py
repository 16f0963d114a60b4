"""Patterns with a shape of their own: sessions, zones, repetitions, states, two streams."""

from __future__ import annotations

from typing import Any

from .counts import counted
from .measure_words import duration_of, json_number
from .measures import take_measures
from .modifiers import take_key, take_time
from .names import Columns, column_name, singular
from .phrase import Phrase, means_something
from .scene import UNSURE, Made, Scene, kept, text
from .words import ENTITIES, STOP, word_set

_ENTER = (
    r"(?:comes? back|returns?|enters?|entering|entered|arrives?(?: at| in)?|arriving|arrive|"
    r"comes? (?:in|into|within|"
    r"inside)|gets? within|(?:goes|going|go|drives|driving) into|moves? into|drives? into)"
)


_EXIT = (
    r"(?:leaves?|leaving|left|exits?|exiting|exited|departs?|goes out of|moves? out of|outside|"
    r"(?:farther|further)(?: away)? than|more than(?= #dist (?:away|from))|beyond(?= #dist))"
)


_STAY = (
    r"(?:stays?|staying|stayed|dwells?|dwelling|remains?|lingers?|loiters?|"
    r"waits?|parks?|parked|stands?|is inside|are inside|is within|sits?|hangs? (?:around|about)|"
    r"idles?|loiters?)"
)


_LONGEST = (
    r"(?:(?:(?:and|it|can|may|must|should|will|is|are|be|last|lasts) )*(?:never|not)"
    r"(?: (?:be|last|lasts|run|take))* (?:longer|more) than|at most|no longer than|not longer "
    r"than|up to|max(?:imum)?(?: "
    r"length| duration)?(?: of)?|lasting at most|capped at|limited to|"
    r"longest) (?P<time>#dur)(?: (?:long|at most|max|maximum))?"
)


_PLACE = (
    r"(?P<lat>#num) ?(?:,|/|and|lat|latitude)? ?(?:(?:lon|lng|longitude|"
    r"long) )?(?P<lon>#num)|lat(?:itude)? (?:= |of )?(?P<lat2>#num)(?: "
    r",| and)? (?:lon|lng|long|longitude) (?:= |of )?(?P<lon2>#num)"
)


_SIZE = (
    r"(?:(?:within|in|inside|with|and|a|an|of|radius|around|of) "
    r")*(?P<r>#dist)(?: (?:of|from|around|radius|away|away from|the|"
    r"zone|geofence|circle))*"
)


def _without_length(scene: Scene, phrase: Phrase) -> Phrase:
    """The phrase without `longer than 2 hours`, which no session can be asked for."""
    over = phrase.take(r"(?:longer|more|shorter|less) than #dur")
    if over:
        said = phrase.part(over.start, over.end).said()
        scene.talk.assume(f"A session's length cannot be asked for: `{said}` is left out.")
    return phrase.without(over)


def _least(phrase: Phrase) -> tuple[int | None, Phrase]:
    """`at least 3 events`: how many, and the phrase without it."""
    least = phrase.take(
        r"(?:at least|minimum(?: of)?|more than|with|of) #num(?: or more)? "
        r"(?:events?|clicks?|pages?|page views?|rows?|actions?)"
    )
    count = counted(phrase.part(least.start, least.end))[0] if least else None
    return (count[0] if count else None), phrase.without(least)


def session(scene: Scene, phrase: Phrase) -> Made | None:
    """`sessions of a user with a gap of 30 minutes, at least 3 events, report the total amount`."""
    key, phrase = scene.key(_without_word(phrase), "session")
    measures, phrase = take_measures(phrase, scene.columns)
    longest = phrase.take(_LONGEST)
    phrase = phrase.without(longest)
    phrase = _without_length(scene, phrase)
    time, phrase = take_time(phrase)
    low, phrase = _least(phrase)
    end = phrase.find(
        r"(?:that )?(?:ends?|ending|closes?|closed|ended|end)(?: it| the "
        r"session)?(?: (?:with|by|on|at|when|if|after))+(?: (?:a|an|the))?"
    )
    closing = None
    if end:
        phrase.use(end.start, end.end)
        closing = scene.events(tuple(key)).read(phrase.part(end.end)).where
        phrase = phrase.part(0, end.start)
    phrase = phrase.without(
        phrase.take(
            r"(?:inactivity|inactive|idle|silence|gap|quiet|idleness|"
            r"timeout|pause|break|no activity)(?: time| gap| timeout)?"
        )
    )
    if time is None:
        scene.talk.assume("No gap was given for sessions: I took 30 minutes.")
    config = {
        "key": key,
        "gap": duration_of(time) if time else "30 minutes",
        "max_duration": duration_of(longest.groups["time"][0]) if longest else None,
        "min_events": low,
        "end": text(closing) if closing is not None else None,
        "where": _where(scene, phrase, key),
        "measures": measures.over(scene, "event") if measures else None,
    }
    return Made("session", kept(config))


def _without_word(phrase: Phrase) -> Phrase:
    return phrase.without(
        phrase.take(
            r"(?:(?:group|split|cut|divide|organize|organise|put|build|"
            r"create|make|turn|combine|collect) )?(?:(?:[a-z]\w* "
            r"){0,3}(?:into|to|in) )?(?:user |activity |visit |browsing |"
            r"web |shopping )?(?:sessions?|sessionize|sessionise|"
            r"sessionization|visits?)(?: windows?)?"
        )
    )


def _where(scene: Scene, phrase: Phrase, key: list[str]) -> str | None:
    """The condition of the events that count; only comparisons make one here."""
    events = scene.events(tuple(key))
    clauses = events.conditions.clauses(phrase)
    if not clauses:
        return None
    from sqlglot import exp

    return text(exp.and_(*[clause.tree for clause in clauses], copy=False))


_NO_ZONE = word_set("go goes center centre closer report tell notify going coordinate key")
CROSSINGS = {"enter": _ENTER, "exit": _EXIT, "dwell": _STAY}
_ZONE = (
    r"geofences?|zones?|areas?|circle|radius|perimeter|location|"
    r"position|point|coordinates|inside|within|close|near"
)


def geofence(scene: Scene, phrase: Phrase) -> Made | None:
    """`a truck enters within 500 m of 59.9, 10.7`, `stays in the depot for 10 minutes`."""
    columns = scene.columns
    if not _has_place(columns, phrase):
        return None
    latitude, longitude = _coordinate(scene, "latitude"), _coordinate(scene, "longitude")
    if latitude is None or longitude is None:
        scene.talk.ask("Which columns hold latitude and longitude?", tuple(columns.types))
        return UNSURE
    key, phrase = scene.key(phrase, "zone")
    place = phrase.take(_PLACE)
    rest = phrase.without(place)
    emit = [name for name, cue in CROSSINGS.items() if rest.has(cue)]
    size = rest.take(_SIZE)
    rest = rest.without(size)
    time, rest = take_time(rest)
    for cue in (*CROSSINGS.values(), _ZONE):
        while found := rest.take(cue):
            rest = rest.without(found)
    if time and "dwell" not in emit:
        emit.append("dwell")
    if not place:
        scene.talk.ask(
            "Where is the zone? Give its centre as latitude and longitude.",
            ("59.91, 10.75 with a radius of 500 m",),
        )
        return UNSURE
    zone = _zone(scene, rest, place, size)
    if not zone:
        return UNSURE
    if "dwell" in emit and not time:
        scene.talk.ask("How long is a stay that counts?", ("5 minutes", "30 minutes", "1 hour"))
    config = {
        "key": key,
        "latitude": latitude,
        "longitude": longitude,
        "zones": [zone],
        "emit": emit or ["enter", "exit"],
        "dwell": duration_of(time) if time and "dwell" in emit else None,
    }
    return Made("geofence", kept(config))


def _has_place(columns: Columns, phrase: Phrase) -> bool:
    """Whether a zone is spoken of; a bare `leaves the depot` needs rows that have a place."""
    known = columns.named(["latitude"]) and columns.named(["lon"]) and not columns.open
    return bool(known) or phrase.has(_ZONE + "|#dist")


def _coordinate(scene: Scene, word: str) -> str | None:
    if scene.columns.open:
        return scene.columns.make(word, "double")
    named = scene.columns.named([word])
    return named.name if named else None


def _zone(scene: Scene, rest: Phrase, place: Any, size: Any) -> dict[str, Any] | None:
    lat, lon = (place.token(a) or place.token(b) for a, b in (("lat", "lat2"), ("lon", "lon2")))
    if abs(lat.value) > 90 or abs(lon.value) > 180:
        scene.talk.ask(f"{lat.text}, {lon.text} is no place on Earth. Where is the zone?")
        return None
    words = [t for t in rest.tokens if t.kind in ("word", "str") and means_something(t)]
    words = [t for t in words if singular(t.norm) not in ENTITIES | _NO_ZONE]
    words = [t for t in words if t.norm not in {n.lower() for n in scene.columns.types}][:3]
    rest.used.update(t.place for t in words)
    name = column_name(str(t.value or t.text) for t in words) if words else "zone"
    if size is None:
        scene.talk.assume("No radius was given for the zone: I took 500 m.")
    radius = float(size.groups["r"][0].value) if size else 500.0
    if not 0 < radius <= 2_000_000:
        scene.talk.ask("How large is the zone?", ("500 m", "1 km"))
        return None
    return {
        "name": name,
        "latitude": json_number(lat.value),
        "longitude": json_number(lon.value),
        "radius_m": json_number(radius),
    }


def deduplicate(scene: Scene, phrase: Phrase) -> Made | None:
    """`ignore duplicates by order id for a day`."""
    rest = phrase.without(
        phrase.take(
            r"(?:(?:ignore|drop|remove|filter out|filter|skip|discard|"
            r"eliminate|get rid of|suppress|throw away|do|not|pass|any|the|"
            r"all|keep|only|let|through|first|one|of) )*(?:exact "
            r")?(?:duplicates?|duplicated?|dupes?|dedupe|dedup|deduplicate|"
            r"deduplicates|deduplication|de duplicate|repeats?|repetitions?|"
            r"repeated|copies|unique|de dupe|same)(?: (?:events?|rows?|"
            r"records?|messages?|readings?|orders?|transactions?))?"
        )
    )
    rest = rest.without(
        rest.take(r"(?:by|on|with|per|using|based on)? ?(?:the )?(?:same|combination of)")
    )
    time, rest = take_time(rest)
    key, rest = take_key(rest, scene.columns, scene.talk)
    names = list(key.names) or _named_columns(scene, rest)
    if not names:
        ids = [n for n in scene.columns.types if n.lower().endswith("id")]
        if len(ids) == 1:
            scene.talk.assume(f"Rows are repetitions when their `{ids[0]}` is the same.")
            names = ids
        else:
            scene.talk.ask(
                "What makes a row a repetition? Which columns are then equal?",
                ids or tuple(scene.columns.types),
            )
    if time is None:
        scene.talk.assume("No time was given for repetitions: I took 10 minutes.")
    config = {"key": names, "within": duration_of(time) if time else None}
    return Made("deduplicate", kept(config))


def _named_columns(scene: Scene, phrase: Phrase) -> list[str]:
    names: list[str] = []
    at = 0
    while at < len(phrase):
        words = [t.norm for t in phrase.tokens[at : at + 4]]
        named = (
            None
            if words[0] in STOP
            else scene.columns.key_of(words[:2]) or scene.columns.key_of(words[:1])
        )
        if named and len(named.names) == 1:
            names.append(named.name)
            phrase.use(at, at + named.length)
            at += named.length
        elif scene.columns.open and phrase.at(r"\w+_id|\w+ id", at):
            found = phrase.at(r"\w+_id|\w+ id", at)
            assert found
            names.append(
                scene.columns.make(
                    column_name(t.norm for t in phrase.tokens[at : found.end]), "string"
                )
            )
            phrase.use(at, found.end)
            at = found.end
        else:
            at += 1
    return list(dict.fromkeys(names))
