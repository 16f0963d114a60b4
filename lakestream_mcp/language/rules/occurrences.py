"""Patterns about what happens: in order, not at all, too often, or no longer."""

from __future__ import annotations

from typing import Any

from .events import Event
from .measure_words import duration_of
from .measures import take_measures
from .modifiers import WITHIN, take_time
from .names import singular
from .order import Part, ordered
from .order_words import OF_TIME
from .phrase import Phrase
from .relations import take_relations
from .scene import Made, Scene, kept, text
from .words import THINGS

IN_A_ROW = (
    r"(?:in a row|consecutive(?:ly)?|straight|back to back|successive(?:ly)?|"
    r"one after another|one after the other|in succession|running|without "
    r"interruption)"
)


_ORDINAL = r"(?:(?:a|an|the|and|then|,) )*(?:first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th)"
_UNTOLD = r"then|followed|no|not|never|without|before|->|nobody|no one|nothing|none"
DEFAULT_WITHIN = "5 minutes"


def sequence(scene: Scene, phrase: Phrase) -> Made | None:
    """`a login, then three failed payments within 10 minutes, per user`."""
    key, phrase = scene.key(phrase, "sequence")
    measures, phrase = take_measures(phrase, scene.columns)
    parts = _timed(phrase)
    found = (
        [p for part, _ in parts for p in ordered(part)] if len(parts) > 1 else ordered(parts[0][0])
    )
    overall = parts[0][1] if len(parts) == 1 else None
    if len(found) < 2 and not found[0].phrase.has(IN_A_ROW):
        return None
    events = scene.events(tuple(key))
    named = {t.norm for t in phrase.tokens}
    numbers = [n for n in scene.columns.numeric() if n.lower() in named]
    events.conditions.about = numbers[0] if len(numbers) == 1 else None
    steps: list[dict[str, Any]] = []
    for part in found:
        step = _step(scene, events, part, steps)
        if step is not None:
            steps.append(step)
    _each_within(steps, parts, found)
    if not steps or all(step.get("negated") for step in steps):
        return None
    within = duration_of(overall) if overall else None
    if within is None and not any("within" in s for s in steps):
        within = None if not steps[-1].get("negated") else DEFAULT_WITHIN
        said = f"within {within}" if within else "however long it takes"
        scene.talk.assume(f"No time was given for the sequence: it is matched {said}.")
    config = {"key": key, "steps": steps, "within": within}
    if measures:
        config["measures"] = measures.over_steps(scene, steps)
    return Made("sequence", kept(config))


def _timed(phrase: Phrase) -> list[tuple[Phrase, Any]]:
    """The phrase without its time; cut after each time where there are several."""
    phrase = after_time(phrase)
    time, rest = take_time(phrase)
    if time is None or not rest.has("#dur"):
        return [(rest, time)]
    parts: list[tuple[Phrase, Any]] = []
    while (found := next((f for c in WITHIN if (f := phrase.find(c))), None)) is not None:
        phrase.use(found.start, found.end)
        parts.append((phrase.part(0, found.start), found.groups["time"][0]))
        phrase = phrase.part(found.end)
    if phrase.content():
        parts.append((phrase, None))
    return parts


def after_time(phrase: Phrase) -> Phrase:
    """`within a day of a purchase` as `within a day after a purchase`."""
    found = phrase.find(OF_TIME)
    if found is None:
        return phrase
    at = found.end - 1
    after = phrase.tokens[at]._replace(norm="after", text="after")
    return Phrase((*phrase.tokens[:at], after, *phrase.tokens[at + 1 :]), phrase.used)


def _each_within(
    steps: list[dict[str, Any]], parts: list[tuple[Phrase, Any]], found: list[Part]
) -> None:
    """Where each part has a time of its own, it holds between its first step and the one before."""
    if len(parts) < 2 or len(steps) != len(found):
        return
    at = 0
    for part, time in parts:
        count = sum(1 for p in found if p.phrase.tokens and p.phrase.tokens[0] in part.tokens)
        at += count
        if time is not None and 1 < at <= len(steps):
            steps[at - 1]["within"] = duration_of(time)


