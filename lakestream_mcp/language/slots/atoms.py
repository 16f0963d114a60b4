"""What stands in a text, wherever it stands: comparisons, times, counts and the key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..rules.condition_clause import Clause
from ..rules.equalities import one_of
from ..rules.grouping import UNLESS, grouped, joined
from ..rules.modifiers import sure, take_key
from ..rules.names import Columns, parts_of, singular
from ..rules.numbers import METHODS
from ..rules.phrase import Phrase
from ..rules.scene import Scene
from ..rules.subjects import subject_key
from ..rules.tokens import Token
from ..rules.words import word_set
from ..rules.written import sql_clauses

if TYPE_CHECKING:
    from sqlglot import exp

_LINKS = word_set("and or , but also with where whose the is are be must only a an that which its")
_JOINS = {"and", "or", "but", "with", "where", "whose"}
_COUNT = (
    r"(?:(?:at least|minimum(?: of)?|more than|over|above|exceed\w*|less than|fewer than|under|"
    r"below|at most|up to|exactly|only|>=|<=|>|<) )?#num(?: or (?:more|fewer|less))?(?: such)? "
    r"(?:(?:[a-z_]\w*|#str) ){0,2}(?P<what>[a-z]\w*[a-rt-z]s|times)(?! than)|"
    r"(?:(?:at least|minimum(?: of)?|more than|over|>=|>) )?#times(?: or more)?"
    r"(?! (?:the|its|their))"
)
_BARE_COUNT = (
    r"(?<!of )(?<!is )(?<!= )(?:(?:at least|more than|over|exceeds?|fewer than|less than|"
    r"minimum(?: of)?) )?"
    r"#num(?: or (?:more|fewer|less)(?! (?:than|#))|"
    r"(?= (?:(?:in|within|per|over|during) (?:a |an |any )?)?#dur))"
)
_AWAY = "|".join(cue for _, cue in METHODS)
_DEVIATIONS = (
    rf"(?:(?:more than|over|above|at least|outside|>|>=) )?#num(?: \w+)? (?:{_AWAY})|"
    rf"(?:{_AWAY})(?: (?:score|scores|of|with|method|threshold|factor|is|above|over|than|more|=|:|"
    r">|>=|multiplier|greater))* #num"
)
_UNITS = word_set("degrees celsius dollars euros pounds percent points units items kelvin")
_SILENT = word_set("dead silent quiet offline lost down gone inactive missing stale stuck no none")
_NEAR = 6
_ONE_OF = word_set("a an any each every one same the per by of for on same")


class Condition(NamedTuple):
    """A comparison, or several of one row, and where it stands."""

    start: int
    end: int
    tree: exp.Expr
    parts: tuple[Clause, ...]


class Atoms:
    """A text without its places, taken apart."""

    def __init__(self, scene: Scene, phrase: Phrase) -> None:
        self.scene = scene
        self.phrase = phrase
        self.conditions = _conditions(scene, phrase)
        inside = {n for c in self.conditions for n in range(c.start, c.end)}
        self.free = [n for n in range(len(phrase)) if n not in inside]
        """The places of tokens that are in no comparison."""

    def bare(self) -> Phrase:
        """The text without its comparisons."""
        return Phrase([self.phrase.tokens[n] for n in self.free], self.phrase.used)

    def times(self) -> list[Token]:
        """The durations that nothing is compared with."""
        return [t for n in self.free if (t := self.phrase.tokens[n]).kind == "dur"]

    def between(self, before: Condition | None, after: Condition | None) -> Phrase:
        """The words from one comparison to the next."""
        start = before.end if before else 0
        end = after.start if after else len(self.phrase)
        return self.phrase.part(start, end)

    def key(self, bare: Phrase) -> tuple[list[str], Phrase]:
        """The columns that a text matches apart, and the text without them; none where it does
        not say."""
        columns = self.scene.columns
        for found in bare.all(r"(?:partition )?key(?:ed)?(?: by| is| :| =)* (?P<k>\w+)"):
            told = columns.exactly([found.groups["k"][0].norm])
            if told:
                bare.use(found.start, found.end)
                return [sure(told)], bare.outside(found.start, found.end)
        key, rest = take_key(bare, columns, self.scene.talk)
        if key.names:
            return list(key.names), rest
        mentioned = _mentioned(columns.key_candidates(), bare, self.scene)
        if mentioned:
            return mentioned
        key = subject_key(bare, columns)
        if key.names:
            return list(key.names), bare
        candidates = columns.key_candidates()
        if len(candidates) != 1:
            said = {singular(t.norm) for t in bare.tokens if t.kind == "word"}
            about = [name for name in candidates if parts_of(name)[0] in said]
            named = [n for n in columns.of_type("string") if n.lower() in _subjects(bare)]
            candidates = about if len(about) == 1 else named
        return (candidates if len(candidates) == 1 else []), bare


def _subjects(bare: Phrase) -> set[str]:
    """The words that come right after `if` or `when`: `if machine goes …`."""
    return {
        f.groups["w"][0].norm
        for f in bare.all(r"(?:if|when|whenever|once) (?:(?:the|an?) )?(?P<w>\w+)")
    }


def _mentioned(
    candidates: Sequence[str], bare: Phrase, scene: Scene
) -> tuple[list[str], Phrase] | None:
    """`a card_number has …`: the only likely key that a text has a column of."""
    found: dict[str, tuple[int, int]] = {}
    for at, token in enumerate(bare.tokens):
        if token.kind not in ("word", "name"):
            continue
        named = scene.columns.exactly([token.norm])
        name = sure(named) if named else ""
        if name in candidates and at and bare.tokens[at - 1].norm in _ONE_OF:
            found.setdefault(name, (at, at + 1))
    if len(found) != 1:
        return None
    ((name, (start, end)),) = found.items()
    bare.use(start, end)
    return [name], bare.outside(start, end)


def _conditions(scene: Scene, phrase: Phrase) -> list[Condition]:
    written = sql_clauses(phrase, scene.columns)
    spoken = scene.events(()).conditions.clauses(_masked(phrase, written, scene))
    told = [c for c in spoken if not _is_silence(phrase, c, scene.columns)]
    clauses = sorted([*written, *told], key=lambda clause: clause.start)
    clauses = _with_values(phrase, _explained(phrase, clauses), scene.columns)
    groups: list[list[Clause]] = []
    for clause in clauses:
        if groups and _linked(phrase.part(groups[-1][-1].end, clause.start)):
            groups[-1].append(clause)
        else:
            groups.append([clause])
    return [
        Condition(
            group[0].start, group[-1].end, joined(phrase, grouped(phrase, group)), tuple(group)
        )
        for group in groups
    ]


def _is_silence(phrase: Phrase, clause: Clause, columns: Columns) -> bool:
    """Whether `a node is dead` tells how long nothing was heard of it, and no value of a column."""
    from sqlglot import exp

    tree, last = clause.tree, phrase.tokens[clause.end - 1]
    told = (columns.status_column(), columns.kind_column())
    bare = isinstance(tree, exp.EQ) and last.kind == "word" and last.norm in _SILENT
    return bare and tree.this.name not in told and phrase.has("#dur")


def _explained(phrase: Phrase, clauses: Sequence[Clause]) -> list[Clause]:
    """The comparisons, each once: `no merchant (merchant is null)` says one thing twice."""
    made: list[Clause] = []
    for clause in clauses:
        last = made[-1] if made else None
        near = last is not None and phrase.part(last.end, clause.start).text in ("", "(")
        if last and near and last.tree.unnest().sql() == clause.tree.unnest().sql():
            made[-1] = last._replace(end=clause.end)
        else:
            made.append(clause)
    return made


def _before_column(
    phrase: Phrase, clauses: list[Clause], alone: list[int], columns: Columns
) -> list[Clause]:
    """`'failed' event_type rows`: a value right before its column."""
    from sqlglot import exp

    texts = {name.lower(): name for name in columns.of_type("string")}
    made = list(clauses)
    for n in alone:
        name = texts.get(phrase.tokens[n + 1].norm) if n + 1 < len(phrase) else None
        if name is not None:
            phrase.use(n, n + 2)
            value = exp.Literal.string(str(phrase.tokens[n].value))
            made.append(Clause(n, n + 2, one_of(name, [value], False)))
    return sorted(made, key=lambda clause: clause.start)


def _with_values(phrase: Phrase, clauses: list[Clause], known: Columns) -> list[Clause]:
    """`with status 'paid' must turn 'shipped'`: a value alone is one of the column before it."""
    from sqlglot import exp

    columns = {
        c.tree.this.name
        for c in clauses
        if isinstance(c.tree.unnest(), exp.EQ) and isinstance(c.tree.this, exp.Column)
    }
    inside = {n for c in clauses for n in range(c.start, c.end)}
    alone = [n for n, t in enumerate(phrase.tokens) if t.norm == "#str" and n not in inside]
    clauses = _before_column(phrase, clauses, alone, known)
    inside = {n for c in clauses for n in range(c.start, c.end)}
    alone = [n for n in alone if n not in inside]
    if len(columns) != 1:
        return clauses
    name = columns.pop()
    for n in alone:
        phrase.use(n, n + 1)
        value = exp.Literal.string(str(phrase.tokens[n].value))
        clauses.append(Clause(n, n + 1, one_of(name, [value], False)))
    return sorted(clauses, key=lambda clause: clause.start)


def _compared(phrase: Phrase, at: int, columns: Columns) -> bool:
    """Whether a column of numbers stands right before one, which then is no count."""
    before = [t.norm for t in phrase.tokens[max(0, at - 2) : at]]
    names = {name.lower() for name in columns.numeric()}
    return any(norm in names for norm in before)


def _waits(phrase: Phrase, columns: Columns) -> list[int]:
    """Where the times stand that no column is compared with: none that holds times is near."""
    told = {part for name in columns.of_unit("time") for part in (name.lower(), *parts_of(name))}
    return [
        at
        for at, token in enumerate(phrase.tokens)
        if token.kind == "dur"
        and not told & {t.norm for t in phrase.tokens[max(0, at - _NEAR) : at + 3]}
    ]


def _masked(phrase: Phrase, written: Sequence[Clause], scene: Scene) -> Phrase:
    """The phrase with what is no comparison in words hidden: SQL, and counts of events."""
    tokens = list(phrase.tokens)
    for clause in written:
        phrase.use(clause.start, clause.end)
        for n in range(clause.start, clause.end):
            tokens[n] = tokens[n]._replace(kind="sql", norm="#sql")
    for found in phrase.all(_COUNT):
        what = found.groups.get("what")
        if what and (what[0].norm in _UNITS or _compared(phrase, found.start, scene.columns)):
            continue
        for n in range(found.start, found.end):
            tokens[n] = tokens[n]._replace(kind="count", norm="#count")
    for n in _waits(phrase, scene.columns):
        tokens[n] = tokens[n]._replace(norm="#time")
    for found in phrase.all(_DEVIATIONS):
        for n in range(found.start, found.end):
            tokens[n] = tokens[n]._replace(kind="count", norm="#count")
    for found in phrase.all(_BARE_COUNT):
        if _compared(phrase, found.start, scene.columns):
            continue
        for n in range(found.start, found.end):
            tokens[n] = tokens[n]._replace(kind="count", norm="#count")
    return Phrase(tokens, phrase.used)


def _linked(gap: Phrase) -> bool:
    """Whether two comparisons are of one row."""
    norms = {t.norm for t in gap.tokens}
    if len(gap) <= _NEAR and gap.has(UNLESS) and not gap.has(r"#\w+"):
        return True
    return len(gap) <= 5 and norms <= _LINKS and bool(norms & _JOINS)
