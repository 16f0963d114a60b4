"""What a text says of its columns in passing: `(status)`, `two characters long`, `one card`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .names import Columns
from .phrase import Found, Phrase
from .rewriting import mark, rewritten, sign, word
from .tokens import Token
from .words import GENERIC, STATUS_WORDS, STOP

_HOW_MANY = (
    r"(?:(?:(?P<is>is|are|=|goes) )?(?:more than|at least|over|above|exceeds?|>=|>) )?"
    r"(?P<n>#num)(?: or more)?"
)
_PER = (
    rf"{_HOW_MANY}(?= (?:per|for each|for every|by) [a-z_]\w* (?:in|within|per|over|during|every) "
    r"(?:(?:a|an|any|the|each|one) )?#dur)"
)
_REMARK = (
    r"\( (?:(?:the|in|by|column|field|via|see|all|values?|of) )*(?P<column>[a-z_]\w*)"
    r"(?: (?:column|field|values?))?(?P<more>(?: ,)? (?:(?:per|by|for each|key(?:ed)?(?: by)?|"
    r"within|in|same) )+(?:\w+|#dur)(?: \w+)?)? \)"
)


_NUMBERS = ("int", "bigint", "double", "float", "decimal", "long", "smallint")
_LONG = (
    r"(?P<column>[a-z_]\w*) (?:(?:must|should|has|have|to|be|is|are|exactly|of|with|a|length) )*"
    r"(?:(?P<least>at least )|(?P<more>more than )|(?P<most>at most )|(?P<less>less than ))?"
    r"(?P<n>#num) (?:characters?|letters?|digits|chars?)(?: long)?"
)
_SIZES = (("least", ">="), ("more", ">"), ("most", "<="), ("less", "<"))
_SAME = r"(?:(?:,|that|is|meaning|so|:|\() )*(?:,|that|is|meaning|so|:|\()(?= length \()"
_COMPARES = (
    r"(?:over|above|under|below|more than|less than|at least|at most|between|from|up to|>|<|>=|<=)"
)
_ABOUT = (
    rf"(?:{_COMPARES} )?#num(?: or (?:more|less))?(?: (?:to|and|-) #num)? "
    r"\( (?P<column>[a-z_]\w*) \)"
)
_SUM_OF = (
    r"(?P<f>(?:sum|total|average|avg|max|min)(?: of)?) (?P<name>[a-z]\w*) "
    r"\( (?P<left>[a-z_]\w*) [*/+-] (?P<right>[a-z_]\w*) \)"
)
_WRITES = (
    r"(?:write|store|send|save|publish|output|put|emit)(?: (?:only|just|the|columns?|fields?))* "
    r"(?P<names>[a-z_]\w*(?:(?: ,| and| , and) [a-z_]\w*){1,12})(?= (?:to|into|in|of|from) )"
)
_STATED = (
    r"(?:send|write|save|store|publish|forward|post|push|put|route|append|copy)"
    rf"(?: (?:all|every|each|any|only|the|just|our|new))* (?P<s>{'|'.join(sorted(STATUS_WORDS))})"
    r"(?: [a-z]\w*)?(?= (?:to|into|in|on|via|by) )"
)
_HEAD = r"(?P<head>[a-z_]\w*) :(?= (?:\S+ ){5})"
_KEYED = r"(?<!length )\( (?P<key>[a-z_]\w*) \)"
_NOT_IN = r"not (?:in|from|for|on|of|with) (?:the )?(?P<text>[a-z_]\w*) (?P<v>#str)"
_AVERAGE = (
    r"(?P<number>[a-z_]\w*) (?P<f>avg|average|max|min|maximum|minimum|sum)"
    r"(?= (?:per|by|for each|over|every|in|for every) )"
)
_FOR_VALUE = (
    r"(?:for|in|from|where|only|with) (?:the )?(?P<kind>[a-z_]\w*) (?P<w>[a-z]\w*)"
    r"(?: (?P<end>:)|(?= (?:[;.,]|only)|$))"
)
_SUM_AS = (
    r"(?P<left>[a-z_]\w*) (?:[*/+-] (?:\( )?[a-z_#]\w*(?: \))? ){1,6}(?:as|named|called) [a-z_]\w*"
)
_RANGE = (
    r"(?P<column>[a-z_]\w*) (?:(?:is|are|from|of|range|in|the|:|=) )*(?P<low>#num) (?:to|-) "
    r"(?P<high>#num)"
)


def told_of(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """`'a' then 'b' (status)` as `status = 'a' then status = 'b'`, and `more than 3 per card in 5
    minutes` as `more than 3 times …`."""
    names = {name.lower() for name in columns}
    numbers = {n.lower() for n, kind in columns.items() if kind.startswith(_NUMBERS)}
    tokens = _chosen(_sorted(_stated(tokens, columns), columns), names)
    tokens = _explained(_long(_singled(tokens, names), names), numbers)
    tokens = _computed(tokens, numbers)
    return _counted(_named(tokens, columns), names)


def _sorted(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """`orders (order_id)` as `orders per order_id`; `not in region 'x'` as `region != 'x'`;
    `latency avg per host` as `avg of latency per host`."""
    keys = {name.lower() for name in Columns(dict(columns)).key_candidates()} if columns else set()
    numbers = {n.lower() for n, kind in columns.items() if kind.startswith(_NUMBERS)}
    texts = {n.lower() for n, kind in columns.items() if kind == "string"}
    phrase, made, at = Phrase(tokens), list[Token](), 0
    for found in phrase.all(f"{_HEAD}|{_KEYED}|{_NOT_IN}|{_AVERAGE}|{_FOR_VALUE}"):
        said = found.groups
        column = next(said[n][0] for n in ("head", "key", "text", "number", "kind") if n in said)
        if found.start < at or column.norm not in keys | numbers | texts:
            continue
        if "head" in said and column.norm in keys and not found.start:
            return _sorted(_keyed(tokens, column), columns)
        if "key" in said and column.norm in keys:
            told = [word("per", column), column]
        elif "text" in said and column.norm in texts:
            told = [column, sign("!=", column), *said["v"]]
        elif "number" in said and column.norm in numbers:
            told = [*said["f"], word("of", column), column]
        elif "kind" in said and column.norm in texts - keys and _is_value(said["w"][0], columns):
            value = said["w"][0]
            told = [word("where", column), column, sign("=", column)]
            told.append(Token("str", f"'{value.text}'", "#str", value.text, place=value.place))
            told += [mark(",", column)] if "end" in said else []
        else:
            continue
        made += [*tokens[at : found.start], *told]
        at = found.end
    return [*made, *tokens[at:]]


def _stated(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """`send every declined payment to …` as `keep status = 'declined' ; send to …`."""
    status = Columns(dict(columns), True).status_column()
    if status is None or Phrase(tokens).has("#dur|#num|#times|#str|then|when|if|where"):
        return list(tokens)

    def told(found: Found) -> list[Token]:
        verb, state = found.tokens[0], found.groups["s"][0]
        value = Token("str", f"'{state.text}'", "#str", state.text, place=state.place)
        kept = [word("keep", verb), word(status.lower(), state), sign("=", state), value]
        return [*kept, mark(";", verb), verb]

    return rewritten(tokens, (_STATED, told))


def _keyed(tokens: Sequence[Token], column: Token) -> list[Token]:
    """`card: three declined, then an approved; …` with `per card` at the end of its sentence."""
    ends = (n for n, t in enumerate(tokens) if t.norm in (";", ".", "->") and n)
    end = next(ends, len(tokens))
    return [*tokens[2:end], word("per", column), column, *tokens[end:]]


def _chosen(tokens: Sequence[Token], names: Collection[str]) -> list[Token]:
    """`write id, total of …` as `select id, total; write …`."""

    def told(found: Found) -> list[Token] | None:
        listed, verb = found.groups["names"], found.tokens[0]
        if any(t.norm not in {*names, ",", "and"} for t in listed):
            return None
        return [word("select", verb), *listed, mark(";", verb), verb]

    return rewritten(tokens, (_WRITES, told))


def _is_value(token: Token, columns: Collection[str]) -> bool:
    """Whether a word may be a value: none of the grammar, and no column."""
    return token.norm not in STOP | GENERIC and token.text not in columns


def _long(tokens: Sequence[Token], names: Collection[str]) -> list[Token]:
    """`code must be two characters long` as `length ( code ) = 2`."""
    phrase, made, at = Phrase(tokens), list[Token](), 0
    for found in phrase.all(_LONG):
        column = found.groups["column"][0]
        if column.norm not in names or found.start < at:
            continue
        made += tokens[at : found.start]
        how = next((text for name, text in _SIZES if found.groups.get(name)), "=")
        told = phrase.at(_SAME, found.end)
        at = told.end if told else found.end
        if told is None:
            size = [word("length", column), sign("(", column), column, sign(")", column)]
            made += [*size, sign(how, column), found.groups["n"][0]]
    return [*made, *tokens[at:]]


def _explained(tokens: Sequence[Token], numbers: Collection[str]) -> list[Token]:
    """`over 100 (total)` as `total over 100`, and `age 18 to 30` as `age between 18 and 30`."""

    def about(found: Found) -> list[Token] | None:
        column, said = found.groups["column"][0], found.tokens[:-3]
        if column.norm not in numbers:
            return None
        before = tokens[max(0, found.start - 4) : found.start]
        lead = [] if column.norm in {t.norm for t in (*before, *said)} else [column]
        return [*lead, *said]

    def ranged(found: Found) -> list[Token] | None:
        column, said = found.groups["column"][0], found.groups
        if column.norm not in numbers:
            return None
        return [column, word("between", column), *said["low"], word("and", column), *said["high"]]

    return rewritten(tokens, (_ABOUT, about), (_RANGE, ranged))


def _computed(tokens: Sequence[Token], numbers: Collection[str]) -> list[Token]:
    """`price * quantity as value` as `compute price * quantity as value`."""

    def summed(found: Found) -> list[Token] | None:
        said, name = found.groups, found.groups["name"][0]
        if not {said["left"][0].norm, said["right"][0].norm} <= {*numbers}:
            return None
        named = [word("compute", name), *found.tokens[-4:-1], word("as", name), name]
        return [*named, mark(";", name), *said["f"], name]

    tokens = rewritten(tokens, (_SUM_OF, summed))

    def called(found: Found) -> list[Token] | None:
        opens = not found.start or tokens[found.start - 1].norm in (";", ".", ":", "->")
        if found.groups["left"][0].norm not in numbers or not opens:
            return None
        return [word("compute", found.tokens[0]), *found.tokens]

    return rewritten(tokens, (_SUM_AS, called))


def _singled(tokens: Sequence[Token], names: Collection[str]) -> list[Token]:
    """`one iban has` as `an iban has`; `aged 18` as `age 18`."""
    made: list[Token] = []
    for at, token in enumerate(tokens):
        after = tokens[at + 1].norm if at + 1 < len(tokens) else ""
        before = made[-1].norm if made else ""
        single = token.norm == "#num" and token.text.lower() == "one" and after in names
        if single and before not in ("or", "least", "than", "exactly", "of"):
            made.append(word("a", token))
        elif token.norm == "aged" and "age" in names:
            made.append(word("age", token))
        else:
            made.append(token)
    return made


def _counted(tokens: Sequence[Token], names: Collection[str]) -> list[Token]:
    made = list(tokens)
    for found in Phrase(tokens).all(_PER):
        before = tokens[found.start - 1] if found.start else None
        number = found.groups["n"][0]
        compared = before is not None and before.norm in {*names, "count", "number"}
        if compared or found.groups.get("is") or number.unit or number.value != int(number.value):
            continue
        at = next(n for n in range(found.start, found.end) if tokens[n] is number)
        made[at] = number._replace(kind="times", norm="#times", text=f"{number.text} times")
    return made


def _named(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """The text with the column that a remark names before each text that has none."""
    texts = {name.lower(): name for name, kind in columns.items() if kind == "string"}
    phrase = Phrase(tokens)
    told = next((f for f in phrase.all(_REMARK) if f.groups["column"][0].norm in texts), None)
    if told is None:
        return list(tokens)
    column = told.groups["column"][0]
    more = list(told.groups.get("more", ()))
    kept = [*tokens[: told.start], *more, *tokens[told.end :]]
    if not any(_is_bare(tokens, n, columns) for n in range(len(tokens))):
        spoken = phrase.part(told.start, told.end).has("columns?|fields?")
        return _quoted(kept, columns, column.norm) if spoken else list(tokens)
    made: list[Token] = []
    kept = _neither(kept)
    for n, token in enumerate(kept):
        if _is_bare(kept, n, columns):
            while made and made[-1].norm in ("is", "be", "a", "an", "was", "being", "been", "gets"):
                made.pop()
            made += [word(texts[column.norm], token)._replace(norm=column.norm)]
            made.append(sign("=", token))
        made.append(token)
    return made


def _neither(tokens: Sequence[Token]) -> list[Token]:
    """`neither 'a' nor 'b' within an hour` as `not 'a' or 'b' …`."""
    if all(t.kind != "dur" for t in tokens):
        return list(tokens)
    said = {"neither": "not", "nor": "or"}
    return [word(said[t.norm], t) if t.norm in said else t for t in tokens]


def _quoted(tokens: Sequence[Token], columns: Mapping[str, str], column: str) -> list[Token]:
    """The text with `password_reset` as a value of the column that tells what happened."""
    names = {name.lower() for name in columns}
    made: list[Token] = []
    for token in tokens:
        if token.kind == "word" and "_" in token.text and token.norm not in names:
            made += [word(column, token), sign("=", token)]
            made.append(Token("str", token.text, "#str", token.text, place=token.place))
        else:
            made.append(token)
    return made


def _is_bare(tokens: Sequence[Token], at: int, columns: Collection[str]) -> bool:
    """Whether a quoted text stands alone: no sign, list or name leads to it."""
    if tokens[at].norm != "#str" or tokens[at].text[:1] == "`":
        return False
    before = tokens[at - 1].norm if at else ""
    if before in {name.lower() for name in columns}:
        return False
    return before not in ("=", "!=", "topic", "(", "or", "in", "like", "subject", "message", "with")