def _step(
    scene: Scene, events: Any, part: Part, steps: list[dict[str, Any]]
) -> dict[str, Any] | None:
    from sqlglot import exp

    ordinal = part.phrase.at(_ORDINAL) if part.phrase.part(1).content() else None
    whole = part.phrase.without(ordinal)
    row = whole.take(IN_A_ROW)
    related, phrase = take_relations(scene, whole.without(row), steps, events.key)
    event: Event = events.read(phrase)
    if related:
        own = [event.where] if event.where is not None else []
        event = event._replace(where=exp.and_(*own, *related, copy=False))
    if (
        event.where is None
        and not event.counted
        and not phrase.content()
        and not phrase.has(r"event|row|record|any|another|reading")
    ):
        return None
    name = _free(event.name, {*(s["name"] for s in steps), *scene.columns.types})
    step: dict[str, Any] = {"name": name}
    if event.where is not None:
        step["where"] = text(event.where)
    if part.negated:
        step["negated"] = True
    if event.optional:
        step["optional"] = True
    if (event.low, event.high) != (1, 1) and not part.negated:
        step |= {"min": event.low, "max": event.high}
        if row:
            step["inner"] = "strict"
    if part.strict:
        step["contiguity"] = "strict"
    return step


def _free(name: str, taken: set[str]) -> str:
    lowered = {other.lower() for other in taken}
    if name not in lowered:
        return name
    return next(f"{name}_{n}" for n in range(2, 1000) if f"{name}_{n}" not in lowered)


def absence(scene: Scene, phrase: Phrase) -> Made | None:
    """`an order that no shipment follows within 2 days`; `it stays above 80 for 10 minutes`."""
    key, phrase = scene.key(phrase, "missing event")
    time, rest = take_time(after_time(phrase))
    if held := _held(scene, rest, key, time):
        return held
    parts = ordered(rest)
    if len(parts) != 2 or parts[0].negated or not parts[1].negated:
        return None
    events = scene.events(tuple(key))
    trigger, expected = events.read(parts[0].phrase), events.read(parts[1].phrase)
    anything = (
        parts[0].phrase.has("events?|rows?|records?|messages?") and expected.where is not None
    )
    start = trigger.where
    if start is None and not anything:
        if expected.where is None or not _is_thing(parts[0].phrase):
            return None
        start = _opposite(expected.where)
    if start is None and not anything:
        return None
    config = {
        "key": key,
        "trigger": text(start),
        "expected": text(expected.where),
        "within": duration_of(time) if time else None,
    }
    if time is None:
        scene.talk.ask("How long is to be waited for it?", ("10 minutes", "1 hour", "1 day"))
    return Made("absence", kept(config))


def _is_thing(phrase: Phrase) -> bool:
    """Whether a phrase only names a thing that has states of its own: `an order`."""
    content = phrase.content()
    return bool(content) and all(singular(t.norm) in THINGS for t in content)


def _held(scene: Scene, phrase: Phrase, key: list[str], time: Any) -> Made | None:
    """A value that stays beyond a limit for a time: no reading comes that does not."""
    from sqlglot import exp

    stays = phrase.find(
        r"stays?|stayed|remains?|remained|staying|remaining|has been|have "
        r"been|is|are|was|continuously|constantly|consistently|still|keeps|"
        r"sustained|persistently|stuck|sits|sitting|lingers|left|waiting"
    ) or phrase.find(r"\w+")
    if time is None or stays is None or phrase.has(_UNTOLD):
        return None
    whole = phrase
    if phrase.part(stays.start, stays.end).has(
        r"stuck|sits|sitting|lingers|left|waiting|stays?|remains?|keeps|"
        r"sustained|continuously|constantly"
    ):
        phrase.use(stays.start, stays.end)
        phrase = phrase.without(stays)
    events = scene.events(tuple(key))
    where = events.read(phrase).where
    stuck = phrase.text != whole.text
    if where is None or not (events.conditions.compared or stuck):
        return None
    opposite = _opposite(where) or exp.Not(this=exp.Paren(this=where.copy()))
    config = {
        "key": key,
        "trigger": text(where),
        "expected": text(opposite),
        "within": duration_of(time),
    }
    scene.talk.assume("It counts as lasting when no event says otherwise within the time.")
    return Made("absence", config)


def _opposite(where: Any) -> Any:
    from sqlglot import exp

    pairs = {exp.GT: exp.LTE, exp.GTE: exp.LT, exp.LT: exp.GTE, exp.LTE: exp.GT, exp.EQ: exp.NEQ}
    kind = pairs.get(type(where))
    return kind(this=where.this.copy(), expression=where.expression.copy()) if kind else None
