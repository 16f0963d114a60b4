"""What becomes of columns, told in passing: lists taken apart, types, sums, steps of a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .column_sets import ColumnSets
from .names import singular
from .phrase import Found, Phrase
from .rewriting import Rewriting, mark, rewritten, sign, word
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
_THAN = r"(?P<b>[a-z_]\w*|or|and) (?P<how>greater|bigger|higher|larger|smaller|lower|less)(?= #num)"
_VALUE = (
    r"(?P<c>[a-z_]\w*)(?: (?:=|is|of|in))? (?P<a>#str)"
    r"(?P<m>(?: (?:,|but|and|then|never|not|no|without))*"
    r" (?:but|then|never|not|without)(?: (?:,|then|never|not|no|an?|the|any))*) (?P<v>#str)"
)
_SEEN = (
    r"(?:(?:who|that|which|has|have|had) )*(?:visit|visits|visited|visiting|view|views|viewed|"
    r"opens|opened|hits|loads|loaded|saw|sees|lands on|landed on)(?: the)? (?P<c>[a-z_]\w*)"
    r"(?= (?:(?:=|is|of) )?#str)"
)
_PRODUCT = (
    r"(?P<f>(?:sum|total|average|avg|mean|max|min|maximum|minimum)(?: of)?(?: the)?) "
    r"(?P<l>[a-z_]\w*) (?P<s>[*/+-]|times|multiplied by|divided by|plus|minus) (?P<r>[a-z_]\w*)"
)
_ROWS_OF_LAST = (
    r"(?P<w>payments|orders|rows|events|logins|readings|trades|clicks|transactions|requests) "
    r"(?:of|from|in|over|during) the (?:last|past|previous)(?= #dur)"
)
_DOWN = ("lower", "smaller")
_OPERATIONS = {
    "*": ("*", "times"), "times": ("*", "times"), "multiplied": ("*", "times"),
    "/": ("/", "by"), "divided": ("/", "by"), "+": ("+", "plus"), "plus": ("+", "plus"),
    "-": ("-", "minus"), "minus": ("-", "minus"),
}  # fmt: skip
_SUBSCRIBED = re.compile(r"projects/([\w-]+)/(subscriptions|topics)/([\w.-]+)")


class _Shapes(ColumnSets):
    """What a text says of how columns become others."""

    def rules(self) -> tuple[Rewriting, ...]:
        """What is looked for, one after the other."""
        return (
            (_APART, self._apart),
            (_EACH, self._apart),
            (_CAST, self._cast),
            (_RENAMED, self._renamed),
            (_HOW_MUCH, self._much),
            (_STEPS, self._steps),
            (_THAN_BEFORE, self._before),
            (_THAN, self._than),
            (_SEEN, self._seen),
            (_VALUE, self._valued),
            (_PRODUCT, self._product),
            (_ROWS_OF_LAST, lambda f: [*f.groups["w"], word("within", f.tokens[-1])]),
        )

    def _apart(self, found: Found) -> list[Token] | None:
        column, how = found.groups["c"][0], Phrase(found.groups.get("how", ()))
        rows = how.has(_IS_ROWS) or "apart" in {t.norm for t in found.tokens}
        if column.norm not in self.lists or not rows:
            return None
        return [word("explode", found.tokens[0]), column, mark(",", column)]

    def _cast(self, found: Found) -> list[Token] | None:
        said = found.groups
        if said["c"][0].norm not in self.names:
            return None
        to = word("to", said["t"][0])
        told = [word("cast", said["c"][0]), *said["c"], to, *said["t"], *said.get("more", ())]
        return [*said.get("b", ()), *told]

    def _renamed(self, found: Found) -> list[Token] | None:
        said = found.groups
        if said["c"][0].norm not in self.names:
            return None
        told = [word("rename", said["c"][0]), *said["c"], word("to", said["n"][0]), *said["n"]]
        return [*said.get("b", ()), *told]

    def _much(self, found: Found) -> list[Token] | None:
        column = found.groups["c"][0]
        if column.norm not in self.numbers:
            return None
        counts = [word("count", column)] if "many" in found.groups else []
        return [*counts, mark(",", column), *(word(w, column) for w in ("sum", "of")), column]

    def _steps(self, found: Found) -> list[Token] | None:
        noun, how = found.groups["c"][0], found.groups["how"][0]
        if singular(noun.norm) not in self.numbers and noun.norm not in self.numbers:
            return None
        way = "falling" if how.norm in _DOWN else "rising"
        row = (word(w, how) for w in ("in", "a", "row"))
        return [*found.groups["n"], word(way, how), noun, *row]

    def _before(self, found: Found) -> list[Token] | None:
        column, how = found.groups["c"][0], found.groups["how"][0]
        if column.norm not in self.numbers:
            return None
        verb = word("falls" if how.norm in _DOWN else "rises", how)
        number = found.groups["n"][0]._replace(kind="times", norm="#times")
        return [column, verb, number, *(word(w, how) for w in ("in", "a", "row"))]

    def _than(self, found: Found) -> list[Token] | None:
        before = found.groups["b"][0]
        if before.norm not in {*self.numbers, "or", "and"}:
            return None
        how = found.groups["how"][0]
        return [before, how, word("than", how)]

    def _valued(self, found: Found) -> list[Token] | None:
        said = found.groups
        column = said["c"][0]
        if column.norm not in self.texts:
            return None
        return [
            column,
            sign("=", column),
            *said["a"],
            *said["m"],
            column,
            sign("=", column),
            *said["v"],
        ]

    def _seen(self, found: Found) -> list[Token] | None:
        column = found.groups["c"][0]
        return [column] if column.norm in self.texts else None

    def _product(self, found: Found) -> list[Token] | None:
        said, left, right = found.groups, found.groups["l"][0], found.groups["r"][0]
        if not {left.norm, right.norm} <= self.numbers:
            return None
        name = f"{left.text}_{_OPERATIONS[said['s'][0].norm][1]}_{right.text}"
        computed = [word("compute", left), left, sign(_OPERATIONS[said["s"][0].norm][0], left)]
        computed += [right, word("as", left), word(name, left), mark(";", left)]
        return [*computed, *said["f"], word(name, left)]


def shaped(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """`split items into separate rows` as `explode items`; `amount to int` as `cast amount to
    int`; `how much total` as `sum of total`; `5 lower prices in a row` as `5 falling prices …`."""
    return rewritten(tokens, *_Shapes(columns).rules())


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
