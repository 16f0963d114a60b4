"""How a clause words a condition: without the talk around it, and in the words that compare."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .comparisons import ORDERED
from .edit_said import OLD, stems
from .phrase import Phrase
from .words import STATUS_WORDS, word_set

if TYPE_CHECKING:
    from sqlglot import exp

    from .tokens import Token

_TALK = word_set(
    "should must shall ought has have to let lets accept accepts allow allows pass passes "
    "through only just keep keeps look looks count counts consider considers also "
    "additionally please mean means is are be being now : those the that for needs need "
    "require requires will filter filters include includes take takes use and but everything "
    "all then , where with select selects events rows ones checks check when if fire fires "
    "trigger triggers watch watches we i want would like it alert alerts further in addition "
    "furthermore become becomes additional so can may exclude excludes ignore ignores drop "
    "drops without discard skip make set change either anything nothing through in"
)
_ENDS = word_set(
    "count counted matter considered accepted addition too also now please instead only "
    "additionally anymore again then ) , well as through in pass both are is ok okay fine alike "
    "allowed valid equally same from"
)
_BESIDE = r"in addition to|besides|next to|on top of|along with"
_BUT = r"(?:everything|anything|all)(?: orders| rows| events)? (?:but|except|other than)"
_MODAL = ("must", "should", "shall", "also", "additionally", "ought", "now")
_NEEDS = r"(?:needs?|has|have|ought|is|are) to be"
_CONDITIONS = ("condition", "where", "trigger", "expected")
_DROPS = r"(?:drops?|removes?|ignores?|excludes?|discards?|throws? away)"
_ENDINGS = ("ed", "en", "ing")
_IS_VALUE = r"=|!=|is|are|of|in|or|equals?|status|country|region|type|\\w+_\\w+|not|be"
_OF_CONDITION = r"#num|#str|=|>|<|>=|<=|filter|condition"
_NOT_ONLY = r"not (?:only|just) .*?(?:but|and)(?: also)?"
_RANGE = r"(?:from )?#num (?:to|until|till|-|up to) #num$"
_ONE = ("one", "on", "for", "a", "an", "another", "the", "new", "filter", "condition", "about")
_BOUND = r"not(?: (?:be|go|goes|any))* (?:above|below|over|under|more|less|higher|lower|beyond)"


def wordings(phrase: Phrase, tree: exp.Expr) -> Iterator[Phrase]:
    """What may be said to hold, in the words that compare, likeliest first."""
    phrase = _bounds_joined(_beside(phrase))
    whole = trimmed(phrase)
    if phrase.has(_BOUND) and not _replaces(phrase, tree):
        yield whole
    said = trimmed(new_part(phrase))
    yield from (_either_of(said), _range(said), said, _about_column(said, tree))
    if phrase.has(OLD):
        yield whole


def _beside(phrase: Phrase) -> Phrase:
    """`not only a but also b`, `a as well as b`: what is said of either."""
    found = phrase.find(_NOT_ONLY)
    if found is not None:
        kept = (*phrase.tokens[: found.start], *phrase.tokens[found.end :])
        return Phrase(kept, phrase.used)
    well = phrase.find("as well as")
    if well is None or not well.start:
        return phrase
    joined = phrase.tokens[well.start]._replace(norm="and", text="and")
    return Phrase((*phrase.tokens[: well.start], joined, *phrase.tokens[well.end :]), phrase.used)


def _bounds_joined(phrase: Phrase) -> Phrase:
    """`over 60 but lower than 90` with an `and`."""
    found = phrase.find(r"but(?= (?:lower|less|under|below|above|over|more|at) )")
    if found is None:
        return phrase
    tokens = list(phrase.tokens)
    tokens[found.start] = tokens[found.start]._replace(norm="and", text="and")
    return Phrase(tokens, phrase.used)


def _replaces(phrase: Phrase, tree: exp.Expr) -> bool:
    """Whether what is said with a `not` is a number that is compared now."""
    found = phrase.find(r"not(?: \w+){0,3} (?P<n>#num)")
    return found is not None and Fraction(found.groups["n"][0].value) in _numbers(tree)


def _range(phrase: Phrase) -> Phrase:
    """`45 to 65` as `between 45 and 65`."""
    found = phrase.find(_RANGE)
    if found is None or phrase.has("between|range"):
        return phrase.part(0, 0)
    start = found.start + (phrase.tokens[found.start].norm == "from")
    lead = phrase.tokens[start]._replace(kind="word", text="between", norm="between", value=None)
    tokens = (*phrase.tokens[: found.start], lead, phrase.tokens[start])
    return Phrase((*tokens, lead._replace(text="and", norm="and"), phrase.tokens[-1]), phrase.used)


def new_part(phrase: Phrase) -> Phrase:
    """What is to hold, without what is no longer to, and what is there beside it."""
    turned = phrase.at(r"(?:please )?(?:replace|change|swap|turn) .*? (?:with|by|to|into|for)")
    if turned is not None and phrase.part(0, turned.end).has(_OF_CONDITION):
        start = turned.end
        while start < len(phrase) and phrase.tokens[start].text.lower() in _ONE:
            start += 1
        return phrase.part(start)
    over = phrase.find(rf"{OLD}|{_BESIDE}")
    if over is None:
        return phrase
    before = phrase.part(0, over.start)
    if trimmed(before).content():
        return before
    after = phrase.part(over.end)
    turn = after.find(r"(?:,|but)(?: (?:but|at|for|only))*")
    if turn is None and phrase.part(over.start, over.end).has("not"):
        return phrase
    return after.part(turn.end) if turn else after


def trimmed(phrase: Phrase) -> Phrase:
    """A phrase without the talk before and after what it compares."""
    if needs := phrase.find(_NEEDS):
        is_ = phrase.tokens[needs.start]._replace(norm="is", text="is")
        tokens = (*phrase.tokens[: needs.start], is_, *phrase.tokens[needs.end :])
        phrase = Phrase(tokens, phrase.used)
    start, end = 0, len(phrase)
    if but := phrase.find(_BUT):
        return phrase.part(but.start)
    while start < end and phrase.tokens[start].norm in _TALK:
        start += 1
    while end > start and phrase.tokens[end - 1].norm in _ENDS:
        end -= 1
    kept = [
        t._replace(norm="is", text="is") if t.norm == "be" else t
        for t in phrase.tokens[start:end]
        if t.norm not in _MODAL
    ]
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
    names = columns_of(tree)
    old = phrase.find(r"(?:instead of|rather than|not)(?: \w+){0,3} (?P<n>#num)")
    other = old is not None and Fraction(old.groups["n"][0].value) not in _numbers(tree)
    if len(names) != 1 or not phrase.has("#num|#times|#str") or other:
        return phrase.part(0, 0)
    name = next(iter(names))
    column = phrase.tokens[0]._replace(kind="word", text=name, norm=name.lower(), value=None)
    return Phrase((column, *phrase.tokens), phrase.used)


def columns_of(tree: exp.Expr) -> set[str]:
    """The columns that a condition reads."""
    from sqlglot import exp

    return {c.name for c in tree.find_all(exp.Column)}


def _numbers(tree: exp.Expr) -> set[Fraction]:
    """The numbers that a condition compares with."""
    from sqlglot import exp

    return {Fraction(n.name) for n in tree.find_all(exp.Literal) if not n.is_string}


def as_command(phrase: Phrase) -> Phrase:
    """`a filter that drops rows` as `drop rows`."""
    found = phrase.find(rf"filter(?: node)? (?:that|which|to) (?P<do>{_DROPS})")
    if found is None:
        return phrase
    verb = found.groups["do"][0]._replace(norm="drop", text="drop")
    phrase.use(0, found.end)
    return Phrase((verb, *phrase.tokens[found.end :]), phrase.used)


def with_presence(phrase: Phrase, columns: Collection[str], lacks: bool = False) -> Phrase:
    """`rows with a card_number` as `card_number is not null`; `without` one, where that is told."""
    found = phrase.find(r"(?:with|having)(?: an?| the| any)? (?P<c>\w+)$")
    words: tuple[str, ...] = ("is", "not", "null")
    if lacks and found is None:
        found = phrase.find(r"(?:without|with no|lacking)(?: an?| the| any)? (?P<c>\w+)")
        words = ("is", "null")
        phrase.use(found.start if found else 0, found.end if found else 0)
    column = found.groups["c"][0] if found else None
    if found is None or column is None or column.norm not in columns:
        return phrase
    said = [column._replace(text=w, norm=w, value=None) for w in words]
    before, after = phrase.tokens[: found.start], phrase.tokens[found.end :]
    return Phrase((*before, column, *said, *after), phrase.used)


def is_value(phrase: Phrase, literal: exp.Expr) -> bool:
    """Whether a text of a condition was said as it is, and as a value: `'x'`, `is x`, `blocked`."""
    if not getattr(literal, "is_string", False):
        return True
    name = literal.name.lower()
    for place, token in enumerate(phrase.tokens):
        if token.kind == "str" and str(token.value).lower() == name:
            return True
        said = token.kind not in ("num", "times", "dur") and token.text.lower()
        if said == name or (said and stems(said) == stems(name)):
            written = not token.text.islower() or "_" in name or name.endswith(_ENDINGS)
            if written or token.norm in STATUS_WORDS or phrase.part(0, place).has(_IS_VALUE):
                return True
    return False


def invents(phrase: Phrase, config: Mapping[str, Any]) -> bool:
    """Whether a condition compares with a text that nobody said: one put together of words."""
    from ...relational.sql import parse_expression

    told = {str(t.value if t.kind == "str" else t.text).lower() for t in phrase.tokens}
    return any(
        ("_" in literal.name and literal.name.lower() not in told) or _is_address(literal)
        for field in _CONDITIONS
        if isinstance(config.get(field), str)
        for literal in _texts(parse_expression(config[field], None, aggregates=True))
    )


def _is_address(literal: exp.Expr) -> bool:
    """Whether a text is an IP address, and compared with a column that holds none."""
    from sqlglot import exp

    parent = literal.parent
    names = " ".join(c.name for c in parent.find_all(exp.Column)) if parent else ""
    return (
        literal.name.replace(".", "").isdigit()
        and literal.name.count(".") == 3
        and ("ip" not in names and "addr" not in names)
    )


def _texts(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The texts that a condition compares with."""
    from sqlglot import exp

    return (literal for literal in tree.find_all(exp.Literal) if literal.is_string)


def compared_numbers(text: str, old: list[Token]) -> bool:
    """Whether a condition has one number, or one that is to be another."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    tree = parse_expression(text, None, aggregates=True)
    numbers = [Fraction(n.name) for n in tree.find_all(exp.Literal) if not n.is_string]
    return any(Fraction(t.value) in numbers for t in old) if old else bool(numbers)


def sign_said(phrase: Phrase) -> str | None:
    """The comparison that is said of a number."""
    if phrase.has("exactly #num"):
        return "="
    for sign, words in ORDERED:
        if sign != "<" and phrase.has(rf"(?:{words}) #(?:num|times)"):
            return sign
    return None
