"""States that a thing goes through, in words."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .measure_words import duration_of
from .modifiers import take_time
from .names import column_name
from .phrase import Found, Phrase
from .scene import UNSURE, Made, Scene, text
from .tokens import Token
from .words import STOP, word_set

if TYPE_CHECKING:
    from sqlglot import exp

_MACHINE = r"state machine|life ?cycle|transitions?|track\w*|states|stages|model"
_NO_STATES = STOP - word_set("new sent received arrived placed started valid issued done seen")
_MOVES = (
    r"(?:goes|go|moves?|moved|transitions?|transitioned|changes?|changed|"
    r"switches|switched|progresses|passes|advances?|turns|flips)"
)


_ABOUT = (
    r"(?:the )?(?:state|status|stage|phase)s?(?: machine| column)?|track|lifecycle|life cycle|"
    r"follow"
)
_STATE_MACHINE = (
    rf"(?:{_MOVES} )?(?:through |directly )?from (?:the |state |status "
    r")*(?P<a>#str|\w+) (?:state |status )?(?:(?:straight|directly|on|"
    r"back) )?(?:to|into|->) (?:the |state |status )*(?P<b>#str|\w+)|"
    r"(?:state|status|stage|phase)s? (?:path |flow |goes |moves |"
    r"changes )*(?P<c>#str|\w+) (?:->|to) (?P<d>#str|\w+)|(?:lifecycle|"
    r"life cycle|states|state machine|stages|through|via|along)"
    r"(?: (?:per|for|by|over)(?: (?:each|every|the))? \w+)?(?: of| with|:| states| is|"
    r" are| the)* (?P<e>#str|\w+) (?:->|to|,|then) (?P<f>#str|\w+)"
)


_PAIR = (
    r"(?:(?:,|and|or|also|goes|go|moves|then) )*(?:from )?(?:the )?(?P<a>#str|\w+) (?:to|->|into) "
    r"(?:the )?(?P<b>#str|\w+)(?: (?P<o>or|and) (?P<c>#str|\w+)(?! (?:to|->|into)))?"
)


_MORE = (
    r"(?:,|and)? ?(?:(?:and|or) )?(?:then |on |finally )?(?:to|->|into|"
    r",|then|and)(?: finally| the| then| on to)* (?P<s>#str|\w+)(?! \w* "
    r"?(?:id|key))"
)


def state_machine(scene: Scene, phrase: Phrase) -> Made | None:
    """`status goes from pending to paid to shipped`."""
    found, pairs = phrase.find(_STATE_MACHINE), list(phrase.all(_PAIR))
    if found is None:
        return None
    if len(pairs) > 1 and not phrase.part(pairs[0].end, pairs[1].start + 1).has("->|to|then|into"):
        return _branching(scene, phrase, pairs)
    states = [
        found.token(a) or found.token(b) or found.token(c)
        for a, b, c in (("a", "c", "e"), ("b", "d", "f"))
    ]
    end = found.end
    while more := phrase.at(
        (_MORE),
        end,
    ):
        if more.groups["s"][0].norm in {*_NO_STATES, "per", "within"} or phrase.at(
            r"per|by|within|for each", more.start
        ):
            break
        states.append(more.groups["s"][0])
        end = more.end
    names = [
        _value(t)
        for t in states
        if t is not None and (t.norm not in _NO_STATES or t.text.isupper())
    ]
    if len(names) < 2:
        return None
    phrase.use(found.start, end)
    rest = phrase.outside(found.start, end)
    rest = rest.without(rest.take(_ABOUT))
    key, rest = scene.key(rest, "state")
    time, rest = take_time(rest)
    column = _state_column(scene, rest)
    if len(set(names)) != len(names):
        scene.talk.ask("A state comes twice on the way. Which way is meant?", [" to ".join(names)])
        return UNSURE
    if column and time is not None and not (names[2:] or phrase.has(_MACHINE)):
        return _move(key, column, names, time)
    return machine(scene, key, column, list(pairwise(names)), time) if column else UNSURE


def _move(key: list[str], column: str, names: list[str], time: Token) -> Made:
    """One state and then another within a time, which is no machine yet."""
    from .equalities import one_of

    steps = [
        {"name": column_name([name]), "where": text(one_of(column, [_literal(name)], False))}
        for name in names
    ]
    return Made("sequence", {"key": key, "steps": steps, "within": duration_of(time)})


def _literal(value: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Literal.string(value)


def _branching(scene: Scene, phrase: Phrase, pairs: list[Found]) -> Made | None:
    """`from created to paid, from paid to shipped or refunded`: each move is told by itself."""
    moves: list[tuple[str, str]] = []
    for pair in pairs:
        ends = [t for name in ("b", "c") if (t := pair.token(name)) is not None]
        start = pair.token("a")
        moves += [(_value(start), _value(end)) for end in ends if start is not None]
        phrase.use(pair.start, pair.end)
    names = {name.lower() for move in moves for name in move}
    if names & {*_NO_STATES, *scene.columns.types}:
        return None
    first, last = pairs[0].start, pairs[-1].end
    rest = phrase.outside(first, last)
    rest = rest.without(rest.take(_ABOUT))
    key, rest = scene.key(rest, "state")
    time, rest = take_time(rest)
    column = _state_column(scene, rest)
    return machine(scene, key, column, moves, time) if column else UNSURE


def _value(token: Token) -> str:
    return str(token.value) if token.kind == "str" else token.text


def _state_column(scene: Scene, phrase: Phrase) -> str | None:
    columns = scene.columns
    if columns.open:
        return columns.make("status", "string")
    texts = columns.of_type("string")
    for at in range(len(phrase)):
        named = columns.named([t.norm for t in phrase.tokens[at : at + 3]])
        if (
            named
            and named.name in texts
            and named.name not in columns.key_candidates()
            and phrase.tokens[at].norm not in STOP
        ):
            phrase.use(at, at + named.length)
            return named.name
    found = columns.status_column() or columns.kind_column()
    if found is None:
        scene.talk.ask("Which column holds the state?", texts)
    return found


def machine(
    scene: Scene,
    key: list[str],
    column: str,
    moves: list[tuple[str, str]],
    time: Any,
    conditions: Mapping[tuple[str, str], str] | None = None,
) -> Made:
    """A key rests until it is in the first state, then goes from one to the next.

    A move is made by its condition, or else by the column that says the state.
    """
    told = conditions or {}
    states = list(dict.fromkeys(name for move in moves for name in move))
    rest = states[0] if told else "other" if "other" not in states else "elsewhere"
    left = {start for start, _ in moves}
    ways = dict.fromkeys([*([] if told else [(rest, states[0])]), *moves])
    transitions = [
        {"from": a, "to": b, "when": told.get((a, b)) or _is_in(column, b)} for a, b in ways
    ]
    if time is not None:
        transitions += [
            {"from": s, "to": rest, "after": duration_of(time)} for s in states if s in left
        ]
    terminal = [s for s in states if s not in left]
    config: dict[str, Any] = {
        "key": key,
        "states": list(dict.fromkeys([rest, *states])),
        "transitions": transitions,
        "initial": rest,
        "terminal": terminal,
        "emit_on": "terminal" if terminal else "transition",
    }
    if time is None:
        config["forget_after"] = "30 days"
        scene.talk.assume("A key that says nothing for 30 days is forgotten.")
    return Made("state-machine", config)


def _is_in(column: str, state: str) -> str:
    """The condition that a row is in a state."""
    from sqlglot import exp

    from ...relational.sql import column as column_tree
    from ...relational.sql import sql

    return sql(exp.EQ(this=column_tree(column), expression=exp.Literal.string(state)))
