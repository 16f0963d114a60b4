"""Numbers that are held against a column or against what a window sums up, spelt as comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .measures import FUNCTIONS
from .names import Columns
from .phrase import Found, Phrase
from .rewriting import rewritten, sign, word
from .tokens import Token

_FUNCTIONS = {
    name: FUNCTIONS[name]
    for name in ("average", "avg", "mean", "sum", "total", "maximum", "max", "minimum", "min")
}
_TIMES = (
    r"(?P<how>more than|greater than|higher than|larger than|over|above|exceeds|at least|less than|"
    r"lower than|below|under|>=|<=|>|<) (?P<n>#times|#factor|#num times|#num) "
    r"(?:the )?(?P<c>[a-z_]\w*)"
)
_AND_MORE = (
    r"(?P<c>[a-z_]\w*) (?P<range>(?:is )?between #num and #num) and (?:also )?"
    r"(?P<how>(?:greater|more|higher|larger|less|lower|smaller) than|above|below|over|under|>|<|"
    r">=|<=)(?= (?:the |its )?(?P<d>[a-z_]\w*))"
)
_SUMMED = rf"(?P<f>{'|'.join(_FUNCTIONS)})(?: of)?(?: the)? (?P<c>[a-z_]\w*)"
_IS_OVER = (
    rf"(?P<lead>(?:if|when|whenever|where|once|keep|only)(?: (?:only|those|rows|windows|where|with|"
    rf"whose))*) (?:the|that|this|its|an?) (?P<f>{'|'.join(_FUNCTIONS)})(?: value)?"
    r"(?= (?:is |goes |rises |gets |falls |drops )?(?:over|above|below|under|more than|less than|"
    r"at least|at most|exceeds|greater than|higher than|lower than|>|<|>=|<=) #num)"
)
_SIGNS = (("at least", ">="), ("less", "<"), ("lower", "<"), ("below", "<"), ("under", "<"))
_ALONE = r"(?<!length )(?P<before>[(,;]) (?P<k>[a-z_]\w*)(?= (?:,|\)|;|\.)(?: |$))"
_KEYED = r"per|by|key|keys|keyed|for each|for every|same|each|every|of an?|for one|a single"


def held(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """`more than 5 times load` as `> load * 5`; `if the average is over 9` after `average v` as
    `if avg_v is over 9`; `a then b (user_id, within 5 minutes)` as `… per user_id`."""
    known = Columns(dict(columns), True)
    numbers = {name.lower() for name in known.numeric()}

    def times(found: Found) -> list[Token] | None:
        column, first = found.groups["c"][0], found.tokens[0]
        spoken = len(found.groups["n"]) > 1 or found.groups["n"][0].norm != "#num"
        if column.norm not in numbers or not (spoken or found.groups["n"][0].text[-1] in "xX"):
            return None
        how = Phrase(found.groups["how"]).text
        said = how if first.kind == "op" else next((s for w, s in _SIGNS if how.startswith(w)), ">")
        number = found.groups["n"][0]
        plain = number._replace(kind="num", norm="#num")
        return [sign(said, first), column, sign("*", column), plain]

    def both(found: Found) -> list[Token] | None:
        said, column = found.groups, found.groups["c"][0]
        if not {column.norm, said["d"][0].norm} <= numbers:
            return None
        return [column, *said["range"], word("and", column), column, *said["how"]]

    tokens = rewritten(_unquoted(tokens, columns), (_TIMES, times), (_AND_MORE, both))
    return _keyed(_named(tokens, numbers), known)


def _unquoted(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """The text with columns in backticks as they are without: `write `v` > 5 to …`."""
    return [
        t._replace(kind="word", text=str(t.value), norm=str(t.value).lower())
        if t.kind == "str" and t.text[0] == "`" and t.value in columns
        else t
        for t in tokens
    ]


def _named(tokens: Sequence[Token], numbers: set[str]) -> list[Token]:
    """The text with the column that a window makes where only its function is said."""
    told = [f for f in Phrase(tokens).all(_SUMMED) if f.groups["c"][0].norm in numbers]
    made = {_FUNCTIONS[f.groups["f"][0].norm]: f for f in told}

    def named(found: Found) -> list[Token] | None:
        function = _FUNCTIONS[found.groups["f"][0].norm]
        summed = made.get(function)
        if summed is None or len(told) != len(made):
            return None
        column = summed.groups["c"][0]
        return [*found.groups["lead"], word(f"{function}_{column.text}", found.groups["f"][0])]

    return rewritten(tokens, (_IS_OVER, named))


def _keyed(tokens: Sequence[Token], known: Columns) -> list[Token]:
    """The text with `per` before a likely key that stands alone, where no key is told."""
    if Phrase(tokens).has(_KEYED):
        return list(tokens)
    keys = {name.lower() for name in known.key_candidates()}

    def keyed(found: Found) -> list[Token] | None:
        key = found.groups["k"][0]
        return [*found.groups["before"], word("per", key), key] if key.norm in keys else None

    return rewritten(tokens, (_ALONE, keyed))
