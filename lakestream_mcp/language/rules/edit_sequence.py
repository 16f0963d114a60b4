"""Edits of one step of a sequence: how often it comes, what it is, and where a new one goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .edit_kind import EditKind
from .edit_said import NEW_NODE, OLD, is_plain, stems
from .phrase import Found, Phrase
from .scene import text
from .words import ORDINALS

if TYPE_CHECKING:
    from sqlglot import exp

MAX_WORDS = 3
_STEP = r"(?:step|event|stage) #num|(?:[a-z]+ ){1,3}(?:step|stage)"
_NOW = (
    r"(?:(?:should|must|shall|is|are|be|now|to|become|becomes|means|look|looks|for|with|by|a|an|"
    r"the|require|requires|:|has|will|from|on) ?)+"
)
_ADD = (
    r"(?:(?:please|also|and|then|we|should|must) )*(?:add|insert|append|require|expect|put|need)"
    r"(?: (?:an?|another|one|more|the|new|further|extra|additional|third|fourth|fifth|second|"
    r"first|last|final))* (?:step|event|stage)(?: (?:for|of|with|where|that|is|:))*"
)
_OPTIONAL = (
    r"(?:may|can|could|might)(?: also)? (?:be )?(?:left out|missing|skipped|absent|omitted|missed|"
    r"optional)|(?:is|are|be|becomes?)(?: now)? (?:optional|not mandatory)|optional|"
    r"(?:need|does|do|must) not (?:necessarily )?(?:happen|occur|come|be there)"
)
_TALK = r"(?:instead|rather|now|please|too|as well|also|from now on)$"
_LEAST = r"at least|no less than|no fewer than|minimum of|or more|more than (?:#num|#times)"
_BY_SO_MANY = r"#num(?: [a-z]+){0,2} (?:more|less|fewer|extra)(?! than)"
_NAMED = r"(?:the )?(?:[a-z]+ ){0,2}[a-z]+(?= (?:means|is|should be|must be) )"
_AS_STEP = r"as (?:the |a |an )?(?:very )?[a-z]+ (?:step|stage|event)"
_BESIDE = r"(?:right |directly |just )?(?P<way>before|after|behind|ahead of|in front of)(?: the)?"


class StepEdits(EditKind):
    """Reads clauses about single steps."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._optional, self._inserted, self._said_anew, self._counted)

    def _optional(self, phrase: Phrase) -> bool:
        """`the success may be left out`, `make the success step optional`."""
        node, found = self.values.sequence(), phrase.find(_OPTIONAL)
        if node is None or found is None or phrase.has(r"#\w+"):
            return False
        steps = self.values.config(node)["steps"]
        rest = phrase.without(found)
        at = step_named(steps, rest)
        if at is None or not self._told(steps, rest):
            return False
        phrase.use()
        made = [{**s, "optional": True} if n == at else s for n, s in enumerate(steps)]
        return self.values.update(node, {"steps": made})

    def _inserted(self, phrase: Phrase) -> bool:
        """`insert a step event_type = 'mfa_off' before the password change`."""
        node, lead = self.values.sequence(), phrase.at(_ADD)
        places = list(phrase.all(_BESIDE))
        if node is not None and (at_place := phrase.find(_AS_STEP)):
            return self._inserted_at(phrase, node, at_place)
        if node is None or lead is None or not places:
            return False
        steps = self.values.config(node)["steps"]
        beside = places[-1]
        at = step_named(steps, phrase.part(beside.end))
        where = self._where(node, phrase.part(lead.end, beside.start))
        if at is None or where is None:
            return False
        name = where[1] or f"step_{len(steps) + 1}"
        taken = {s["name"] for s in steps}
        step = {"name": f"{name}_{len(steps) + 1}" if name in taken else name, "where": where[0]}
        before = beside.groups["way"][0].norm in ("before", "ahead", "in")
        place = at if before else at + 1
        phrase.use()
        return self.values.update(node, {"steps": [*steps[:place], step, *steps[place:]]})

    def _inserted_at(self, phrase: Phrase, node: str, place: Found) -> bool:
        """`add event_type = 'mfa_reset' as the last step`."""
        lead = phrase.at(r"(?:(?:please|also|and) )*(?:add|insert|append|put|require|expect)")
        steps = self.values.config(node)["steps"]
        where = self._where(node, phrase.part(lead.end, place.start)) if lead else None
        if where is None:
            return False
        last = phrase.part(place.start, place.end).has("last|final|end|another|fourth")
        at = len(steps) if last else step_named(steps, phrase.part(place.start, place.end))
        if at is None:
            return False
        taken = {s["name"] for s in steps}
        name = where[1] if where[1] not in taken else f"{where[1]}_{len(steps) + 1}"
        step = {"name": name, "where": where[0]}
        phrase.use()
        return self.values.update(node, {"steps": [*steps[:at], step, *steps[at:]]})

    def _said_anew(self, phrase: Phrase) -> bool:
        """`step 2 should be event_type = 'mfa'`, `the last step is a logout now`."""
        node = self.values.sequence()
        if node is not None and self._in_place_of(phrase, node):
            return True
        found = phrase.find(_STEP) or phrase.at(_NAMED)
        now = phrase.at(_NOW, found.end) if found else None
        if node is None or found is None or now is None or found.start > MAX_WORDS:
            return False
        steps = self.values.config(node)["steps"]
        at = step_named(steps, phrase.part(found.start, found.end))
        where = self._where(node, phrase.part(now.end))
        if at is None or where is None or phrase.part(now.end).at("#num"):
            return False
        phrase.use()
        made = [{**s, "where": where[0]} if n == at else s for n, s in enumerate(steps)]
        return self.values.update(node, {"steps": made})

    def _in_place_of(self, phrase: Phrase, node: str) -> bool:
        """`event_type = 'email_change' instead of the password change`."""
        over = phrase.find(OLD)
        if over is None or not phrase.has("#str"):
            return False
        verb = phrase.find(r",|look for|expect|require|use|take|it is|wait for|check", over.end)
        leads = not phrase.part(0, over.start).content()
        if leads and verb is None:
            return False
        stop = verb.start if leads and verb else len(phrase)
        new = phrase.part(verb.end) if leads and verb else phrase.part(0, over.start)
        steps = self.values.config(node)["steps"]
        at = step_named(steps, phrase.part(over.end, stop))
        where = self._where(node, new)
        if at is None or where is None:
            return False
        phrase.use()
        made = [{**s, "where": where[0]} if n == at else s for n, s in enumerate(steps)]
        return self.values.update(node, {"steps": made})

    def _where(self, node: str, phrase: Phrase) -> tuple[str, str] | None:
        """The condition of the events that a phrase means, and what they are called."""
        phrase = phrase.without(phrase.find(_TALK))
        if not phrase.content() and not phrase.has("#str"):
            return None
        key = tuple(self.values.config(node).get("key") or ())
        event = self.values.scene(node).events(key).read(phrase)
        if event.where is None or self._names_step(node, phrase, event.where):
            return None
        return text(event.where), event.name

    def _names_step(self, node: str, phrase: Phrase, where: exp.Expr) -> bool:
        """Whether a value was made of the name of a step that is there."""
        from sqlglot import exp

        said = {str(t.value) for t in phrase.tokens if t.kind == "str"}
        names = {step["name"] for step in self.values.config(node)["steps"]} - said
        return any(t.is_string and t.name in names for t in where.find_all(exp.Literal))

    def _counted(self, phrase: Phrase) -> bool:
        """`five failures instead of three`, `require 4 failures before the success`."""
        node = self.values.sequence()
        numbers = [t for t in phrase.tokens if t.kind in ("num", "times")]
        if node is None or not numbers or phrase.at(NEW_NODE):
            return False
        if phrase.has(r"#dur|#str|#name|by #num|(?:step|stage) #num|#(?:times|factor) (?:the|as)"):
            return False
        steps = self.values.config(node)["steps"]
        over = phrase.find(OLD)
        turned = phrase.find(r"from (?P<old>#num|#times) to (?P<new>#num|#times)")
        wanted = turned.groups["new"][0] if turned else numbers[0]
        if over is not None and over.start == 0 and len(numbers) > 1:
            wanted = numbers[-1]
        at = self._step(steps, phrase, phrase.tokens.index(wanted))
        if at is None or wanted.value.denominator != 1 or not self._told(steps, phrase):
            return False
        count = int(wanted.value)
        count += phrase.has(r"more than (?:#num|#times)")
        if (so_many := phrase.find(_BY_SO_MANY)) is not None:
            less = phrase.part(so_many.start, so_many.end).has("less|fewer")
            count = int(steps[at].get("min", 1)) + (-count if less else count)
        if count < 1:
            return False
        open_end = steps[at].get("max", 1) is None or phrase.has(_LEAST)
        step = {**steps[at], "min": count, "max": None if open_end else count}
        phrase.use()
        made = [step if n == at else s for n, s in enumerate(steps)]
        return self.values.update(node, {"steps": made})

    def _step(self, steps: list[Any], phrase: Phrase, number: int) -> int | None:
        """The step that the words after a number name, or else the words before."""
        after = [t.norm for t in phrase.tokens[number + 1 : number + 1 + MAX_WORDS]]
        before = [t.norm for t in phrase.tokens[max(0, number - 6) : number]]
        repeated = [n for n, s in enumerate(steps) if s.get("min", 1) > 1]
        for word in (*after, *reversed(before)):
            fitting = [n for n, s in enumerate(steps) if stems(word) & said_of(s)]
            if len(fitting) == 1:
                return fitting[0]
        return repeated[0] if len(repeated) == 1 and phrase.has(OLD) else None

    def _told(self, steps: list[Any], phrase: Phrase) -> bool:
        """Whether all words are of steps, of their columns, or only talk."""
        known = {s for step in steps for s in said_of(step)} | stems("try login attempt")
        known |= {s for n in self.values.flow.types for s in stems(self.values.flow.title(n))}
        return all(
            t.kind != "word" or is_plain(t.norm) or stems(t.norm) & known for t in phrase.tokens
        )


def step_named(steps: list[Any], phrase: Phrase) -> int | None:
    """The place of the step that a number, an ordinal or a name means."""
    number = next((int(t.value) for t in phrase.tokens if t.kind == "num"), None)
    if number is not None:
        return number - 1 if 0 < number <= len(steps) else None
    words = {t.norm for t in phrase.tokens}
    if words & {"last", "final"}:
        return len(steps) - 1
    for place, ordinal in enumerate(ORDINALS[: len(steps)]):
        if ordinal in words:
            return place
    said = {s for t in phrase.content() for s in stems(t.text)} - stems("step stage event")
    named = [n for n, step in enumerate(steps) if said and said <= said_of(step)]
    named = named or [n for n, step in enumerate(steps) if said & said_of(step)]
    return named[0] if len(named) == 1 else None


def said_of(step: dict[str, Any]) -> set[str]:
    """The words of a step: its name, and what its condition compares with."""
    where = str(step.get("where", "")).partition("=")[2]
    return stems(f"{step.get('name', '')} {where}") - {""}
