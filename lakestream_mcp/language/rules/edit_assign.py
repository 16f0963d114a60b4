"""Edits by the value that is said: a time goes to a field of times, an address to one of addresses.

Which field of which node is meant follows from what the fields are called, which nodes are named,
what is set, and the value that was there before.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from .comparisons import AFTER, ORDERED
from .edit_fields import USUAL, fits, kind_of, named_fields
from .edit_kind import EditKind
from .edit_said import (
    ALSO,
    INTO,
    NEW_NODE,
    OLD,
    RELATIVE,
    Mention,
    is_plain,
    mentions,
    outside,
    stems,
)
from .edit_wording import compared_numbers, sign_said, trimmed
from .fields import value_of, with_number
from .numbers import DOWN, FLAT, UP
from .phrase import Phrase
from .words import STOP

if TYPE_CHECKING:
    from .tokens import Token

_VALUES = ("dur", "num", "times", "mail", "name", "host", "str", "region", "path", "url")
_READS = r"source|input|read|reads|reading|from|consume|ingest|listen|subscribe|come|comes"
_WRITES = (
    r"sink|output|write|writes|written|store|stored|save|saved|put|into|goes|go|land|lands|result|"
    r"results|destination|dump|target|saving|writing|matches|send|persist"
)
_TURNS = r"(?:change|switch|move|set|replace|swap|go|from|turn|raise|lower|increase|reduce|update)"
_UNITS = (
    r"(?:#num|#times) (?:[a-z]+ )?(?:values|readings|events|times|rows|measurements|samples|points)"
)
_NO_VALUE = rf"{RELATIVE}|the rest|the others"
_SILENCE = r"(?:no|nothing)(?! (?:longer|more|less|later|fewer|earlier|limit)) .*#dur"
PLACED = r"before|after|behind|in front of|ahead of|between|upstream|downstream|following"


_COMPARED = "|".join(words for _, words in (*ORDERED, *AFTER)) + "|exactly|equals?|=|between"


class Slot(NamedTuple):
    """A field that a value may be meant for, and how likely it is."""

    node: str
    field: str
    score: float
    words: frozenset[int]


class Assignments(EditKind):
    """Reads clauses that give a field another value."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._assigned,)

    def _assigned(self, phrase: Phrase) -> bool:
        """`the window is 10 minutes`, `Warm from 22 degrees on`, `k2:9092 is the broker now`."""
        said = [t for t in phrase.tokens if t.kind in _VALUES]
        if not said or phrase.at(f"{NEW_NODE}|{INTO}|{_SILENCE}") or phrase.has(_NO_VALUE):
            return False
        old = self._old(phrase, said)
        new = [t for t in said if t not in old]
        if len(new) != 1 or {t.kind for t in old} - {new[0].kind}:
            return False
        found = mentions(phrase, self.values.references)
        if any(phrase.part(max(0, m.start - 2), m.start).has(PLACED) for m in found):
            return False
        rest = outside(phrase, found)
        vague = self.values.references.last is None
        said_nodes = {
            n
            for m in found
            if len(m.nodes) == 1 and not (vague and phrase.tokens[m.start].norm in ("it", "them"))
            for n in m.nodes
        }
        slots = self.slots(phrase, rest, found, new[0], old)
        others = said_nodes - {slots[0].node} if slots else set()
        about_rows = bool(slots) and slots[0].field in ("condition", "where")
        if any(about_rows or self.flow.category(n) in ("transform", "pattern") for n in others):
            return False
        return self.put(phrase, rest, slots, new[0], old)

    def _old(self, phrase: Phrase, said: list[Token]) -> list[Token]:
        """Of the values that are said, those that are no longer to hold."""
        over = phrase.find(OLD)
        if over is not None:
            end = phrase.find(r"but|use|take|make|it is|,", over.end)
            first = over.start == 0 or not any(
                t.kind in _VALUES for t in phrase.tokens[: over.start]
            )
            stop = end.start if end and first else len(phrase)
            return [t for t in phrase.tokens[over.end : stop] if t in said]
        turned = phrase.find(rf"{_TURNS} .*?(?:to|into|with|by|->) #\w+")
        values = [t for t in phrase.tokens if t in said]
        return values[:1] if turned and len(values) == 2 else []

    def slots(
        self, phrase: Phrase, rest: Phrase, found: list[Mention], value: Token, old: list[Token]
    ) -> list[Slot]:
        """The fields that may be meant, with how much speaks for each."""
        near = _near(phrase, found)
        counted = phrase.has(_UNITS)
        also = value.kind not in ("dur", "num", "times", "str") and phrase.has(ALSO)
        slots = []
        for node, type_name in self.flow.types.items():
            node_type = self.flow.catalog.get(type_name)
            named = named_fields(node_type, rest, value)
            usual = [f for f in USUAL.get(value.kind, ()) if f in node_type.Config.model_fields]
            usual = [f for f in usual if fits(node_type, f, value)]
            config = self.values.config(node)
            for field in dict.fromkeys([f.name for f in named] + usual):
                spans = [f for f in named if f.name == field]
                if not spans and _is_amount(phrase, field):
                    continue
                if value.kind == "str" and not spans and not (node in near and field in config):
                    continue
                if old and not _holds(config.get(field), old):
                    continue
                side = self._on_side(phrase, node) if value.kind in ("name", "host") else 0
                if side < 0 or (also and not isinstance(config.get(field), list)):
                    continue
                score: float = (
                    6 * bool(spans)
                    + 8 * (counted and field in USUAL["num"])
                    + max((f.end - f.start for f in spans), default=0)
                )
                score += near.get(node, 0)
                score += 2 * (field in config) + 6 * bool(old)
                score += self.flow.category(node) == "pattern"
                score += 2 * side
                score += usual[::-1].index(field) / 10 if field in usual else 0
                words = frozenset(n for f in spans for n in range(f.start, f.end))
                slots.append(Slot(node, field, score, words))
        slots += self._conditions(rest, near, value, old)
        return sorted(slots, key=lambda s: -s.score)

    def _on_side(self, phrase: Phrase, node: str) -> int:
        """Whether reading, or writing, is spoken of, and the node does so."""
        category = self.flow.category(node)
        phrase = phrase.without(phrase.find("from now on"))
        reads, writes = phrase.has(_READS), phrase.has(_WRITES)
        if category == "source":
            return reads - writes
        return writes - reads if category == "sink" else 0

    def _conditions(
        self, rest: Phrase, near: dict[str, int], value: Token, old: list[Token]
    ) -> list[Slot]:
        """Conditions with a number in the place of which the value may come."""
        if value.kind not in ("num", "times"):
            return []
        slots = []
        words = [t.norm for t in rest.tokens if t.kind == "word"]
        for node in self.flow.types:
            columns = self.values.columns_into(node)
            named = {m.name for w in words if (m := columns.named([w])) and len(m.names) == 1}
            named |= set(columns.of_unit(value.unit)) if value.unit else set()
            for field in ("condition", "where"):
                text = self.values.config(node).get(field)
                if not isinstance(text, str) or not compared_numbers(text, old):
                    continue
                about = any(name in text for name in named - STOP)
                score = 8 * about + near.get(node, 0)
                score += 2 + 6 * bool(old) + (3 if field == "condition" else 0)
                slots.append(
                    Slot(node, field, score if about or node in near or old else 0, frozenset())
                )
        return [s for s in slots if s.score]

    def put(
        self, phrase: Phrase, rest: Phrase, slots: list[Slot], value: Token, old: list[Token]
    ) -> bool:
        """The value into the likeliest place; a question where two are equally likely."""
        best = [s for s in slots if s.score == slots[0].score]
        if not best or not self.told(rest, best[0], value):
            return False
        if len(best) > 1:
            if best[0].score >= 4:
                self.values.talk.ask(
                    f"Which is meant by `{phrase.said()[:80]}`?",
                    [f"{s.node}: {s.field}" for s in best],
                )
            return False
        slot = best[0]
        if slot.field in ("condition", "where"):
            return self._in_condition(phrase, rest, slot, value)
        current = self.values.config(slot.node).get(slot.field)
        changed: dict[str, Any] = {slot.field: _placed(current, old, value)}
        kind = kind_of(self.flow.catalog.get(self.flow.types[slot.node]), slot.field)
        if kind == "number" and "comparison" in self.values.config(slot.node):
            sign = sign_said(_new(phrase))
            changed |= {"comparison": sign} if sign else {}
        phrase.use()
        return self.values.update(slot.node, changed)

    def _in_condition(self, phrase: Phrase, rest: Phrase, slot: Slot, value: Token) -> bool:
        """Another comparison in the condition; only another number where none is said."""
        text = self.values.config(slot.node)[slot.field]
        compared = rest.has(_COMPARED)
        said = trimmed(rest)
        made = self.values.other_condition(said, slot.node, text) if compared else None
        if made is None or (" = " in made and not rest.has(r"exactly|equals?|=")):
            columns = self.values.columns_into(slot.node)
            named = [m.name for t in rest.tokens if (m := columns.named([t.norm]))]
            about = next((n for n in named if n in text and n not in STOP), None)
            made = with_number(text, None, Fraction(value.value), about)
        if made is None or made == text:
            return False
        phrase.use()
        return self.values.update(slot.node, {slot.field: made})

    def told(self, rest: Phrase, slot: Slot, value: Token) -> bool:
        """Whether all other words are about the field, the node, or only talk."""
        config = self.values.config(slot.node)
        known = stems(str(config)) | stems(self.flow.title(slot.node)) | stems(slot.field)
        if value.kind in ("num", "times") and slot.field in ("condition", "where"):
            known |= {s for c in self.values.columns_into(slot.node).types for s in stems(c)}
        way = {"up": UP, "down": DOWN, "flat": FLAT}.get(str(config.get("direction")), "")
        known |= self.values.columns_into(slot.node).about
        return all(
            place in slot.words
            or token.kind != "word"
            or is_plain(token.norm)
            or (stems(token.norm) and stems(token.norm) <= known and "_" not in token.norm)
            or ("_" in token.norm and token.norm in str(config).lower())
            or (way and Phrase([token]).has(way))
            for place, token in enumerate(rest.tokens)
        )


