"""Readings of a clause, tried until one leaves nothing out: as a whole, else in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .clauses import COMMAND, is_instruction, parts
from .edit_configs import Configs
from .edit_cuts import cuts
from .edit_explained import is_talk, unexplained, weighty
from .edit_heard import never_there, unheard, values_of
from .edit_reasons import TOO, instead_of
from .edit_said import DETECTS, mentions
from .flow import FlowState
from .names import parts_of, singular
from .phrase import Phrase
from .tokens import Token

if TYPE_CHECKING:
    from ...graph.changes import Change

_REASONED = r"(?:,|:|->|so|hence|therefore|-|and|please)(?: (?:so|please|therefore|and))*"
_ORDERS = r"no|not|never|should|must|shall|need|needs|needed|wanted"
_PURPOSE = r"(?:, )?(?:so that|because|since|as (?=we|it|they|the)|in order to|so (?=we|it|they))"
_SENT = (
    r"(?:send|write|put|store|save|publish|post|copy|push|keep)(?: (?:the|all|also|our|any))* "
    r"(?P<rows>\w+)(?: (?:ones|rows|events))? (?:to|into|in)"
)
MAX_TRIES = 30
FEW = 2
MAX_WORDS = 80
Read = Callable[[Phrase], bool]


class State(NamedTuple):
    """All that reading a clause may change."""

    flow: FlowState
    used: set[int]
    last: str | None
    assumptions: dict[str, None]
    questions: dict[str, tuple[str, ...]]


class Trials:
    """Tries readers on clauses, and keeps what understood the most."""

    def __init__(self, values: Configs, changing: Sequence[Read], adding: Sequence[Read]) -> None:
        self.values = values
        self.changing, self.adding = tuple(changing), tuple(adding)
        self.readers = self.changing
        self.tries, self.strict = 0, False
        self.unread: list[Phrase] = []
        """Clauses of which nothing was understood."""
        self.about = {w for n in values.flow.of("source") for w in values.columns_of(n).about}
        self.nouns = _nouns(values)
        self.columns = {n for names in values.request.columns.values() for n in names}

    def clause(self, phrase: Phrase) -> None:
        """Make of a clause what some reader can: whole and complete, in parts, or at least some."""
        if not self._instructs(phrase) and self._complete(phrase):
            return
        found = parts(phrase)
        for part in found if len(found) > 1 else ():
            self.clause(part)
        if len(found) == 1 and not self._instructs(phrase):
            before = self._state(phrase)
            self._some(phrase)
            if self._state(phrase) == before:
                self.unread.append(phrase)

    def _instructs(self, phrase: Phrase) -> bool:
        """Whether a clause speaks to a database or shell: `delete Table` is of a node so called."""
        named = phrase.at(rf"(?:{COMMAND} )?(?:delete|remove|drop) (?P<t>[a-z]+)")
        word = named.groups["t"][0].text if named else ""
        flow = self.values.flow
        titled = word[:1].isupper() and word in {flow.title(n) for n in flow.of("sink")}
        return is_instruction(phrase) and not titled

    def ask_for_unread(self) -> None:
        """A clause beside others, of which nothing was understood, is asked for."""
        for phrase in self.unread:
            orders = phrase.at(rf"(?:(?:also|and|then|please) )*{COMMAND}") or phrase.has(_ORDERS)
            if orders and not all(is_talk(t.norm) for t in phrase.content()):
                said = phrase.said()[:200]
                self.values.talk.ask(f"I did not understand `{said}`. Which change is meant?")

    def _complete(self, phrase: Phrase) -> bool:
        """Whether a clause was read so that nothing of it is left out."""
        before = self._state(phrase)
        both = (*self.changing, *self.adding)
        orders: tuple[tuple[Read, ...], ...] = (self.changing, both)
        if phrase.at(DETECTS):
            orders = (self.adding[::-1],)
        for readers in orders:
            for self.strict in (True, False):
                self.readers, self.tries = readers, 0
                if self._read(phrase):
                    return True
                self._restore(before, phrase)
                if self._parted(phrase):
                    return True
        return self._without_reason(phrase) or self._without_purpose(phrase)

    def _without_reason(self, phrase: Phrase) -> bool:
        """`15 minutes is too long, use 5`, `be stricter: 2 declines`: what is asked, not why."""
        before = self._state(phrase)
        for cut in phrase.all(_REASONED) if not phrase.at(DETECTS) else ():
            why, what = phrase.part(0, cut.start), phrase.part(cut.end)
            if not why or not what:
                continue
            self.readers = self.changing
            if too := why.find(TOO):
                what = instead_of(what, why.part(0, too.start))
            elif values_of(why.tokens) or any(t.norm in self.columns for t in why.tokens):
                continue
            if (self._read(what) or self._parted(what)) and self._touched(why, before):
                why.use()
                return True
            self._restore(before, phrase)
        return False

    def _without_purpose(self, phrase: Phrase) -> bool:
        """`remove Warm, so that every reading counts`: what is asked, not what for."""
        before, cut = self._state(phrase), phrase.find(_PURPOSE)
        why = phrase.part(cut.end) if cut else phrase.part(0, 0)
        named = any(t.norm in self.columns for t in why.tokens)
        if cut is None or not cut.start or not why or named or values_of(why.tokens):
            return False
        self.strict = False
        for readers in (self.changing, (*self.changing, *self.adding)):
            self.readers = readers
            if self._read(phrase.part(0, cut.start)) and self._touched(why, before):
                why.use()
                return True
            self._restore(before, phrase)
        return False

    def _touched(self, why: Phrase, before: State) -> bool:
        """Whether the nodes that a reason names are those that something was done with."""
        told = {n for m in mentions(why, self.values.references) for n in m.nodes}
        told -= set(self.values.flow.of("source"))
        ends = {
            str(getattr(change, end, ""))
            for change in self._made(before)[0]
            for end in ("id", "source", "target")
        }
        return told <= ends

    def _some(self, phrase: Phrase) -> None:
        """What the first reader makes of a clause that none understands completely."""
        self.readers = self.adding if phrase.at(DETECTS) else (*self.changing, *self.adding)
        before = self._state(phrase)
        self._read(phrase)
        if len(self.values.talk.questions) > len(before.questions):
            return
        self.strict = True
        keyed = _keyed(phrase)
        missing = [
            t
            for t in self._missing(phrase, before)
            if singular(t.norm) not in self.nouns or t.place in keyed
        ]
        overlooked = values_of(missing) or weighty(missing, ())
        overlooked = overlooked or (missing if len(missing) >= FEW else [])
        overlooked = overlooked or [
            t for t in missing if _is_name(t) or t.place in keyed or self._is_sent(phrase, t)
        ]
        overlooked = overlooked or never_there(phrase, *self._made(before))
        if overlooked and len(self.values.flow.changes) > len(before.flow.changes):
            self._restore(before, phrase)
            said = phrase.said()[:200]
            self.values.talk.ask(f"I did not understand `{said}`. Which change is meant?")

    def _is_sent(self, phrase: Phrase, token: Token) -> bool:
        """`send refunds to …`: whether a word says which rows."""
        sent = phrase.find(_SENT)
        return sent is not None and sent.groups["rows"][0] is token

    def _parted(self, phrase: Phrase) -> bool:
        """Whether a phrase is several, each of which is understood completely."""
        for start, end in cuts(phrase) if len(phrase) <= MAX_WORDS else ():
            left, right = phrase.part(0, start), phrase.part(end)
            lead = right.at("(?:instead|then)(?: ,)?")
            right.use(0, lead.end if lead else 0)
            right = right.without(lead)
            if not left.content() or not right or self.tries > MAX_TRIES:
                continue
            before = self._state(phrase)
            if self._read(left):
                between = self._state(phrase)
                right = self._in_place(right, before)
                if self._read(right):
                    return True
                self._restore(between, phrase)
                if self._parted(right):
                    return True
            self._restore(before, phrase)
        return False

    def _in_place(self, phrase: Phrase, before: State) -> Phrase:
        """`delete Ops, mail x@y.z instead`: instead of what was just removed."""
        removed = any(c.op == "remove_node" for c in self._made(before)[0])
        found = phrase.find("instead$") if removed else None
        phrase.use(found.start if found else len(phrase))
        return phrase.without(found)

    def _read(self, phrase: Phrase) -> bool:
        """Whether a reader understood all of a phrase; else the first that took it stays."""
        self.tries += 1
        before, first = self._state(phrase), None
        for reader in self.readers:
            read = reader(phrase)
            asked = len(self.values.talk.questions) > len(before.questions)
            if read:
                phrase.use(0, 1)
            if read and not asked and not self._missing(phrase, before):
                return True
            if (read or asked) and first is None:
                first = self._state(phrase)
            self._restore(before, phrase)
            if asked and not read and not (self.strict and values_of(phrase.tokens)):
                break
        self._restore(first or before, phrase)
        return False

    def _missing(self, phrase: Phrase, before: State) -> list[Token]:
        """What of a phrase the changes since leave out."""
        changes, old = self._made(before)
        missing = unheard(phrase, changes, old, self.columns)
        words = unexplained(phrase, changes, self.values.flow, self.about)
        heavy = words if self.strict else weighty(words, changes)
        keyed = _keyed(phrase)
        missing += [t for t in words if t in heavy or t.place in keyed]
        return [t for t in missing if t.kind != "word" or singular(t.norm) not in self.about]

    def _made(self, before: State) -> tuple[list[Change], list[Any]]:
        """The changes since, and how what they change was stored."""
        flow = self.values.flow
        changes = flow.changes[len(before.flow.changes) :]
        ids = {getattr(c, "id", "") for c in changes}
        return changes, [(n.config, n.type) for n in flow.document.nodes if n.id in ids]

    def _state(self, phrase: Phrase) -> State:
        values = self.values
        talk = values.talk
        return State(
            values.flow.state(),
            set(phrase.used),
            values.references.last,
            dict(talk.assumptions),
            dict(talk.questions),
        )

    def _restore(self, state: State, phrase: Phrase) -> None:
        values = self.values
        values.flow.restore(state.flow)
        phrase.used.clear()
        phrase.used.update(state.used)
        values.references.last = state.last
        values.talk.assumptions = dict(state.assumptions)
        values.talk.questions = dict(state.questions)


def _keyed(phrase: Phrase) -> set[int]:
    """The places of words that say per what."""
    return {f.groups["c"][0].place for f in phrase.all(r"(?:by|per|each|every) (?P<c>[a-z_]\w*)")}


def _is_name(token: Token) -> bool:
    """Whether a word is written like a value: `P1`."""
    return len(token.text) > 1 and token.text.isupper() and token.kind == "word"


def _nouns(values: Configs) -> set[str]:
    """What a pipeline, and what has an id in it, is called: words that say what rows are of."""
    named = {name for names in values.request.columns.values() for name in names}
    things = {part for name in named if name.endswith("_id") for part in parts_of(name)}
    return {*things, *parts_of(values.request.document.name)}
