"""Edits of a sequence as a list: steps put in, given another place, name or number of times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .edit_joined import either
from .edit_kind import EditKind
from .edit_said import is_plain, stems
from .edit_sequence import said_of, step_named
from .phrase import Phrase
from .scene import text

_LEAD = r"(?:(?:please|also|and|then|now|we|should|must|there|the) )*"
_RENAMES = rf"{_LEAD}(?:rename|call|name|title)(?: the)?"
_SWAPS = rf"{_LEAD}(?:swap|switch|exchange)(?: the)?(?: (?:order|places|steps)(?: of)?)?"
_PUTS = rf"{_LEAD}(?:insert|add|put|place|require|expect)(?: (?:an?|the|another|new|step|event))*"
_BESIDE = r"(?:right |directly |immediately )?(?P<way>before|after)(?: the)?"
_COMES = (
    r"(?:,|there|we|i|it|should|must|has to|shall|also|always|comes?|be|is|follows?|expect|require|"
    r"need|want|follow|happen|an?|the|event|step|now|then)"
)
_LAST = (
    rf"{_LEAD}(?:(?:ends?|finish(?:es)?|close) (?:with|by|on)|finally|lastly|at the end|"
    r"followed by)"
)
_FIRST = rf"{_LEAD}(?:starts?|begins?) with"
_AS = r"(?:treat|count|take|consider|see)(?: also)? (?P<v>.+?) as(?: an?| the)? "
_COUNTED = r"(?:between )?(?P<low>#num) (?:to|and|-|up to|until) (?P<high>#num)"
_LISTED = r"(?:the |an? )?order(?: of (?:the )?(?:steps|events))? .*?(?:is|be|:|to|as)(?: now)?"


class StepOrder(EditKind):
    """Reads clauses about the steps as a list."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (
            self._renamed,
            self._swapped,
            self._listed,
            self._between,
            self._beside,
            self._at_end,
            self._widened,
            self._ranged,
        )

    def _sequence(self) -> tuple[str, list[Any]] | None:
        node = self.values.sequence()
        return (node, list(self.values.config(node)["steps"])) if node else None

    def _set(self, phrase: Phrase, node: str, steps: Sequence[Any]) -> bool:
        phrase.use()
        return self.values.update(node, {"steps": list(steps)})

    def _renamed(self, phrase: Phrase) -> bool:
        """`call the first step bad_login`, `rename the step success to login_ok`."""
        lead, found = phrase.at(_RENAMES), self._sequence()
        if lead is None or found is None or not phrase.has("step|stage"):
            return False
        node, steps = found
        name = str(phrase.tokens[-1].value or phrase.tokens[-1].text)
        said = phrase.part(lead.end, len(phrase) - 1)
        said = said.without(said.find("(?:to|into|as)$"))
        at = step_named(steps, said)
        if at is None or not name.isidentifier() or any(s["name"] == name for s in steps):
            return False
        steps[at] = {**steps[at], "name": name}
        return self._set(phrase, node, steps)

    def _swapped(self, phrase: Phrase) -> bool:
        """`swap success and password`."""
        lead, found = phrase.at(_SWAPS), self._sequence()
        joined = phrase.find("and|with") if lead and found else None
        if lead is None or found is None or joined is None:
            return False
        node, steps = found
        one = step_named(steps, phrase.part(lead.end, joined.start))
        other = step_named(steps, phrase.part(joined.end))
        if one is None or other is None or one == other:
            return False
        steps[one], steps[other] = steps[other], steps[one]
        return self._set(phrase, node, steps)

    def _listed(self, phrase: Phrase) -> bool:
        """`the order should be success, failed, password`."""
        lead, found = phrase.at(_LISTED), self._sequence()
        if lead is None or found is None:
            return False
        node, steps = found
        pieces = phrase.part(lead.end).split("(?:,|and|then|before)(?: (?:and|then))*")
        places = [step_named(steps, piece) for piece in pieces]
        if None in places or sorted(p for p in places if p is not None) != list(range(len(steps))):
            return False
        return self._set(phrase, node, [steps[p] for p in places if p is not None])

    def _between(self, phrase: Phrase) -> bool:
        """`insert mfa_reset between success and password`."""
        lead, found, way = phrase.at(_PUTS), self._sequence(), phrase.find("between(?: the)?")
        joined = phrase.find("and", way.end) if way else None
        if lead is None or found is None or way is None or joined is None:
            return False
        node, steps = found
        one = step_named(steps, phrase.part(way.end, joined.start))
        other = step_named(steps, phrase.part(joined.end))
        if one is None or other is None or abs(one - other) != 1:
            return False
        return self._put_in(phrase, node, phrase.part(lead.end, way.start), max(one, other))

    def _beside(self, phrase: Phrase) -> bool:
        """`after the password change there should be an email change`."""
        way, found = phrase.at(rf"{_LEAD}{_BESIDE}"), self._sequence()
        if way is None or found is None:
            return False
        node, steps = found
        comes = phrase.find(rf"{_COMES}(?: {_COMES})*", way.end + 1)
        at = step_named(steps, phrase.part(way.end, comes.start)) if comes else None
        if comes is None or at is None:
            return False
        place = at if way.groups["way"][0].norm == "before" else at + 1
        return self._put_in(phrase, node, phrase.part(comes.end), place)

    def _at_end(self, phrase: Phrase) -> bool:
        """`finally event_type = 'logout'`, `start with event_type = 'visit'`."""
        found, last, first = self._sequence(), phrase.at(_LAST), phrase.at(_FIRST)
        lead = last or first
        if found is None or lead is None or not phrase.has(r"\w+ = #str|\w+_\w+"):
            return False
        comes = phrase.at(rf"{_COMES}(?: {_COMES})*", lead.end)
        said = phrase.part(comes.end if comes else lead.end)
        return self._put_in(phrase, found[0], said, len(found[1]) if last else 0)

    def _put_in(self, phrase: Phrase, node: str, said: Phrase, place: int) -> bool:
        """One more step for the events that a phrase means."""
        event = self._event(node, said)
        if event is None:
            return False
        steps = list(self.values.config(node)["steps"])
        taken = {s["name"] for s in steps}
        name = event[1] if event[1] not in taken else f"{event[1]}_{len(steps) + 1}"
        step = {"name": name, "where": event[0]}
        return self._set(phrase, node, [*steps[:place], step, *steps[place:]])

    def _event(self, node: str, phrase: Phrase) -> tuple[str, str] | None:
        """The condition of the events that a phrase means, and a name for them."""
        from sqlglot import exp

        from ...relational.sql import column

        scene = self.values.scene(node)
        exact = phrase.find(r"\w+ (?:=|in) .*")
        words = phrase.content()
        kind = scene.columns.kind_column()
        if exact is None and len(words) == 1 and kind and "_" in words[0].text:
            value = exp.Literal.string(words[0].text)
            return text(exp.EQ(this=column(kind), expression=value)), words[0].text
        key = tuple(self.values.config(node).get("key") or ())
        asked = dict(self.values.talk.questions)
        said = phrase.part(exact.start) if exact else phrase
        event = scene.events(key).read(said) if said.content() else None
        if event is None or event.where is None or len(self.values.talk.questions) > len(asked):
            self.values.talk.questions = asked
            return None
        literal = event.where.find(exp.Literal)
        return text(event.where), _name(literal.name if literal else event.name)

    def _widened(self, phrase: Phrase) -> bool:
        """`count event_type = 'denied' as a failure, too`."""
        from ...relational.sql import parse_expression

        found, cue = self._sequence(), phrase.find(_AS)
        if found is None or cue is None:
            return False
        node, steps = found
        at = step_named(steps, phrase.part(cue.end))
        event = self._event(node, Phrase(cue.groups["v"], phrase.used))
        if at is None or event is None:
            return False
        old = parse_expression(str(steps[at]["where"]), None, aggregates=True)
        where = text(either(old, parse_expression(event[0], None, aggregates=True)))
        steps[at] = {**steps[at], "where": where}
        return self._set(phrase, node, steps)

    def _ranged(self, phrase: Phrase) -> bool:
        """`between 3 and 6 failures`."""
        found, cue = self._sequence(), phrase.find(_COUNTED)
        if found is None or cue is None or phrase.has("#dur|from #num to"):
            return False
        node, steps = found
        low, high = (cue.groups[g][0].value for g in ("low", "high"))
        rest = phrase.without(cue)
        known = {s for step in steps for s in said_of(step)} | stems("login logins attempt")
        told = all(is_plain(t.norm) or stems(t.norm) <= known for t in rest.tokens)
        at = step_named(steps, Phrase([t for t in rest.tokens if stems(t.norm) <= known]))
        if at is None or not told or low.denominator != 1 or high.denominator != 1 or low >= high:
            return False
        steps[at] = {**steps[at], "min": int(low), "max": int(high)}
        return self._set(phrase, node, steps)


def _name(said: str) -> str:
    """What a step may be called."""
    made = "".join(c if c.isalnum() else "_" for c in said.lower()).strip("_")
    return made if made[:1].isalpha() else f"step_{made}"
