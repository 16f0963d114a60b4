"""Edits of conditions as a whole: widened, narrowed, or said anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .edit_joined import apart, bounded, either, in_range, negated, no_bound
from .edit_kind import EditKind
from .edit_said import NEW_NODE, OLD, Mention, mentions, outside, removes_node
from .edit_wording import columns_of, is_value, wordings
from .fields import places_of, value_of
from .lookups import positive
from .measures import FUNCTIONS
from .names import singular
from .phrase import Phrase
from .scene import Scene, text

if TYPE_CHECKING:
    from sqlglot import exp


_FIELDS = ("condition", "where", "trigger")
_ALSO = r"also|too|as well(?: as)?|additionally|in addition(?: to)?|on top|furthermore|besides"
_NARROW = r"only|must|additionally|also|and|as well|in addition|too|just|furthermore|if|when"
_CUES = (
    r"replace|change|set|"
    r"only|just|keep|keeps|filter|count|counts|look|consider|accept|let|include|use|take|require|"
    r"instead|rather|now|also|too|as well|watch|allow|want|interested|between #num and|must|"
    r"should|shall|has to|have to|needs to|everything|anything|nothing"
)
_GONE = (
    r"exclude|excludes|ignore|ignores|drop|drops|without|discard|discards|skip|skips|no more|"
    r"filter out|leave out|throw away|reject"
)
_EXCEPT = r"(?:(?:everything|anything|all|any) )?(?:except|other than|but|not)(?: for| the)*"
_NEVER = (
    r"(?:should|must|shall|may|can|does|do|will) not|never|nothing|"
    r"no longer (?=let|pass|accept|count|allow)"
)
_MULTIPLIES = r"(?:please )?(?:double|triple|treble|quadruple|halve)"
_OTHERWISE = rf"{NEW_NODE}|{_MULTIPLIES}"
_STORED = (
    r"(?:be|are|is|get|gets) (?:also |too )?(?:stored|written|saved|sent|kept|copied|archived|put)|"
    r"(?:store|write|save|send|copy|archive|put) (?:the|all|every|those|them|payments|orders|rows)"
)
_ONLY = r"only|just|nothing but"
_NO_CONDITION = r"#dur|#mail|#host|#path|#pct|#name|called|named|renamed"
_IN_PLACE = r"(?:instead of|rather than|in place of|not) (?P<n>#num)(?= |$)"
_PLACED = r"before|after|behind|in front of|ahead of|between"


class ConditionEdits(EditKind):
    """Reads clauses that say which rows a node lets through, or counts."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._conditioned,)

    def _conditioned(self, phrase: Phrase) -> bool:
        """`Paid should accept completed too`, `Large payments must also be from DE or AT`."""
        able = {n: f for n in self.flow.types for f in _FIELDS if self._text(n, f)}
        found = mentions(phrase, self.values.references)
        if not able or phrase.at(_OTHERWISE) or phrase.has(_NO_CONDITION):
            return False
        if self._placed(phrase, found) or phrase.has(_STORED) or self._of_threshold(phrase):
            return False
        if self._of_value(phrase):
            return False
        found = [m for m in found if phrase.tokens[m.start].kind != "str"]
        told = [m.nodes[0] for m in found if len(m.nodes) == 1 and m.nodes[0] in able]
        named = list(dict.fromkeys(told))
        if not (named or phrase.has(_CUES)) or self._counts(phrase, named or list(able)):
            return False
        return any(
            self._changed(phrase, reading, node, able[node], bool(named))
            for node in named or [n for n in able if n not in self.flow.made]
            for reading in self._readings(phrase, [m for m in found if m.nodes == [node] and named])
        )

    def _of_threshold(self, phrase: Phrase) -> bool:
        """`the threshold must be greater than 3`, where some node has one."""
        has = any("threshold" in self.values.config(n) for n in self.flow.types)
        return has and phrase.has("threshold")

    def _of_value(self, phrase: Phrase) -> bool:
        """`5 instead of 3`, where 3 stands in a field of its own: no condition is meant."""
        found = phrase.find(_IN_PLACE)
        old = value_of(found.groups["n"][0]) if found else None
        return old is not None and any(
            path[-1] not in _FIELDS
            for node in self.flow.types
            for path in places_of(self.values.config(node), old)
        )

    def _placed(self, phrase: Phrase, found: list[Mention]) -> bool:
        """Whether nodes are named to go, to put something beside them, or to take rows."""
        if removes_node(phrase, found, self.flow):
            return True
        if any(phrase.part(max(0, m.start - 3), m.start).has(_PLACED) for m in found):
            return True
        return bool(found) and not found[0].start and self._sinks(found[0].nodes)

    def _readings(self, phrase: Phrase, mine: list[Mention]) -> list[Phrase]:
        """A phrase without the name of a node, and with it, likeliest first."""
        mine = sorted(mine, key=lambda m: not phrase.tokens[m.start].text[:1].isupper())[:1]
        rest = outside(phrase, mine)
        titled = not mine or not (mine[0].start or rest.at("or|and"))
        titled = titled and not any(self._describes(phrase, m) for m in mine)
        return [rest, phrase] if titled else [phrase, rest]

    def _counts(self, phrase: Phrase, nodes: list[str]) -> bool:
        """`more than 5 declined payments`: how many, where that is what a node counts."""
        if len(nodes) != 1 or "threshold" not in self.values.config(nodes[0]):
            return False
        about = self.values.columns_into(nodes[0]).about
        return any(
            singular(t.norm) in about
            for found in phrase.all("#num")
            for t in phrase.tokens[found.end : found.end + 2]
        )

    def _describes(self, phrase: Phrase, mention: Mention) -> bool:
        """Whether a node's name says what rows are: `paid orders`."""
        token = phrase.tokens[mention.start]
        rows = phrase.part(mention.end, mention.end + 1).tokens
        about = self.values.columns_into(mention.nodes[0]).about
        return token.text.islower() and bool(rows) and singular(rows[0].norm) in about

    def _sinks(self, nodes: list[str]) -> bool:
        return all(self.flow.category(n) == "sink" for n in nodes)

    def _text(self, node: str, field: str) -> str | None:
        found = self.values.config(node).get(field)
        return found if isinstance(found, str) else None

    def _changed(self, phrase: Phrase, rest: Phrase, node: str, field: str, named: bool) -> bool:
        from ...relational.sql import parse_expression

        tree = parse_expression(self._text(node, field) or "TRUE", None, aggregates=True)
        never = None if rest.has("but|instead") else rest.find(_NEVER) or rest.at(": no")
        over = None if never else rest.find(OLD)
        readings = wordings(rest.without(never), tree)
        new = next((r for s in readings if (r := self._read(s, node, tree)) is not None), None)
        if new is None or (not named and phrase.has(_GONE)):
            return False
        new = bounded(rest, new, tree)
        same = columns_of(new) == columns_of(tree) or (
            bool(columns_of(new)) and columns_of(new) < columns_of(tree) and rest.has(_ONLY)
        )
        if not (named or same) or (same and no_bound(phrase, new, tree)):
            return False
        if never:
            new = positive(new) or negated(new)
        made = (
            _without(tree, apart(new))
            if phrase.has(_GONE)
            else _beside(tree, new)
            if never
            else self._joined(phrase, tree, new, over is not None)
        )
        if made is None or text(made) == text(tree):
            return False
        phrase.use()
        return self.values.update(node, {field: text(made)})

    def _read(self, phrase: Phrase, node: str, tree: exp.Expr) -> exp.Expr | None:
        """What a phrase says of rows; None where words of it are not understood."""
        from sqlglot import exp

        talk = self.values.talk
        asked, used, assumed = dict(talk.questions), set(phrase.used), dict(talk.assumptions)
        scene = Scene(self.values.columns_into(node), talk, self.values.request.catalog)
        events = scene.events()
        events.strict = True
        names = columns_of(tree)
        events.conditions.last = next(iter(names)) if len(names) == 1 else None
        if not phrase:
            return None
        unless = phrase.at(_EXCEPT)
        new, _ = events.condition(phrase.part(unless.end) if unless else phrase)
        if unless and new is not None:
            phrase.use(0, unless.end)
            new = exp.Not(this=exp.Paren(this=new))
        elif new is not None and phrase.has("except|without") and not new.find(exp.Not, exp.NEQ):
            new = None
        about = scene.columns.about
        left = [
            t
            for t in phrase.content()
            if t.place not in phrase.used and singular(t.norm) not in about
        ]
        literals = new.find_all(exp.Literal) if new is not None else ()
        no_value = about | set(scene.columns.types) | FUNCTIONS.keys()
        known = {v.lower() for values in scene.columns.values.values() for v in values}
        unsaid = [
            t
            for t in literals
            if singular(t.name) in no_value or not (is_value(phrase, t) or t.name.lower() in known)
        ]
        texts = {*scene.columns.of_type("string")}
        if len(talk.questions) > len(asked) or left or unsaid or new is None or _odd(new, texts):
            talk.questions, talk.assumptions = asked, assumed
            phrase.used.clear()
            phrase.used.update(used)
            return None
        return new

    def _joined(
        self, phrase: Phrase, old: exp.Expr, new: exp.Expr, instead: bool
    ) -> exp.Expr | None:
        """The old condition and the new one: of the same columns either, of others both."""
        from sqlglot import exp

        same = bool(columns_of(old) & columns_of(new))
        if isinstance(new, exp.And) and old.sql() in {part.sql() for part in new.flatten()}:
            return new
        if phrase.has(_ALSO) and not instead and same:
            return in_range(old, new) or either(old, new)
        if same:
            return self._replaced(old, new)
        if not instead and (phrase.has(_NARROW) or _repeated(phrase, old)):
            return exp.and_(old.copy(), new, copy=False)
        return new

    def _replaced(self, old: exp.Expr, new: exp.Expr) -> exp.Expr:
        """The new comparisons, and what the old condition says of other columns."""
        from sqlglot import exp

        parts = list(old.flatten()) if isinstance(old, exp.And) else [old]
        kept = [p.copy() for p in parts if not columns_of(p) & columns_of(new)]
        return exp.and_(*kept, new, copy=False) if kept else new


