"""Edits of conditions as a whole: widened, narrowed, or said anew."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from .edit_joined import either, in_range, no_bound
from .edit_kind import EditKind
from .edit_said import NEW_NODE, OLD, mentions, outside, stems
from .lookups import positive
from .measures import FUNCTIONS
from .names import singular
from .phrase import Phrase
from .scene import Scene, text
from .words import STATUS_WORDS, word_set

if TYPE_CHECKING:
    from sqlglot import exp


_FIELDS = ("condition", "where")
_TALK = word_set(
    "should must shall ought has have to let lets accept accepts allow allows pass passes "
    "through only just keep keeps look looks count counts consider considers also "
    "additionally please mean means is are be being now : those the that for needs need "
    "require requires will filter filters include includes take takes use and but everything "
    "all then , where with select selects events rows ones checks check when if fire fires "
    "trigger triggers watch watches we i want would like it alert alerts further in addition "
    "furthermore become becomes additional so can may exclude excludes ignore ignores drop "
    "drops without discard skip"
)
_ENDS = word_set(
    "count counted matter considered accepted addition too also now please instead only "
    "additionally anymore again then ) , well as through in pass both are is ok okay fine alike "
    "allowed valid equally same"
)
_ALSO = r"also|too|as well(?: as)?|additionally|in addition(?: to)?|on top|furthermore|besides"
_NARROW = r"only|must|additionally|also|and|as well|in addition|too|just|furthermore|if|when"
_CUES = (
    r"replace|change|set|"
    r"only|just|keep|keeps|filter|count|counts|look|consider|accept|let|include|use|take|require|"
    r"instead|rather|now|also|too|as well|watch|allow|want|interested|between #num and"
)
_BESIDE = r"as well as|in addition to|besides|next to|on top of|along with"
_GONE = (
    r"exclude|excludes|ignore|ignores|drop|drops|without|discard|discards|skip|skips|no more|"
    r"filter out|leave out|throw away|reject"
)
_EXCEPT = r"(?:(?:everything|anything|all|any) )?(?:except|other than|but|not)(?: for| the)*"
_BUT = r"(?:everything|anything|all)(?: orders| rows| events)? (?:but|except|other than)"
_NEVER = (
    r"(?:should|must|shall|may|can|does|do|will) not|never|"
    r"no longer (?=let|pass|accept|count|allow)"
)
_MODAL = ("must", "should", "shall", "also", "additionally", "ought", "now")
_MULTIPLIES = r"(?:please )?(?:double|triple|treble|quadruple|halve)"
_PLACED = r"before|after|behind|in front of|ahead of|between"


class ConditionEdits(EditKind):
    """Reads clauses that say which rows a node lets through, or counts."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._conditioned,)

    def _conditioned(self, phrase: Phrase) -> bool:
        """`Paid should accept completed too`, `Large payments must also be from DE or AT`."""
        able = {n: f for n in self.flow.types for f in _FIELDS if self._text(n, f)}
        values = phrase.has(r"#dur|#mail|#host|#path|#pct|#name")
        if not able or values or phrase.at(rf"{NEW_NODE}|{_MULTIPLIES}"):
            return False
        found = mentions(phrase, self.values.references)
        if any(phrase.part(max(0, m.start - 3), m.start).has(_PLACED) for m in found):
            return False
        found = [m for m in found if phrase.tokens[m.start].kind != "str"]
        if found and not found[0].start and self._sinks(found[0].nodes):
            return False
        told = [m.nodes[0] for m in found if len(m.nodes) == 1 and m.nodes[0] in able]
        named = list(dict.fromkeys(told))
        if not named and not phrase.has(_CUES):
            return False
        for node in named or able:
            mine = [m for m in found if m.nodes == [node] and named]
            mine = sorted(mine, key=lambda m: not phrase.tokens[m.start].text[:1].isupper())[:1]
            rest = outside(phrase, mine)
            titled = not mine or not (mine[0].start or rest.at("or|and"))
            readings = [rest, phrase] if titled else [phrase, rest]
            if any(self._changed(phrase, r, node, able[node], bool(named)) for r in readings):
                return True
        return False

    def _sinks(self, nodes: list[str]) -> bool:
        return all(self.flow.category(n) == "sink" for n in nodes)

    def _text(self, node: str, field: str) -> str | None:
        found = self.values.config(node).get(field)
        return found if isinstance(found, str) else None

    def _changed(self, phrase: Phrase, rest: Phrase, node: str, field: str, named: bool) -> bool:
        from sqlglot import exp

        from ...relational.sql import parse_expression

        tree = parse_expression(self._text(node, field) or "TRUE", None, aggregates=True)
        never = rest.has(_NEVER) and not rest.has("but|instead")
        over = None if never else rest.find(OLD)
        said = _trimmed(_new_part(rest))
        readings = (_either_of(said), said, _about_column(said, tree))
        new = next((r for s in readings if (r := self._read(s, node, tree)) is not None), None)
        if new is None or (not named and phrase.has(_GONE)) or no_bound(phrase, new, tree):
            return False
        if not named and _about(new) != _about(tree):
            return False
        if new is not None and never:
            new = positive(new) or exp.Not(this=exp.Paren(this=new))
        made = (
            _without(tree, new)
            if phrase.has(_GONE)
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
        asked, used = dict(talk.questions), set(phrase.used)
        scene = Scene(self.values.columns_into(node), talk, self.values.request.catalog)
        events = scene.events()
        events.strict = True
        names = _about(tree)
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
        unsaid = [t for t in literals if not _said(phrase, t) or singular(t.name) in no_value]
        if len(talk.questions) > len(asked) or left or unsaid or new is None:
            talk.questions = asked
            phrase.used.clear()
            phrase.used.update(used)
            return None
        return new

    def _joined(
        self, phrase: Phrase, old: exp.Expr, new: exp.Expr, instead: bool
    ) -> exp.Expr | None:
        """The old condition and the new one: of the same columns either, of others both."""
        from sqlglot import exp

        same = bool(_about(old) & _about(new))
        if phrase.has(_ALSO) and not instead and same:
            return in_range(old, new) or either(old, new)
        if same:
            return self._replaced(old, new)
        if not instead and phrase.has(_NARROW):
            return exp.and_(old.copy(), new, copy=False)
        return new

    def _replaced(self, old: exp.Expr, new: exp.Expr) -> exp.Expr:
        """The new comparisons, and what the old condition says of other columns."""
        from sqlglot import exp

        parts = list(old.flatten()) if isinstance(old, exp.And) else [old]
        kept = [p.copy() for p in parts if not _about(p) & _about(new)]
        return exp.and_(*kept, new, copy=False) if kept else new


def _without(old: exp.Expr, gone: exp.Expr) -> exp.Expr | None:
    """The old condition, but for rows that are to be left out."""
    from sqlglot import exp

    parts = list(gone.flatten()) if isinstance(gone, exp.And) else [gone]
    new = [p for p in parts if p.sql() not in {q.sql() for q in old.find_all(exp.Predicate)}]
    if not new:
        return None
    out = exp.Not(this=exp.Paren(this=exp.and_(*new, copy=False)))
    return exp.and_(old.copy(), out, copy=False)


def _new_part(phrase: Phrase) -> Phrase:
    """What is to hold, without what is no longer to, and what is there beside it."""
    turned = phrase.at(r"(?:please )?(?:replace|change|swap|turn) .*? (?:with|by|to|into|for)")
    if turned is not None and phrase.part(0, turned.end).has(r"#num|#str|=|>|<|>=|<="):
        return phrase.part(turned.end)
    over = phrase.find(rf"{OLD}|{_BESIDE}")
    if over is None:
        return phrase
    before = phrase.part(0, over.start)
    if _trimmed(before).content():
        return before
    after = phrase.part(over.end)
    turn = after.find(r"(?:,|but)(?: (?:but|at|for|only))*")
    if turn is None and phrase.part(over.start, over.end).has("not"):
        return phrase
    return after.part(turn.end) if turn else after


def _about(tree: exp.Expr) -> set[str]:
    """The columns that a condition reads."""
    from sqlglot import exp

    return {c.name for c in tree.find_all(exp.Column)}


def _trimmed(phrase: Phrase) -> Phrase:
    """A phrase without the talk before and after what it compares."""
    start, end = 0, len(phrase)
    if but := phrase.find(_BUT):
        return phrase.part(but.start)
    while start < end and phrase.tokens[start].norm in _TALK:
        start += 1
    while end > start and phrase.tokens[end - 1].norm in _ENDS:
        end -= 1
    kept = [t for t in phrase.tokens[start:end] if t.norm not in _MODAL]
    return Phrase(kept, phrase.used)


def _either_of(phrase: Phrase) -> Phrase:
    """`declined and blocked` payments are of one sort or the other."""
    joined = [n for n, t in enumerate(phrase.tokens) if t.norm == "and"]
    around = {
        phrase.tokens[n + step].norm
        for n in joined
        for step in (-1, 1)
        if n and n + step < len(phrase)
    }
    if not joined or not around <= {*STATUS_WORDS, "#str"}:
        return phrase.part(0, 0)
    turned = [t._replace(norm="or", text="or") if t.norm == "and" else t for t in phrase.tokens]
    return Phrase(turned, phrase.used)


def _about_column(phrase: Phrase, tree: exp.Expr) -> Phrase:
    """`exactly 100` of the one column that is compared already."""
    from sqlglot import exp

    names = _about(tree)
    old = phrase.find(r"(?:instead of|rather than|not)(?: \w+){0,3} (?P<n>#num)")
    numbers = {Fraction(n.name) for n in tree.find_all(exp.Literal) if not n.is_string}
    other = old is not None and Fraction(old.groups["n"][0].value) not in numbers
    if len(names) != 1 or not phrase or other:
        return phrase.part(0, 0)
    name = next(iter(names))
    column = phrase.tokens[0]._replace(kind="word", text=name, norm=name.lower(), value=None)
    return Phrase((column, *phrase.tokens), phrase.used)


def _said(phrase: Phrase, literal: exp.Expr) -> bool:
    """Whether a value was said as it is, and not put together of words that mean no value."""
    if not getattr(literal, "is_string", False):
        return True
    words = [t for t in phrase.tokens if t.kind not in ("num", "times", "dur")]
    said = [str(t.value if t.kind == "str" else t.text) for t in words]
    return any(s.lower() == literal.name.lower() or stems(s) == stems(literal.name) for s in said)
