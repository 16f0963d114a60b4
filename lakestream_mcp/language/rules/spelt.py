"""A text with arithmetic and missing values of its columns spelt as comparisons, ids as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .phrase import Found, Phrase
from .rewriting import rewritten, sign, word
from .tokens import Token

_MISSING = (
    r"(?:with|has|have|having) (?:an? )?(?:null|missing|empty) (?P<column>\w+)"
    r"(?! (?:#\w+|is|are|=|>|<|>=|<=|!=|in|of))"
)
_PRODUCT = (
    r"(?P<left>\w+) (?P<sign>times|multiplied by|divided by|plus|minus|\*|/|\+|-) "
    r"(?P<right>\w+)(?: (?:is|are|was|being))?(?: (?P<more>more than|greater than|larger than|over|"
    r"above|exceeds|exceeding|bigger than)| (?P<less>less than|lower than|smaller than|below|"
    r"under)|(?P<least> at least)|(?P<most> at most))(?= #num)"
)
_CALLED = r"(?P<f>sum|avg|average|mean|min|max|count) \( (?P<c>\*|(?:distinct )?[a-z_]\w*) \)"
_LABELLED = (
    r"(?:group(?:ed)? by|partition(?:ed)? by|per|within|window|timeout|interval|gap|"
    r"max(?:imum)?(?: duration)?) [:=]"
)
_SIGNS = {"times": "*", "multiplied": "*", "divided": "/", "plus": "+", "minus": "-"}
_COMPARED = (("more", ">"), ("less", "<"), ("least", ">="), ("most", "<="))


def spelt(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """`with a null id` as `with id is null`; `price times quantity is over 9` in signs."""
    names = {name.lower() for name in columns}
    return _unmarked(_columnar(_identified(tokens), names))


def _identified(tokens: Sequence[Token]) -> list[Token]:
    """The text with the id of a warehouse as one token: `7f3a9c21` begins with a number."""
    made: list[Token] = []
    for token in tokens:
        last = made[-1] if made else None
        after = len(made) > 1 and made[-2].norm in ("warehouse", "id")
        if (
            last
            and after
            and (token.text.isalnum() or token.text == "-")
            and last.kind != "name"
            and token.place in (last.place, last.place + len(last.text))
        ):
            whole = last.text + "-" * (token.place == last.place) + token.text
            made[-1] = Token("str", whole, "#str", whole, place=last.place)
        else:
            made.append(token)
    return made


def _called(found: Found) -> list[Token]:
    """`sum(amount)` as `sum of amount`, `count(*)` as `count`."""
    name, inside = found.groups["f"][0], found.groups["c"]
    return [name] if inside[0].norm == "*" else [name, word("of", inside[0]), *inside]


def _unmarked(tokens: Sequence[Token]) -> list[Token]:
    """`group by: merchant`, `timeout = 5 minutes` without the sign, which words do without."""
    gone = {found.end - 1 for found in Phrase(tokens).all(_LABELLED)}
    return [token for at, token in enumerate(tokens) if at not in gone]


def _columnar(tokens: Sequence[Token], names: set[str]) -> list[Token]:
    """`with a null id` as `with id is null`; `price times quantity is over 9` in signs."""

    def missing(found: Found) -> list[Token] | None:
        column = found.groups["column"][0]
        if column.norm not in names:
            return None
        return [found.tokens[0], column, word("is", column), word("null", column)]

    def product(found: Found) -> list[Token] | None:
        left, by, right = (found.groups[name][0] for name in ("left", "sign", "right"))
        if not {left.norm, right.norm} <= names:
            return None
        compared = next(text for name, text in _COMPARED if found.groups.get(name))
        said = _SIGNS.get(by.norm, by.norm)
        return [left, sign(said, by), right, sign(compared, right)]

    return rewritten(tokens, (_MISSING, missing), (_PRODUCT, product), (_CALLED, _called))