def _odd(new: exp.Expr, texts: set[str]) -> bool:
    """Whether a text is said to be more or less than a number, which no text is."""
    from sqlglot import exp

    return any(
        isinstance(part.this, exp.Column)
        and part.this.name in texts
        and isinstance(part.expression, exp.Literal)
        and not part.expression.is_string
        for part in new.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE)
    )


def _repeated(phrase: Phrase, old: exp.Expr) -> bool:
    """`paid in region EU`: whether a text that is compared already is said again."""
    from sqlglot import exp

    said = {t.text for t in phrase.tokens}
    return any(t.is_string and t.name in said for t in old.find_all(exp.Literal))


def _without(old: exp.Expr, gone: exp.Expr) -> exp.Expr | None:
    """The old condition, but for rows that are to be left out."""
    from sqlglot import exp

    parts = list(gone.flatten()) if isinstance(gone, exp.And) else [gone]
    new = [p for p in parts if p.sql() not in {q.sql() for q in old.find_all(exp.Predicate)}]
    if not new:
        return None
    out = exp.Not(this=exp.Paren(this=exp.and_(*new, copy=False)))
    return exp.and_(old.copy(), out, copy=False)


def _beside(old: exp.Expr, new: exp.Expr) -> exp.Expr:
    """The old condition and a bound beside it; the bound alone where both compare the same way."""
    from sqlglot import exp

    alike = type(old) is type(new) or not isinstance(old, exp.Predicate)
    same = columns_of(old) == columns_of(new)
    return new if same and alike else exp.and_(old.copy(), new, copy=False)
