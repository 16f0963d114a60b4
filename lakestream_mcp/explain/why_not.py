"""Why something did not match: what came closest, which clause was not satisfied, and by how much.

Three questions: about a key (or all of them), about one event, or about events that were expected
to match together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..cep.host import PatternRun
from ..cep.near_miss import Miss, moment
from ..cep.physical import EPOCH
from ..cep.report import jsonable
from ..errors import InvalidArgument, NotFound, Unsupported
from .path import event_path, key_funnel, never_came, nothing_near
from .reopen import Reopened
from .view import horizon, inputs_of, key_view, keys_of, replayed

MAX_KEYS = 3
MICROSECOND = dt.timedelta(microseconds=1)
MAX_SUSPECTS = 400
Key = tuple[Any, ...]
Told = tuple[list[str], list[dict[str, Any]]]
"""Sentences, and misses as data, the closest first."""


def why_no_match_of_key(opened: Reopened, node: str, key: dict[str, Any], limit: int) -> Told:
    """The closest misses of the keys that fit `key` (all of them where it is empty)."""
    pattern = opened.run.patterns[node]
    chosen = _asked_keys(pattern, node, key)
    if key and not chosen:
        return never_came(opened, node, key, keys_of(pattern)), []
    sentences: list[str] = []
    misses: list[tuple[Key, Miss]] = []
    for values, numbers in chosen:
        if key:
            sentences += key_funnel(opened, node, values)
            sentences += _late_ones(pattern, numbers)
        misses += [(values, miss) for miss in closest(opened, node, numbers, limit)]
    told = _ranked(misses, limit)
    sentences += [_prefixed(pattern, values, miss) for values, miss in told]
    waiting = list(_waiting_ones(opened, pattern, [n for _, numbers in chosen for n in numbers]))
    sentences += waiting
    if not misses and not waiting:
        matched = any(_matched(pattern, numbers) for _, numbers in chosen)
        all_in_one = ["All that came near a match is in one."]
        sentences += all_in_one if matched else nothing_near(opened, node)
    return sentences, [_answer(node, pattern, values, miss) for values, miss in told]


def why_not_event(opened: Reopened, node: str, event: int, limit: int) -> Told:
    """What became of one event, and the misses it took part in."""
    pattern = opened.run.patterns[node]
    sentences, arrived = event_path(opened, node, event)
    if not arrived:
        return sentences, []
    values, numbers = _key_of(pattern, event)
    matches = [row["match_id"] for row, match in pattern.found if event in _numbers(match[3])]
    if matches:
        return [*sentences, f"It is in the match {', '.join(m[:12] for m in matches[:5])}."], []
    unplayed = _unplayed(opened, pattern, event)
    if unplayed:
        return [*sentences, unplayed], []
    found = closest(opened, node, numbers, 10_000)
    mine = [m for m in found if m.event == event or event in {n for _, n in m.events}]
    told = _ranked([(values, miss) for miss in mine], limit)
    if not told:
        sentences.append(f"No partial match had it. {_conditions(opened, node, event)}")
    sentences += [miss.sentence for _, miss in told]
    return sentences, [_answer(node, pattern, v, miss) for v, miss in told]


def why_not_together(opened: Reopened, node: str, expected: Sequence[int], limit: int) -> Told:
    """Why events that were expected to match together did not."""
    pattern = opened.run.patterns[node]
    sentences: list[str] = []
    for event in expected:
        path, arrived = event_path(opened, node, event)
        if not arrived:
            return [*path, "So they cannot match together."], []
        sentences += filter(None, [_unplayed(opened, pattern, event)])
    keys = {event: _key_of(pattern, event)[0] for event in expected}
    if len(set(keys.values())) > 1:
        told = ", ".join(f"event {e} has {_key_text(pattern, k)}" for e, k in keys.items())
        return [f"They have different keys: {told}.", *sentences], []
    if sentences:
        return sentences, []
    wanted = set(expected)
    for row, match in pattern.found:
        if wanted <= _numbers(match[3]):
            return [f"They did match: {row['match_id'][:12]}."], []
    values, numbers = _key_of(pattern, expected[0])
    if any(wanted <= _numbers(m[3]) for _, m in replayed(pattern, node, wanted, _far()).matches):
        return _disturbed(opened, node, wanted, numbers), []
    found = _ranked([(values, m) for m in closest(opened, node, sorted(wanted), limit)], limit)
    said = [miss.sentence for _, miss in found] or ["They satisfy no condition of the pattern."]
    return said, [_answer(node, pattern, v, miss) for v, miss in found]


def closest(opened: Reopened, node: str, numbers: list[int], limit: int) -> list[Miss]:
    """The misses among the rows of one key, the closest first."""
    pattern = opened.run.patterns[node]
    host = opened.host
    view = key_view(host, pattern, node, numbers, opened.options.advance_to)
    kind = host.catalog.get(host.type_of(node))
    found = sorted(kind.misses(host.configs[node], view), key=_order)
    unique = {miss.sentence: miss for miss in reversed(found)}
    return sorted(unique.values(), key=_order)[:limit]


def _disturbed(opened: Reopened, node: str, wanted: set[int], numbers: Sequence[int]) -> list[str]:
    """Which other event of the key kept events that match alone from matching."""
    pattern = opened.run.patterns[node]
    for other in [n for n in numbers if n not in wanted][:MAX_SUSPECTS]:
        outcome = replayed(pattern, node, wanted | {other}, _far())
        if any(wanted <= _numbers(m[3]) for _, m in outcome.matches):
            continue
        reasons = [e.reason for e in outcome.ended if wanted & _numbers(e.bound)]
        instead = [m for _, m in outcome.matches if wanted & _numbers(m[3])]
        said = f"Alone they match. Event {other} keeps them from it"
        if instead:
            events = ", ".join(str(n) for n in sorted(_numbers(instead[0][3])))
            return [f"{said}: with it, the events {events} match instead."]
        return [f"{said}{': ' + reasons[0] if reasons else ''}."]
    overlapping = [row["match_id"] for row, m in pattern.found if wanted & _numbers(m[3])]
    if overlapping:
        taken = ", ".join(m[:12] for m in overlapping[:3])
        return [f"Alone they match, but some of them are in the match {taken} already."]
    return ["Alone they match; only several other events together keep them from it."]


def _asked_keys(pattern: PatternRun, node: str, key: dict[str, Any]) -> list[tuple[Key, list[int]]]:
    """The keys asked for; without any, those whose partial matches came furthest."""
    known = keys_of(pattern)
    names = pattern.plan.key
    unknown = sorted(set(key) - set(names))
    if unknown:
        raise InvalidArgument(
            f"`{unknown[0]}` is no key of `{node}`.",
            where={"argument": "key"},
            got=unknown[0],
            expected=list(names),
        )
    fitting = [(values, n) for values, n in known.items() if _fits(values, names, key, jsonable)]
    if key:
        # A number asked for as text, or the other way round, is the same key.
        alike = [(values, n) for values, n in known.items() if _fits(values, names, key, _as_text)]
        return (fitting or alike)[:MAX_KEYS]
    reach: dict[int, int] = {}
    for ended in pattern.outcome.ended:
        if ended.bound:
            first = ended.bound[0][2][-1]
            reach[first] = max(reach.get(first, 0), len(ended.bound))
    furthest = {n: max((reach.get(i, 0) for i in n), default=0) for n in map(tuple, known.values())}
    return sorted(fitting, key=lambda kn: (-furthest[tuple(kn[1])], -len(kn[1])))[:MAX_KEYS]


def _fits(
    values: Key, names: Sequence[str], key: dict[str, Any], form: Callable[[Any], Any]
) -> bool:
    return all(form(values[names.index(name)]) == form(value) for name, value in key.items())


def _as_text(value: Any) -> str:
    return str(jsonable(value))


def _matched(pattern: PatternRun, numbers: list[int]) -> bool:
    """Whether any of these events is in a match."""
    return any(_numbers(match[3]) & set(numbers) for _, match in pattern.found)


def _late_ones(pattern: PatternRun, numbers: list[int]) -> Iterator[str]:
    """How many of a key's events were dropped because they came late."""
    late = sorted(set(pattern.late_rows.tolist()) & set(numbers))
    if late:
        first = f"event {late[0]}" if len(late) == 1 else f"event {late[0]} is the first"
        yield f"{len(late)} of {len(numbers)} events of this key came late ({first})."


