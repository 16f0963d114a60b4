"""What a text says of columns that are there, lack, or have a sign, spelt as comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .column_sets import ColumnSets
from .names import singular
from .phrase import Found, Phrase
from .rewriting import rewritten, sign, word
from .tokens import Token

_END = (
    r"(?= (?:or|and|,|;|\.|:|\(|\)|->|should|shall|must|will|go|goes|to|into|in|are|is|land)(?!\S)"
    r"|$)"
)
_LACKS = (
    r"(?:(?:that|which|who) )?(?:having|have|has|had|with|carrying|carry|carries|contain|contains|"
    r"show|shows|bring|come with|comes with|there is) no (?P<c>[a-z_]\w*)"
    rf"(?: \( (?P=c) (?:is |= )?null \))?{_END}"
)
_EXPLAINED = r"(?P<w>no|without) (?P<c>[a-z_]\w*) \( (?P=c) (?:is |= )?null \)"
_OR_NO = rf"(?P<w>or|and|,)(?: with)? no (?P<c>[a-z_]\w*){_END}"
_LACKING = (
    r"(?:(?:that|which|who) )?(?:lacking|lacks?|missing|miss|without|with no|having no|have no)"
    r"(?: (?:an?|the|any|either))* (?P<c>[a-z_]\w*) (?P<w>or|and)(?: (?:an?|the|any|no|without))* "
    rf"(?P<d>[a-z_]\w*){_END}"
)
_NEITHER = (
    r"(?:with )?neither (?:an? |the )?(?P<c>[a-z_]\w*) nor (?:an? |the )?(?P<d>[a-z_]\w*)"
    r"(?: (?:is|are|was|were))?(?: (?:given|set|there|present|known|filled|available|provided))?"
    rf"{_END}"
)
_THERE = (
    r"(?P<c>[a-z_]\w*) (?:(?:must|should|has to|have to|needs to|need to|shall|may|can) )?"
    r"(?P<not>not |never )?(?:be |is |are )?(?:there|exist|exists|filled|filled in|populated|"
    r"provided|available)(?= (?:,|;|\.|and|or|otherwise|else|\))|$)"
)
_HOW = (
    r"zero or negative|zero or (?:less|below|under)|negative or zero|0 or negative|"
    r"non negative|non positive|#num or negative|negative or #num|negative|positive"
)
_SIGN = (
    r"(?P<c>[a-z_]\w*) "
    r"(?:(?:(?:must|should|has to|have to|needs to|may|can)(?P<not> not| never)? )?"
    rf"(?:be|is|are|was|were)|of|=)(?P<not2> not| never)? (?P<how>{_HOW})(?! #num)"
)
_SIGNED = rf"(?:(?:an?|the) )?(?P<how>{_HOW}) (?P<c>[a-z_]\w*)"
_KEY_OF_ITS = (
    r"(?:for|within|among|inside)(?: (?:its|their|his|her|that|the respective|the corresponding|"
    r"the given))(?: own)? (?P<c>[a-z_]\w*)"
)
_SEVERAL = (
    r"(?P<lead>(?:from|at|in|on|with|across|via|over|to|through|of|uses|used|using|visits|visited|"
    r"visiting)(?: (?:more than|at least|over|>=|>))?) (?P<n>#num)(?P<more> (?:or more|\+))? "
    r"(?P<w>[a-z_]\w*s)(?! (?:ago|later|apart))"
)


class _Presence(ColumnSets):
    """What a text says of what columns hold."""

    def reword(self, tokens: Sequence[Token]) -> list[Token]:
        """The text with what is looked for, one after the other."""
        tokens = rewritten(tokens, (_LACKING, self._both), (_NEITHER, self._both))
        tokens = rewritten(tokens, (_LACKS, self._lacking), (_EXPLAINED, self._lacking))
        if Phrase(tokens).has("is null"):
            tokens = rewritten(tokens, (_OR_NO, self._lacking))
        return rewritten(
            tokens,
            (_THERE, self._there),
            (_SIGN, self._signed),
            (_SIGNED, self._signed),
            (_KEY_OF_ITS, self._keyed),
            (_SEVERAL, self._several),
        )

    def _lacking(self, found: Found) -> list[Token] | None:
        column = found.groups["c"][0]
        if column.norm not in self.names:
            return None
        lead = tuple(t for t in found.groups.get("w", ()) if t.norm not in ("no", "without"))
        with_ = [] if "w" in found.groups else [word("where", found.tokens[0])]
        return [*lead, *with_, column, *(word(w, column) for w in ("is", "null"))]

    def _both(self, found: Found) -> list[Token] | None:
        """`lacking a or b`: either; `neither a nor b`: both."""
        first, second = found.groups["c"][0], found.groups["d"][0]
        if not {first.norm, second.norm} <= self.names:
            return None
        how = found.groups["w"][0] if "w" in found.groups else word("and", first)
        null = [[c, word("is", c), word("null", c)] for c in (first, second)]
        return [word("where", first), *null[0], how, *null[1]]

    def _there(self, found: Found) -> list[Token] | None:
        column = found.groups["c"][0]
        if column.norm not in self.names:
            return None
        said = ("is", "null") if "not" in found.groups else ("is", "not", "null")
        return [column, *(word(w, column) for w in said)]

    def _signed(self, found: Found) -> list[Token] | None:
        column = found.groups["c"][0]
        if singular(column.norm) in self.numbers:
            column = column._replace(norm=singular(column.norm))
        if column.norm not in self.numbers:
            return None
        denied = any(n in found.groups for n in ("not", "not2"))
        return _signed(found, column, denied)

    def _keyed(self, found: Found) -> list[Token] | None:
        column = found.groups["c"][0]
        return [word("per", column), column] if column.norm in self.keys else None

    def _several(self, found: Found) -> list[Token] | None:
        said, noun = found.groups, found.groups["w"][0]
        named = self.known.exactly([singular(noun.norm)])
        counts = said["n"][0].unit == "" and said["n"][0].value > 1
        if named is None or not {*named.names} <= {*self.known.of_type("string")} or not counts:
            return None
        more = said.get("more", ())
        return [*said["lead"], *said["n"], *more, word("different", noun), noun]


def present(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """`having no country` as `country is null`; `a negative amount` as `amount < 0`; `from 2
    countries` as `from 2 different countries`; `for its card` as `per card`."""
    return _Presence(columns).reword(tokens) if columns else list(tokens)


def _signed(found: Found, column: Token, denied: bool) -> list[Token]:
    """`amount < 0` for a negative one, `amount <= 0` for one that is zero or negative."""
    how = [t.norm for t in found.groups["how"]]
    opposite = "non" in how
    less = ("negative" in how) != opposite or not {"negative", "positive"} & {*how}
    equal = opposite or (len(how) > 1 and not opposite)
    if denied:
        less, equal = not less, not equal
    told = ("<" if less else ">") + ("=" if equal else "")
    first = found.groups["how"][0]
    return [column, sign(told, first), first._replace(kind="num", text="0", norm="#num", value=0)]
