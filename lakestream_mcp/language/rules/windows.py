"""Aggregates over windows of time, in words."""

from __future__ import annotations

from .measure_words import duration_of
from .measures import FUNCTIONS, Measure, aggregates, column_of
from .modifiers import take_key, take_time
from .names import singular
from .phrase import Phrase
from .scene import Made, Scene, kept
from .tokens import Token
from .words import STATUS_WORDS

_SLIDE = (
    r"(?:(?:sliding|hopping|moving|advancing|updated|refreshed|slide|"
    r"slides|,|that|which|and|every|by|of|with|a) )*(?:sliding|hopping|"
    r"moving|advancing|updated|refreshed|slide|slides)(?: (?:every|by|"
    r"of|each|window))* (?P<d>#dur)"
)


_WINDOWED = (
    r"(?:(?:compute|calculate|aggregate|get|report|show|find|give|"
    r"produce|output|take|me|the|a|count) "
    rf")*(?P<f>(?:{'|'.join(FUNCTIONS)}|distinct count|number of "
    r"distinct|number of unique|count of distinct|unique|distinct|different))"
)


_EVERY = (
    r"(?:,|and)? ?(?:every|each|once every|updated every|over the (?:last|past)|over|of the last|"
    r"(?:windows? )?of) (?P<d>#dur)"
)


def _whose(scene: Scene, phrase: Phrase) -> tuple[list[str], Phrase]:
    """The key of `a merchant's average amount`, and the phrase without it."""
    who = phrase.find(
        rf"(?:(?:an?|each|every|any|one|the same) )?(?P<w>\w+)"
        rf"(?= (?:(?:with|whose|having|where) (?:(?:an?|the) )?)?(?:{'|'.join(FUNCTIONS)})(?!\S))"
    )
    named = scene.columns.exactly([who.groups["w"][0].norm]) if who else None
    if who is None or named is None or scene.columns.types[named.name] != "string":
        return [], phrase
    phrase.use(who.start, who.end)
    return [named.name], phrase.without(who)


def windowed(scene: Scene, phrase: Phrase) -> Made | None:
    """`average temperature per device every 5 minutes`, `count orders by country hourly`."""
    found = phrase.find(_WINDOWED)
    if found is None:
        return None
    phrase = phrase.part(found.start) if not phrase.part(0, found.start).content() else phrase
    slide = phrase.take(_SLIDE)
    rest = phrase.without(slide)
    session = (
        rest.take(r"session (?:windows?)?(?: ?(?:with|of|a|gap|by))*")
        if rest.has("session window|session windows")
        else None
    )
    rest = rest.without(session)
    time, rest = take_time(rest)
    every = rest.find(_EVERY) if time is not None and slide is None and session is None else None
    kind = rest.take(
        r"(?:using |with |in |over |a )*(?:tumbling|sliding|hopping|fixed|"
        r"rolling)(?: windows?)?|windows?"
    )
    if time is None or phrase.has(r"#num|#times"):
        return None
    key, rest = take_key(rest.without(kind), scene.columns, scene.talk)
    names, rest = (list(key.names), rest) if key.names else _whose(scene, rest)
    at = rest.find(rf"(?:{'|'.join(FUNCTIONS)}|distinct|unique|different)")
    wanted, end = aggregates(rest, at.start, scene.columns) if at else ([], 0)
    if not wanted or at is None:
        return None
    _used(rest, wanted, at.start, end)
    step = slide.groups["d"][0] if slide else None
    if every is not None and every.groups["d"][0].value != time.value:
        phrase.used.add(every.groups["d"][0].place)
        step, time = sorted((every.groups["d"][0], time), key=lambda t: t.value)
    return _window(time, step, session is not None, names, aggregations(scene, wanted))


def _window(
    time: Token, step: Token | None, session: bool, names: list[str], made: list[dict[str, str]]
) -> Made:
    if step is not None and step.value > time.value:
        step, time = time, step
    config = {
        "window_type": "session" if session else "sliding" if step else "tumbling",
        "duration": None if session else duration_of(time),
        "gap": duration_of(time) if session else None,
        "slide": duration_of(step) if step else None,
        "group_by": names,
        "aggregations": made,
    }
    return Made("window-aggregate", kept(config), "Windows")


def _used(rest: Phrase, wanted: list[Measure], start: int, end: int) -> None:
    """Count the words of a window as understood, but for those that say which rows are meant."""
    counted = {w for m in wanted if m.function == "count" for w in m.column}
    kinds = counted if counted & STATUS_WORDS else set(STATUS_WORDS)
    told = {t.place for t in rest.tokens[start:end] if t.norm in kinds}
    told |= {t.place for t in rest.tokens[:start] if t.norm in STATUS_WORDS}
    told -= rest.used
    rest.use(0, end)
    rest.used.difference_update(told)


def aggregations(scene: Scene, wanted: list[Measure]) -> list[dict[str, str]]:
    """Aggregations; a count of what is no column counts rows."""
    made = []
    for measure in wanted:
        words = list(measure.column)
        if measure.function == "count":
            made.append({"function": "count", "name": measure.name or "event_count"})
            continue
        if measure.function == "count_distinct":
            named = scene.columns.named(words) if words else None
            if named is None and scene.columns.open and words:
                word = singular(words[0])
                named = scene.columns.named([scene.columns.make(word, "string")])
            name = named.name if named else None
        else:
            name = column_of(scene, words)
        if name is None:
            if not words:
                scene.talk.ask(f"The {measure.function} of which column?", scene.columns.numeric())
            continue
        made.append(
            {
                "function": measure.function,
                "column": name,
                "name": measure.name or f"{measure.function}_{name}",
            }
        )
    return [a for n, a in enumerate(made) if a not in made[:n]]