def _near(phrase: Phrase, found: list[Mention]) -> dict[str, int]:
    """How surely each node is named: by its title, by its kind, or with others."""
    near: dict[str, int] = {}
    for m in found:
        title = phrase.tokens[m.start].text[:1].isupper()
        weight = 3 if len(m.nodes) > 1 else 6 if title else 4
        near |= {n: max(weight, near.get(n, 0)) for n in m.nodes}
    return near


def _is_amount(phrase: Phrase, field: str) -> bool:
    """Whether a number is no count: `a limit of 5`, `payments of 100 or more`."""
    limit = field in ("length", "min_events") and phrase.has("limit")
    return limit or (field in USUAL["num"] and phrase.has("of #num or"))


def _holds(current: Any, old: list[Token]) -> bool:
    """Whether a field holds one of some values."""
    held = current if isinstance(current, list | tuple) else [current]
    return any(value_of(t) in held for t in old)


def _placed(current: Any, old: list[Token], value: Token) -> Any:
    """The value as the field has it; in a list in the place of an old one."""
    made = value_of(value)
    if not isinstance(current, list | tuple):
        return made
    gone = [value_of(t) for t in old]
    if not gone:
        return [made]
    return list(dict.fromkeys(made if item in gone else item for item in current))


def _new(phrase: Phrase) -> Phrase:
    """A phrase without what is no longer to hold at its end."""
    over = phrase.find(OLD)
    return phrase.part(0, over.start) if over and over.start else phrase
