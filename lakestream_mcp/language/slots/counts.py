"""Counts, rates, zones and repetitions: what is found by one kind of event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..rules.counting import heartbeat, threshold_said
from ..rules.measure_words import duration_of, json_number
from ..rules.names import Columns, singular
from ..rules.numbers import METHODS, outlier
from ..rules.phrase import Phrase
from ..rules.scene import UNSURE, Made, Scene, kept, text
from ..rules.special import deduplicate, geofence
from .atoms import Atoms, Condition

if TYPE_CHECKING:
    from sqlglot import exp

_BASELINE = (
    r"(?:(?:the|its|of|over|with|from|is|:|=) )*(?:last|previous|latest|past|preceding|prior|"
    r"recent|baseline|history|windows?)(?: (?:of|the|is|:|=|size|over|last|previous))* (?P<n>#num)"
    r"(?: (?:latest|last|previous))?(?: [a-z]\w*)?|"
    r"(?P<m>#num)(?: \w+)? (?:history|baseline)|"
    r"(?:(?:the|over|with|of) )*(?P<o>#num)(?: (?:latest|last|previous))?"
    r" (?:values|trades|payments|readings|events|rows|orders|samples|measurements|points|records)"
)
_TAKEN_FOR = r"(?:and )?(?:consider|treat|regard|declare|mark|count|call)(?: (?:it|them|as|a|the))*"
Reading = Callable[[Atoms], list[Made] | None]


def read_heartbeat(atoms: Atoms) -> list[Made] | None:
    """A silence, of whatever is compared before it."""
    bare = atoms.bare()
    bare = bare.without(bare.find(_TAKEN_FOR))
    if bare.has("#times"):
        return None
    numbers = {name.lower() for name in atoms.scene.columns.numeric()}
    bare = Phrase([t for t in bare.tokens if t.norm not in numbers], bare.used)
    made = heartbeat(atoms.scene, bare)
    if made is None or made is UNSURE or atoms.scene.talk.questions:
        return None
    return [*kept_rows(atoms), made]


def alone(build: Callable[[Scene, Phrase], Made | None]) -> Reading:
    """A pattern without conditions of its own: what is compared is filtered before it."""

    def reading(atoms: Atoms) -> list[Made] | None:
        """The filter, if any, and the pattern."""
        made = build(atoms.scene, atoms.bare())
        if made is None or made is UNSURE or atoms.scene.talk.questions:
            return None
        return [*kept_rows(atoms), made]

    return reading


def read_outlier(atoms: Atoms) -> list[Made] | None:
    """A value that is far from the ones before it: its column, how far, and from how many."""
    bare, columns = atoms.bare(), atoms.scene.columns
    key, rest = atoms.key(bare)
    method = next((name for name, cue in METHODS if bare.has(cue)), None)
    names = {name.lower(): name for name in columns.numeric()}
    said = [next((w for w in (t.norm, singular(t.norm)) if w in names), "") for t in rest.tokens]
    named = list(dict.fromkeys(names[word] for word in said if word))
    base = rest.find(_BASELINE)
    rest = rest.without(base)
    far = rest.find(r"#num")
    if not key or method is None or len(named) != 1 or base is None or atoms.conditions:
        return alone(outlier)(atoms)
    config = {
        "key": key,
        "value": named[0],
        "method": method,
        "threshold": json_number(rest.tokens[far.start].value) if far else None,
        "baseline_count": int(next(iter(base.groups.values()))[0].value),
        "forget_after": "1 day",
    }
    return [Made("outlier", kept(config))] if not rest.without(far).has("#num|#dur") else None


def kept_rows(atoms: Atoms) -> list[Made]:
    """The comparisons of a text as a filter; nothing where it has none."""
    tree = together(atoms.conditions)
    return [] if tree is None else [Made("filter", {"condition": text(tree)}, "Filter")]


def together(conditions: list[Condition]) -> exp.Expr | None:
    """Several comparisons as one."""
    from sqlglot import exp

    return exp.and_(*[c.tree for c in conditions], copy=False) if conditions else None


def read_zone(atoms: Atoms) -> list[Made] | None:
    """A zone, whose place may be written as if it were compared with: `lat=41.9 lon=12.5`."""
    signs = Phrase([t for t in atoms.phrase.tokens if t.norm not in ("=", "(", ")", ":")])
    made = geofence(atoms.scene, signs)
    if made is None or made is UNSURE or atoms.scene.talk.questions:
        return None
    placed = {made.config["latitude"], made.config["longitude"]}
    left = [c for c in atoms.conditions if not placed & {n.name for n in _columns(c.tree)}]
    tree = together(left)
    before = [] if tree is None else [Made("filter", {"condition": text(tree)}, "Filter")]
    return [*before, made]


def _columns(tree: exp.Expr) -> list[exp.Column]:
    from sqlglot import exp

    return list(tree.find_all(exp.Column))


def read_repeated(atoms: Atoms) -> list[Made] | None:
    """A deduplication by the columns that are named as such, or by what the rules make of it."""
    made = alone(deduplicate)(atoms)
    bare, types = atoms.bare(), atoms.scene.columns.types
    names = {name.lower(): name for name in types}
    named = [names[t.norm] for t in bare.tokens if t.norm in names]
    if made and named and len(atoms.times()) == 1:
        made[-1].config["key"] = list(dict.fromkeys(named))
    return made


def read_count(atoms: Atoms) -> list[Made] | None:
    """So many events within a time, or so many different values."""
    times = atoms.times()
    if len(times) != 1:
        return None
    key, rest = atoms.key(atoms.bare())
    rest = rest.without(rest.find(r"(?:(?:in|within|over|per|during|of|any|a|an|every) )*#dur"))
    distinct, rest = _different(rest, atoms.scene.columns)
    comparison, threshold, rest = _threshold(rest)
    if threshold is None or not key or rest.has("#num|#times|#pct|distinct|different|unique"):
        return None
    tree = together(atoms.conditions)
    config = {
        "key": key,
        "where": text(tree) if tree is not None else None,
        "threshold": threshold,
        "comparison": comparison,
        "window": duration_of(times[0]),
        "distinct": distinct,
    }
    return [Made("count-threshold", kept(config))]


def _threshold(rest: Phrase) -> tuple[str, int | None, Phrase]:
    """How many are too many; a bare number, too, where it is said to be one: `count: 25`."""
    found = rest.find(
        r"(?:count|threshold|at least|there (?:are|were|have been))(?: :| is| of| =)* "
        r"(?P<n>#num)(?: or more)?|"
        r"(?P<m>#num|#times)(?: or more|$)"
    )
    told = threshold_said(rest)
    if told[1] is not None or found is None:
        return told
    number = (found.token("n") or found.token("m") or rest.tokens[found.start]).value
    return ">=", int(number), rest.without(found)


def _different(rest: Phrase, columns: Columns) -> tuple[str | None, Phrase]:
    """The column whose different values are counted, and the text with events in their place."""
    found = rest.find(r"(?:different|distinct|unique) (?P<w>\w+)")
    named = columns.named([found.groups["w"][0].norm]) if found else None
    if found is None or named is None or len(named.names) > 1:
        return None, rest
    events = found.groups["w"][0]._replace(norm="events", text="events")
    rest.use(found.start, found.end)
    tokens = (*rest.tokens[: found.start], events, *rest.tokens[found.end :])
    return named.name, Phrase(tokens, rest.used)


_UNITS = {1_000_000: "second", 60_000_000: "minute", 3_600_000_000: "hour", 86_400_000_000: "day"}


def read_velocity(atoms: Atoms) -> list[Made] | None:
    """A rate, over its unit or over another time."""
    bare = atoms.bare()
    found = bare.find(
        r"(?P<n>#num)(?: (?!(?:in|within|during|over|for|after|inside)\b)\w+){0,3} ?"
        r"(?:per|/|a|an|each|every)? (?P<per>#dur)"
    )
    unit = _UNITS.get(int(found.groups["per"][0].value)) if found else None
    if found is None or unit is None or len(atoms.times()) > 2:
        return None
    others = [t for t in atoms.times() if t.place != found.groups["per"][0].place]
    if others and not bare.has(r"(?:over|in|within|windows?(?: of)?|using)(?: \w+){0,3} #dur"):
        return None
    key, _ = atoms.key(bare)
    tree = together(atoms.conditions)
    below = bare.has(r"(?:below|under|fewer than|less than|drops|falls|lower than)")
    config = {
        "key": key,
        "where": text(tree) if tree is not None else None,
        "comparison": "below" if below else "above",
        "threshold": json_number(found.groups["n"][0].value),
        "per": unit,
        "window": duration_of(others[0]) if others else f"1 {unit}",
        "forget_after": "1 day" if below else None,
    }
    return [Made("velocity", kept(config))] if key else None