def _waiting_ones(opened: Reopened, pattern: PatternRun, numbers: list[int]) -> Iterator[str]:
    """How many events were never played, because the watermark has not passed them."""
    end = horizon(pattern, opened.options.advance_to)
    inputs = zip(pattern.plan.parts(), inputs_of(pattern, numbers), strict=True)
    times = [time for part, table in inputs for time in table[part.event_time].to_pylist()]
    waiting = sum(time is not None and (time - EPOCH) // MICROSECOND > end for time in times)
    if waiting:
        yield (
            f"{waiting} of {len(numbers)} events wait: the watermark stands at "
            f"{moment(pattern.watermark)} and has not passed them."
        )


def _key_of(pattern: PatternRun, event: int) -> tuple[Key, list[int]]:
    for values, numbers in keys_of(pattern).items():
        if event in numbers:
            return values, numbers
    raise NotFound(f"There is no event {event}.", code="EVENT_NOT_FOUND", got=event)


def _numbers(bound: Any) -> set[int]:
    return {row[-1] for _, _, row in bound}


def _order(miss: Miss) -> tuple[float, int]:
    return (-round(miss.progress, 6), miss.at if miss.at is not None else 0)


def _ranked(misses: list[tuple[Key, Miss]], limit: int) -> list[tuple[Key, Miss]]:
    return sorted(misses, key=lambda pair: _order(pair[1]))[:limit]


def _unplayed(opened: Reopened, pattern: PatternRun, event: int) -> str | None:
    """Why the matcher never saw an event that reached the pattern; None where it did."""
    at = None
    for part, table in zip(pattern.plan.parts(), inputs_of(pattern, [event]), strict=True):
        at = table[part.event_time][0].as_py() if table.num_rows else at
    if at is None:
        return None
    if event in pattern.late_rows.tolist():
        return (
            f"Event {event} was late: its event time {jsonable(at)} was at or below the watermark "
            "when it came. A larger watermark delay keeps it."
        )
    if (at - EPOCH) // MICROSECOND > horizon(pattern, opened.options.advance_to):
        return (
            f"Event {event} waits: the watermark stands at {moment(pattern.watermark)} and has not "
            f"passed its event time {jsonable(at)}."
        )
    return None


def _conditions(opened: Reopened, node: str, event: int) -> str:
    """What the event satisfied of the pattern's conditions."""
    pattern, host = opened.run.patterns[node], opened.host
    kind, config = host.catalog.get(host.type_of(node)), host.configs[node]
    view = key_view(host, pattern, node, [event], opened.options.advance_to)
    if not view.events:
        return "It has no event time."
    said = []
    for step, condition in kind.step_conditions(config).items():
        parts = view.parts(condition, view.events[0], ())
        false = [part.told() for part in parts if not part.holds]
        said.append(f"`{step}`: {' and '.join(false) or 'its condition holds'}")
    return "; ".join(said) + "."


def _prefixed(pattern: PatternRun, values: Key, miss: Miss) -> str:
    return f"{_key_text(pattern, values)}: {miss.sentence}" if pattern.plan.key else miss.sentence


def _key_text(pattern: PatternRun, values: Key) -> str:
    return ", ".join(f"{n} = {jsonable(v)}" for n, v in zip(pattern.plan.key, values))


def _answer(node: str, pattern: PatternRun, values: Key, miss: Miss) -> dict[str, Any]:
    answer: dict[str, Any] = jsonable(
        {
            "pattern": node,
            "key": dict(zip(pattern.plan.key, values)),
            "progress": round(miss.progress, 3),
            "clause": miss.clause,
            "at": None if miss.at is None else moment(miss.at),
            "event": miss.event,
            "events": [{"step": step, "event": number} for step, number in miss.events[:20]],
            "got": miss.got,
            "expected": miss.expected,
            "distance": miss.distance,
            "sentence": miss.sentence,
        }
    )
    return {name: value for name, value in answer.items() if value not in (None, [], "")}


def _far() -> int:
    from ..cep.replay import FAR

    return FAR


def nodes_asked(opened: Reopened, node: str) -> Iterator[str]:
    """The patterns a question is about. Raises InvalidArgument, Unsupported for another node."""
    if node in opened.run.processors:
        raise Unsupported(
            f"`{node}` is the author's own code: what its rows mean is not known here.",
            where={"argument": "node"},
            got=node,
            hint="test_pattern shows its rows; check_order says whether they depend on batches",
        )
    if node and node not in opened.run.patterns:
        raise InvalidArgument(
            f"`{node}` is no pattern of this pipeline.",
            where={"argument": "node"},
            got=node,
            expected=list(opened.run.patterns),
        )
    yield from [node] if node else opened.run.patterns
