"""Edits that say how much more or less: `by 10 %`, `by 5 minutes`, `double it`, `half as long`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from .edit_literals import Literals
from .edit_said import Mention, mentions, outside
from .fields import WORDS, changed_number, field_of, said_words
from .measure_words import json_number
from .phrase import Phrase
from .tokens import Token

_MORE = r"raise|increase|bump|extend|widen|lengthen|grow|prolong|loosen|relax|push|up"
_LESS = r"lower|reduce|decrease|shorten|narrow|cut|tighten|shrink|drop|trim"
_FACTORS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4, "halve": Fraction(1, 2)}
_SEVERAL = rf"(?:and|,)(?: then)? (?:{_MORE}|{_LESS}|double|halve|triple|make|set|change|use)"
_LEAD = r"(?:(?:please|also|and|then|can you|could you|we should|let us) )*"
_VALUE = r"(?P<v>#pct|#num|#dur|#times|#factor|half|a half|a third|a quarter|one #num)"
_BY = rf"by(?: (?:a further|another|about|exactly))? {_VALUE}(?: (?:more|again|longer|shorter))?"
_AS = (
    r"(?P<v>#times|#factor|half)(?: (?:as|the)) "
    r"(?:long|large|big|high|wide|short|small|length|size)"
)
LONGER = (
    r"(?P<v>#num|#dur|#times|#pct|#factor)(?! or)(?: \w+){0,2} "
    r"(?P<how>more|less|fewer|longer|shorter|higher|lower|extra|up|down|larger|smaller)"
    r"(?! than| recipients?| columns?| steps?)"
)
_UP = r"up|higher|longer|larger|bigger|more|wider"
_DOWN = r"down|lower|shorter|smaller|less|fewer|narrower"
_HALF = r"(?:in|by|to)(?: a| one)? (?P<part>half|third|quarter)"
_EVERY = r"both|all|each|every"
_NOT_MORE = r"(?:make|let|set|give|allow|have|keep)"
_LESSER = ("less", "fewer", "shorter", "lower", "down", "smaller")
_PARTS = {"half": Fraction(1, 2), "third": Fraction(1, 3), "quarter": Fraction(1, 4)}
Change = Callable[[Fraction], Fraction]


class Relative(Literals):
    """Reads changes that are told against what is there."""

    def _relative(self, phrase: Phrase) -> bool:
        """Whether a clause raised or lowered what is configured."""
        verb = phrase.at(rf"{_LEAD}(?P<do>{_MORE}|{_LESS}|{'|'.join(_FACTORS)}|{_NOT_MORE})")
        if verb is None:
            return self._compared_with_now(phrase)
        if phrase.part(verb.end).has(LONGER):
            return self._compared_with_now(phrase.part(verb.end))
        found = self._change(phrase, verb.groups["do"][0].norm)
        if found is None or phrase.part(verb.end).has(_SEVERAL):
            return False
        change, value, end = found
        named = phrase.part(verb.end, end)
        return self._changed(phrase, named, change, value)

    def _compared_with_now(self, phrase: Phrase) -> bool:
        """`three times the threshold`, `windows twice as long`, `5 minutes more for Burst`."""
        if phrase.has("and|,|but"):
            return False
        up = phrase.find(rf"(?P<do>{_UP}|{_DOWN}) {_BY}")
        if up is not None:
            by = up.groups["v"]
            change = self._by_value(by, phrase.part(up.start, up.end).has(_DOWN))
            return self._changed(phrase, phrase.part(0, up.start), change, _absolute(by[0]))
        more = phrase.find(LONGER)
        if more is not None:
            value = more.groups["v"][0]
            less = more.groups["how"][0].norm in _LESSER
            change = self._by_value((value,), less)
            rest = phrase.without(more)
            about, amount = phrase.part(more.start + 1, more.end - 1), _absolute(value)
            return self._changed(phrase, rest, change, amount) or (
                not rest.content() and self._changed(phrase, about, change, amount)
            )
        added = phrase.at(rf"{_LEAD}(?P<do>add|take|subtract) {_VALUE}(?: more)? (?:to|from|off)")
        if added is not None:
            less = added.groups["do"][0].norm != "add"
            change = self._by_value(added.groups["v"], less)
            return self._changed(phrase, phrase.part(added.end), change, added.groups["v"][0])
        of = phrase.at(rf"{_LEAD}(?P<v>#times|#factor|half|double|triple|twice)(?: of)? the")
        found = of or phrase.find(_AS)
        if found is None:
            return False
        named = phrase.part(of.end) if of else phrase.part(0, found.start)
        value = found.groups["v"][0]
        known = {"half": Fraction(1, 2), "double": Fraction(2), "triple": Fraction(3)}
        factor = known.get(value.norm) or Fraction(value.value or 2)
        return self._changed(phrase, named, lambda old: old * factor, None)

    def _change(self, phrase: Phrase, verb: str) -> tuple[Change, Token | None, int] | None:
        """How what is there changes, by which value, and where the words for it end."""
        if verb in _FACTORS:
            return (lambda old: old * _FACTORS[verb]), None, len(phrase)
        less = verb in _LESS.split("|")
        half = phrase.find(_HALF) if less else None
        if half is not None:
            part = _PARTS[half.groups["part"][0].norm]
            return (lambda old: old * part), None, half.start
        by = phrase.find(_BY) if verb in (*_MORE.split("|"), *_LESS.split("|")) else None
        if by is not None:
            return self._by_value(by.groups["v"], less), _absolute(by.groups["v"][0]), by.start
        times = phrase.find(_AS)
        if times is None:
            return None
        token = times.groups["v"][0]
        factor = Fraction(1, 2) if token.norm == "half" else Fraction(token.value)
        return (lambda old: old * factor), None, times.start

    def _by_value(self, tokens: tuple[Token, ...], less: bool) -> Change:
        token, sign = tokens[-1], -1 if less else 1
        if token.norm in _PARTS:
            return lambda old: old * (1 + sign * _PARTS[token.norm])
        if token.norm == "#pct":
            return lambda old: old * (1 + sign * Fraction(token.value) / 100)
        if token.norm == "#factor":
            factor = Fraction(token.value)
            return lambda old: old / factor if less else old * factor
        return lambda old: old + sign * Fraction(token.value)

    def _changed(self, phrase: Phrase, named: Phrase, change: Change, value: Token | None) -> bool:
        """The one field, or number of a condition, that the words mean, changed."""
        of = named.find(r"(?:of|for|on|in)")
        nodes = self.references.named(named, of.end)[0] if of else []
        words = said_words(named.part(0, of.start) if of and nodes else named)
        titled = [m for m in mentions(named, self.references) if self._is_titled(named, m)]
        if not nodes and titled:
            nodes, words = titled[0].nodes, said_words(outside(named, titled[:1]))
        nodes = nodes or self.mentioned(named)
        if named.has(_EVERY) and (every := self._every(nodes, words, change)):
            phrase.use()
            return all(self.update(node, {field: made}) for node, field, made in every)
        compared = bool(words) and self.names_column(words, nodes)
        places = [] if compared else self._fields_named(words, nodes, value)
        if not places and (value is None or value.kind != "dur"):
            places = self._numbers_named(words, nodes, change)
        places = places or (self._fields_named((), nodes, value) if nodes else [])
        if len({node for node, *_ in places}) > 1:
            self.talk.ask(
                f"Of which node is `{named.said() or 'it'}` meant?", [n for n, *_ in places]
            )
            return False
        if not places:
            return False
        node, field, made = places[0]
        phrase.use()
        return self.update(
            node, {field: made if made is not None else self._moved(node, field, change)}
        )

    def _is_titled(self, phrase: Phrase, mention: Mention) -> bool:
        """Whether a node is called by its own name."""
        said = phrase.part(mention.start, mention.end).said().lower()
        names = [{n.lower(), self.flow.title(n).lower()} for n in mention.nodes]
        return len(names) == 1 and said.removesuffix(" filter") in names[0]

    def _every(
        self, nodes: list[str], words: tuple[str, ...], change: Change
    ) -> list[tuple[str, str, Any]]:
        """The numbers of several conditions: `both limits`."""
        limits = {"limit", "threshold", "filter", "condition", "value", "number"} & set(words)
        found = self._numbers_named((), nodes, change) if limits or len(nodes) > 1 else []
        return [f for f in found if f[1] == "condition"] or found

    def _fields_named(
        self, words: tuple[str, ...], nodes: list[str], value: Token | None
    ) -> list[tuple[str, str, Any]]:
        """Fields that are set and that words name; of several nodes the pattern's."""
        found: list[tuple[str, str, Any]] = []
        spoken = [w for w in words if w not in ("it", "that", "this")] or ["time", "threshold"]
        timed = value is not None and value.kind == "dur"
        for node in nodes or list(self.flow.types):
            config = self.config(node)
            for field in self._candidates(node, tuple(spoken)):
                if _is_amount(config.get(field), None if value is None else timed):
                    found.append((node, field, None))
                    break
        patterns = [f for f in found if self.flow.category(f[0]) == "pattern"]
        return patterns if len(patterns) == 1 else found

    def _named_field(self, node: str, words: tuple[str, ...], value: Token) -> str | None:
        """A field of a node that words name, perhaps after the node's own name."""
        node_type = self.flow.catalog.get(self.flow.types[node])
        for start in range(len(words)):
            field = field_of(node_type, words[start:], value)
            if field is not None:
                return field
        return None

    def _set_field(self, node: str, value: Token) -> str | None:
        """The time, or the count, that a node has; else the one that it may have."""
        word, config = "time" if value.kind == "dur" else "threshold", self.config(node)
        fields = [f for f in self._candidates(node, (word,)) if f in config]
        return fields[0] if fields else self._named_field(node, (word,), value)

    def _candidates(self, node: str, words: tuple[str, ...]) -> list[str]:
        """Fields of a node that some of the words may name, likeliest first."""
        node_type = self.flow.catalog.get(self.flow.types[node])
        named = [field_of(node_type, words[at:], None) for at in range(len(words))]
        meant = [f for at in range(len(words)) for f in WORDS.get(" ".join(words[at:]), ())]
        meant += [f for word in words for f in WORDS.get(word, ())]
        return [f for f in dict.fromkeys([*named, *meant]) if f]

    def _numbers_named(
        self, words: tuple[str, ...], nodes: list[str], change: Change
    ) -> list[tuple[str, str, Any]]:
        """Conditions with a number of the column that words name, with the number changed."""
        found = []
        for node in nodes or list(self.flow.types):
            columns = self.columns_into(node)
            named = next((m for w in words if (m := columns.named([w]))), None)
            if named is None and not nodes and words:
                continue
            for field in ("condition", "where", "trigger"):
                text = self.config(node).get(field)
                if isinstance(text, str) and (
                    made := changed_number(text, None, change, named.name if named else None)
                ):
                    found.append((node, field, made))
        return found

    def _moved(self, node: str, field: str, change: Change) -> Any:
        """The changed value of a field; a count stays whole."""
        from ...graph.duration import duration_text, duration_us

        current = self.config(node)[field]
        if isinstance(current, str):
            return duration_text(int(change(Fraction(duration_us(current)))))
        made = change(Fraction(str(current)))
        if isinstance(current, int) and made.denominator != 1:
            self.talk.assume(f"`{field}` is a whole number: I took {round(made)}.")
            return round(made)
        return json_number(made)


def _absolute(token: Token) -> Token | None:
    return token if token.norm in ("#dur", "#num", "#times") else None


def _is_amount(current: Any, timed: bool | None) -> bool:
    """Whether a field holds a time, or a number; `timed` says which of both it must be."""
    from ...errors import LakestreamError
    from ...graph.duration import duration_us

    if isinstance(current, bool) or current is None:
        return False
    if isinstance(current, int | float):
        return timed is not True
    if not isinstance(current, str) or timed is False:
        return False
    try:
        return duration_us(current) > 0
    except (LakestreamError, ValueError):
        return False
