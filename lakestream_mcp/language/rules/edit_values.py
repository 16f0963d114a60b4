"""Edits of what is configured: a time, a threshold, a key, kept columns, what is reported."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .fields import field_of, places_of, said_words, value_of, with_number, with_value
from .phrase import Phrase
from .words import DURATIONS

if TYPE_CHECKING:
    from .tokens import Token
from .edit_literals import CONDITIONS
from .edit_said import RELATIVE
from .edit_sinks import Sinks

_SET = (
    r"(?:(?:please|also|and|can you|could you) )*(?P<do>make|set|change|"
    r"increase|raise|lower|reduce|decrease|extend|lengthen|shorten|update|use|turn|"
    r"adjust|switch|bump|widen|narrow|double|halve|let|require|tighten|relax|"
    r"wait|rather|it should be|should be|(?:drop|cut|bring|take)(?= .* to #))(?: up| down)?"
)


_TO = (
    r"(?:to be|to|=|be|into|as|at|from now on|is|should be|of)(?: (?:an?|the|at "
    r"least|at most|only|just))?"
)


_VALUE = r"(?P<v>#dur|#num|#times|#str|#name|#host|#path|#url|#mail|#dist|#factor|#pct)"


_OLD = r"(?P<old>#dur|#num|#times|#str|#mail|#url|#path|#host|#name)"
_NEW = _OLD.replace("old", "new")
_INSTEAD = (
    rf"(?:from )?{_OLD} (?:to|into|->|with|by) {_NEW}",
    rf"{_NEW}(?: \w+){{0,3}}(?: ,)?(?: and| but)? (?:instead of|rather than|in place of|"
    rf"not) {_OLD}",
    rf"(?:instead of|rather than|not) {_OLD}(?: ,)?(?: (?:but|use|take|make it|it is|to|"
    rf"wait))* {_NEW}",
)
_TEXTS = "subject|message|title|body|text|description"
_CONDITIONS = ("condition", "where", "trigger")


class Values(Sinks):
    """Reads clauses that change configurations."""

    def first(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What says several fields at once, and is tried before single values."""
        return (self._sliding, self._by_as_much, self._restated)

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What changes a configuration, likeliest first."""
        return (
            self._worded,
            self._provided,
            self._repeated,
            self._meant,
            self._instead,
            self._value_swapped,
            self._column_swapped,
            self._relative,
            self._direction,
            self._step_added,
            self._value_added,
            self._key,
            self._kept,
            self._reported,
            self._field,
            self._it,
        )

    def _instead(self, phrase: Phrase) -> bool:
        """`from 5 to 10`, `10 instead of 5`: the value that is there says which field."""
        found = next((f for cue in _INSTEAD if (f := phrase.find(cue))), None)
        if found is None:
            return False
        old, new = found.groups["old"][0], found.groups["new"][0]
        if old.kind == "num" and new.kind == "dur" and not old.unit:
            length = Fraction(old.value) * DURATIONS.get(new.unit, 0)
            old = old._replace(kind="dur", norm="#dur", value=length)
        if "num" in (old.kind, new.kind) and {old.kind, new.kind} - {"num", "times"}:
            return False
        if old.kind == new.kind == "str" and (place := self._place_of(old)):
            return self._with_text(phrase, place, new)
        rest = phrase.without(found)
        nodes = self.mentioned(rest) or list(self.flow.types)
        hits = [(n, path) for n in nodes for path in places_of(self.config(n), value_of(old))]
        if len(hits) > 1:
            hits = self._fitting(rest, hits) or hits
        if not hits:
            return (
                self._in_condition(phrase, nodes, Fraction(new.value), Fraction(old.value))
                if old.kind == "num"
                else False
            )
        steps = {(n, path[:-1]) for n, path in hits}
        if len(steps) > 1:
            self.talk.ask(
                f"Which `{old.text}` is meant?", [f"{n}: {'.'.join(map(str, p))}" for n, p in hits]
            )
            return False
        phrase.use()
        node = hits[0][0]
        config = self.config(node)
        for _, path in hits:
            config = with_value(config, path, value_of(new))
        top = {path[0] for _, path in hits}
        return self.update(node, {name: config[name] for name in top})

    def _fitting(
        self, phrase: Phrase, hits: list[tuple[str, tuple[Any, ...]]]
    ) -> list[tuple[str, tuple[Any, ...]]]:
        words = said_words(phrase)
        fields = {
            n: field_of(self.flow.catalog.get(self.flow.types[n]), (w,), None)
            for n, _ in hits
            for w in words
        }
        return [(n, p) for n, p in hits if fields.get(n) in p]

    def _field(self, phrase: Phrase) -> bool:
        """`make the window an hour`, `set the topic to orders`, `change the limit of x to 5`."""
        found = phrase.at(_SET)
        start = found.end if found else 0
        value, end = self._value(phrase, start)
        if value is None or (found is None and not phrase.has("should be")):
            return False
        if phrase.has(RELATIVE):
            return False
        named = phrase.part(start, end)
        of = named.find(r"(?:of|for|on|in)")
        node = self.references.named(named, of.end)[0] if of else []
        words = said_words(named.part(0, of.start) if of else named)
        if not words:
            return False
        return self._set(phrase, words, value, node)

    def _value(self, phrase: Phrase, start: int) -> tuple[Token | None, int]:
        """The value that a clause ends with, and where the words before it end."""
        to = None
        for found in phrase.all(_TO):
            if found.start > start and found.end < len(phrase):
                to = found
        at = phrase.find(
            rf"(?:(?:to|be|=|is|at|least|most|only|from|now|on|the|a) )*{_VALUE}", start
        )
        if at is not None and not phrase.part(at.end).has("#num|#dur"):
            return at.groups["v"][0], at.start
        named = to is not None and phrase.part(start, to.start).has(_TEXTS)
        if to is not None and named and len(phrase) - to.end > 1 and not phrase.has("#str"):
            said = " ".join(t.text for t in phrase.tokens[to.end :])
            return phrase.tokens[to.end]._replace(kind="str", norm="#str", value=said), to.start
        if to is not None and len(phrase) - to.end == 1:
            return phrase.tokens[to.end], to.start
        return None, start

    def _set(  # noqa: PLR0911 - the cases of a grammar
        self, phrase: Phrase, words: tuple[str, ...], value: Token, nodes: list[str]
    ) -> bool:
        if self.names_column(words, nodes) and self._compared(phrase, words, value, nodes):
            return True
        fitting = []
        for node in nodes or list(self.flow.types):
            field = self._named_field(node, words, value)
            if field is not None:
                fitting.append((node, field))
        fitting = self._likeliest(words, fitting, phrase)
        if not fitting and self._compared(phrase, words, value, nodes):
            return True
        if not fitting:
            of = [n for n in nodes or self.mentioned(phrase) if self._set_field(n, value)]
            fitting = [(n, f) for n in of if (f := self._set_field(n, value))]
        if not fitting:
            return False
        if len({node for node, _ in fitting}) > 1:
            self.talk.ask(f"Of which node is `{' '.join(words)}` meant?", [n for n, _ in fitting])
            return False
        node, field = fitting[0]
        if field in CONDITIONS and value.kind == "word":
            self.talk.ask(f"What is the condition of `{node}` to be? Which number, or value?")
            return False
        phrase.use()
        if field == "radius_m":
            zones = [{**z, "radius_m": value_of(value)} for z in self.config(node).get("zones", [])]
            return self.update(node, {"zones": zones})
        return self.update(node, {field: value_of(value, self.config(node).get(field))})

    def _likeliest(
        self, words: tuple[str, ...], fitting: list[tuple[str, str]], phrase: Phrase
    ) -> list[tuple[str, str]]:
        """Of several nodes those that are named, have the field set, or are the pattern."""
        if len(fitting) < 2:
            return fitting
        named = set(self.mentioned(phrase))
        for chosen in (
            [f for f in fitting if f[0] in named],
            [
                f
                for f in fitting
                if self.flow.category(f[0]) == "pattern" and f[1] in self.config(f[0])
            ],
            [f for f in fitting if self.flow.category(f[0]) == "pattern"],
            [f for f in fitting if f[1] in self.config(f[0])],
        ):
            if chosen:
                return chosen
        return fitting

    def _compared(
        self, phrase: Phrase, words: tuple[str, ...], value: Token, nodes: list[str]
    ) -> bool:
        """`change the threshold to 5` where the number stands in a condition."""
        if value.kind not in ("num", "times"):
            return False
        named = nodes or self.mentioned(phrase) or list(self.flow.types)
        return self._in_condition(phrase, named, Fraction(value.value), None, words)

    def _in_condition(
        self,
        phrase: Phrase,
        nodes: list[str],
        new: Fraction,
        old: Fraction | None,
        words: tuple[str, ...] = (),
    ) -> bool:
        """Another number in the one condition that has a fitting one."""
        hits = []
        for node in nodes:
            columns = self.columns_into(node)
            named = next((m for w in words if (m := columns.named([w]))), None)
            for field in _CONDITIONS:
                text = self.config(node).get(field)
                if isinstance(text, str) and (
                    made := with_number(text, old, new, named.name if named else None)
                ):
                    hits.append((node, field, made))
        if len(hits) > 1:
            self.talk.ask(
                "Which condition is meant?", [f"{n}: {self.config(n)[f]}" for n, f, _ in hits]
            )
            return False
        if not hits:
            return False
        phrase.use()
        node, field, made = hits[0]
        return self.update(node, {field: made})

    def _it(self, phrase: Phrase) -> bool:
        """`make it 10 minutes`, `wait an hour`: the one field that such a value fits."""
        found = phrase.at(
            rf"{_SET}(?: (?:it|that|this|them|only|just|until|at least|for|"
            r"up))*(?: (?:to|be|at least|for))*"
        )
        at = phrase.find(_VALUE, found.end) if found else None
        if (
            found is None
            or at is None
            or phrase.part(found.end, at.start).content()
            or phrase.part(at.end).content()
        ):
            return False
        value = at.groups["v"][0]
        last = self.references.last
        fitting: list[tuple[str, str]] = []
        for nodes in (
            [last] if last in self.flow.types and last else [],
            self.flow.of("pattern"),
            self.flow.of("transform"),
        ):
            fitting = fitting or [(n, f) for n in nodes if (f := self._set_field(n, value))]
        if len(fitting) != 1:
            return False
        phrase.use()
        return self.update(fitting[0][0], {fitting[0][1]: value_of(value)})
