"""What becomes of columns, told in passing: lists taken apart, types, sums, steps of a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .names import Columns, singular
from .phrase import Found, Phrase
from .rewriting import Rewriting, mark, rewritten, word
from .tokens import Token
from .words import COLUMN_TYPES

_ROW = (
    r"(?: (?:,|into|in|to|as|so|that|and|with|is|are|be|becomes?|gets?|has|on|should|shall|each|"
    r"every|one|a|an|the|its|their|own|separate|single|individual|different|several|many|of|rows?|"
    r"lines?|records?|events?|element|elements|item|entry|entries|value|values|apart|up|per))*"
)
_APART = (
    r"(?:take apart|break apart|break up|break down|split up|split|unroll|unpack|expand|spread|"
    rf"separate|turn|take|tear apart)(?: (?:the|all|each|array|list|column))* (?P<c>[a-z_]\w*)"
    rf"(?P<how>{_ROW})"
)
_EACH = (
    r"(?:make |put |write |give )?(?:each|every|one|all|the|a|single)(?: single)? "
    r"(?:elements?|items?|entry|entries|values?|members?) (?:of|in|from) (?:the )?(?P<c>[a-z_]\w*)"
    rf"(?P<how>{_ROW})"
)
_IS_ROWS = r"rows?|lines?|records?|apart|each|every"
_TYPE = "|".join(sorted(COLUMN_TYPES))
_CAST = (
    rf"(?P<b>^|[,;.:] )(?:and )?(?P<c>[a-z_]\w*) (?:to|as|becomes|into) (?:an? )?(?P<t>{_TYPE})"
    r"(?P<more> \( #num(?: , #num)? \))?(?= (?:,|;|\.|and)|$)"
)
_RENAMED = (
    r"(?P<b>^|[,;.:] )(?:and )?(?P<c>[a-z_]\w*) (?:is |gets )?renamed(?: (?:to|as|into))? "
    r"(?P<n>[a-z_]\w*)"
)
_HOW_MUCH = (
    r"(?P<many>how many [a-z]\w*(?: (?:there )?(?:was|were|is|are))? )?(?:and |, )?how much "
    r"(?P<c>[a-z_]\w*)(?: (?:there )?(?:was|were|is|are))?"
)
_ROWED = r"(?:in a row|one after another|one after the other|consecutively|running|in succession)"
_STEPS = rf"(?P<n>#num) (?P<how>lower|smaller|higher|larger|greater) (?P<c>[a-z_]\w*) {_ROWED}"
_THAN_BEFORE = (
    r"(?P<c>[a-z_]\w*) (?:(?:is|was|each|always|gets) )*"
    r"(?P<how>lower|smaller|higher|larger|greater) than (?:the |its )?"
    r"(?:one |value |reading |row |trade )?(?:before|previous|last)(?: one)?"
    rf"(?: ,| for)* (?P<n>#times|#num)(?: times)? {_ROWED}"
)
_DOWN = ("lower", "smaller")
_SUBSCRIBED = re.compile(r"projects/([\w-]+)/(subscriptions|topics)/([\w.-]+)")


def shaped(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """`split items into separate rows` as `explode items`; `amount to int` as `cast amount to
    int`; `how much total` as `sum of total`; `5 lower prices in a row` as `5 falling prices …`."""
    known = Columns(dict(columns), True)
    names = {name.lower() for name in columns}
    numbers = {name.lower() for name in known.numeric()}
    lists = {n.lower() for n, kind in columns.items() if kind.startswith(("array", "map"))}

    def apart(found: Found) -> list[Token] | None:
        column, how = found.groups["c"][0], Phrase(found.groups.get("how", ()))
        rows = how.has(_IS_ROWS) or "apart" in {t.norm for t in found.tokens}
        if column.norm not in lists or not rows:
            return None
        return [word("explode", found.tokens[0]), column, mark(",", column)]

    def cast(found: Found) -> list[Token] | None:
        said = found.groups
        if said["c"][0].norm not in names:
            return None
        to = word("to", said["t"][0])
        told = [word("cast", said["c"][0]), *said["c"], to, *said["t"], *said.get("more", ())]
        return [*said.get("b", ()), *told]

    def renamed(found: Found) -> list[Token] | None:
        said = found.groups
        if said["c"][0].norm not in names:
            return None
        told = [word("rename", said["c"][0]), *said["c"], word("to", said["n"][0]), *said["n"]]
        return [*said.get("b", ()), *told]

    def much(found: Found) -> list[Token] | None:
        column = found.groups["c"][0]
        if column.norm not in numbers:
            return None
        counts = [word("count", column)] if "many" in found.groups else []
        return [*counts, mark(",", column), *(word(w, column) for w in ("sum", "of")), column]

    def steps(found: Found) -> list[Token] | None:
        noun, how = found.groups["c"][0], found.groups["how"][0]
        if singular(noun.norm) not in numbers and noun.norm not in numbers:
            return None
        way = "falling" if how.norm in _DOWN else "rising"
        row = (word(w, how) for w in ("in", "a", "row"))
        return [*found.groups["n"], word(way, how), noun, *row]

    def before(found: Found) -> list[Token] | None:
        column, how = found.groups["c"][0], found.groups["how"][0]
        if column.norm not in numbers:
            return None
        verb = word("falls" if how.norm in _DOWN else "rises", how)
        number = found.groups["n"][0]._replace(kind="times", norm="#times")
        return [column, verb, number, *(word(w, how) for w in ("in", "a", "row"))]

    rules: tuple[Rewriting, ...] = (
        (_APART, apart),
        (_EACH, apart),
        (_CAST, cast),
        (_RENAMED, renamed),
        (_HOW_MUCH, much),
        (_STEPS, steps),
        (_THAN_BEFORE, before),
    )
    return rewritten(tokens, *rules)


def addressed(tokens: Sequence[Token]) -> list[Token]:
    """`projects/acme/subscriptions/scans` as `scans in project acme`, and `topic a/b` as one
    name."""
    made: list[Token] = []
    for token in tokens:
        whole = _SUBSCRIBED.fullmatch(token.text)
        if whole is not None:
            project, _, name = whole.groups()
            named = Token("str", name, "#str", name, place=token.place)
            called = Token("str", project, "#str", project, place=token.place)
            made += [named, word("in", token), word("project", token), called]
        elif token.kind == "word" and _is_path(made, token):
            joined = f"{made[-2].text}/{token.text}"
            place = made[-2].place
            made[-2:] = [Token("topic", joined, "#topic", joined, place=place)]
        else:
            made.append(token)
    return made


def _is_path(made: Sequence[Token], token: Token) -> bool:
    """Whether a word ends `topic a/b`, which is written without spaces."""
    if len(made) < 3 or made[-1].norm != "/" or made[-2].kind != "word":
        return False
    close = made[-2].place + len(made[-2].text) == made[-1].place == token.place - 1
    return close and made[-3].norm in ("topic", "topics")
