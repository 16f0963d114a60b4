"""What a text is made of apart from words: list marks, and columns that are declared with types."""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from fractions import Fraction

from ..rules.phrase import Phrase
from ..rules.tokens import Token
from ..rules.words import COLUMN_TYPES, DURATIONS, STOP, word_set

_TYPED = rf"(?P<name>\w+|#name|#str) :? ?(?P<type>{'|'.join(COLUMN_TYPES)})"
_PLURALS = word_set(
    "sources topics streams tables branches checks detections patterns events rows machine things "
    "conditions sinks trades inputs"
)
_NO_NAME = STOP | word_set("topic topics both all each every named called kafka")
_DECLARED = r"(?:[a-z_]\w*|#name|#str)(?: (?:with|having))?(?: \()?(?: #host)?(?: [,;])? #columns"
_NO_COUNT = word_set("with over above under below session visit trip")
_LABELS = r"(?:steps?|stages?|rules?|branch|branches|checks?|part|task|alert) #num (?::|-|\.)"
_MORE = r"(?:, and|,|and|&)"
_LEADING = (
    r"(?:with|having|has|have|and|the|its|payload|of|each|both|all|columns?|fields?|schema|are|is|"
    r":|,)"
)
_LEAD = rf"(?:{_LEADING} ){{0,5}}{_LEADING}$"


def without_marks(tokens: Sequence[Token]) -> list[Token]:
    """The text without the numbers and dashes of its lists; `5+` as `5 or more`."""
    kept: list[Token] = []
    for token in _itemised(_unlabelled(tokens)):
        opens = len(kept) == 1 or (len(kept) > 1 and kept[-2].norm == ";")
        if token.norm in (".", ")") and kept and opens and kept[-1].norm == "#num":
            kept.pop()
            continue
        if token.norm in ("-", "*", "•") and (not kept or kept[-1].norm == ";"):
            continue
        if token.norm == "+" and kept and kept[-1].norm == "#num":
            more = [Token("word", w, w, place=token.place) for w in ("or", "more")]
            kept += more
            continue
        kept.append(token)
    return kept


def _itemised(tokens: Sequence[Token]) -> list[Token]:
    """The text with a boundary for each number of a list within a line: `1) … 2) …`."""
    phrase = Phrase(tokens)
    marks = [f for f in phrase.all(r"(?<!\( )#num \)") if phrase.tokens[f.start].text.isdigit()]
    told = [int(phrase.tokens[f.start].value) for f in marks]
    if len(told) < 2 or told != list(range(1, len(told) + 1)):
        return list(tokens)
    starts = {found.start: found.end for found in marks}
    gone = set(starts.values())
    return [
        Token("punct", ";", ";", place=token.place) if n in starts else token
        for n, token in enumerate(tokens)
        if n + 1 not in gone
    ]


def _unlabelled(tokens: Sequence[Token]) -> list[Token]:
    """The text without the numbers of its steps: `STEP 2: …`."""
    phrase = Phrase(tokens)
    labels = [
        f for f in phrase.all(_LABELS) if not f.start or phrase.tokens[f.start - 1].norm in ".;"
    ]
    gone = {n for found in labels for n in range(found.start, found.end)}
    return [token for n, token in enumerate(tokens) if n not in gone]


def plain(tokens: Sequence[Token], columns: Collection[str]) -> list[Token]:
    """The text with its shorthand spelt out: `25/sec`, `a single day`, `symbol/side`."""
    made: list[Token] = []
    placed = any(name.lower() in ("lat", "latitude") for name in columns)
    for token in _sized(each_named(_idle(_identified(without_marks(tokens)))), placed):
        length = DURATIONS.get(token.norm) if token.kind == "word" else None
        before = made[-1].norm if made else ""
        if length and before in ("/", "single", "per", "every", "each"):
            if before in ("/", "single"):
                made[-1] = made[-1]._replace(kind="word", norm="per" if before == "/" else "in")
            made.append(Token("dur", f"1 {token.text}", "#dur", length, token.norm, token.place))
        elif token.kind in ("topic", "path") and "/" in token.text[1:] and _listed(token, columns):
            parts = [Token("word", p, p.lower(), place=token.place) for p in token.text.split("/")]
            made += [t for p in parts for t in (p, Token("punct", ",", ",", place=token.place))][
                :-1
            ]
        elif token.norm == "deviation" and [t.norm for t in made[-2:]] == ["median", "absolute"]:
            made[-2:] = [token._replace(text="MAD", norm="mad")]
        elif (token.norm == "#num" and before == "port") or (
            token.norm == "course" and before == "of"
        ):
            made.pop()
        elif token.norm == "as" and len(made) > 1 and made[-1].norm == "soon" == made[-1].text:
            made[-2:] = [token._replace(norm="when", text="when")]
        else:
            made.append(token)
    return made


def _idle(tokens: Sequence[Token]) -> list[Token]:
    """The text without numbers that count nothing: `two Kafka topics`, `one machine per claim`;
    and with `is` for `must be`."""
    made: list[Token] = []
    for at, token in enumerate(tokens):
        after = tokens[at + 1].norm if at + 1 < len(tokens) else ""
        third = tokens[at + 2].norm if at + 2 < len(tokens) else ""
        spoken = token.norm == "#num" and token.text.isalpha()
        before = made[-1].norm if made else ""
        if spoken and (after in _PLURALS or third in _PLURALS or before in ("the", "all", "these")):
            continue
        if spoken and token.value == 1 and after in _NO_COUNT:
            continue
        if spoken and token.value == 1 and before in ("from", "by", "of", "per", "for"):
            continue
        if spoken and token.value == 1 and "keep" in {t.norm for t in made[-2:]}:
            continue
        if token.norm in ("must", "should") and "be" in (after, third):
            made.append(token._replace(text=token.norm, norm="is"))
        elif not (token.norm == "be" and any(t.norm == "is" for t in made[-2:])):
            made.append(token)
    return made


def _sized(tokens: Sequence[Token], placed: bool) -> list[Token]:
    """The text with `radius=250m` as a distance, which alone would be a time; `within 250m`, too,
    where rows have a place and two coordinates stand there."""
    made: list[Token] = []
    near = placed and sum("." in t.text for t in tokens if t.norm == "#num") > 1
    leads = {"r", "radius", *(("within", "than", "inside", "of") if near else ())}
    for token in tokens:
        told = [t.norm for t in made[-2:]]
        if token.kind == "dur" and token.text.endswith("m") and leads & {*told}:
            metres = Fraction(token.value) / 60_000_000
            made.append(token._replace(kind="dist", norm="#dist", value=metres))
        else:
            made.append(token)
    return made


def _identified(tokens: Sequence[Token]) -> list[Token]:
    """The text with the id of a warehouse as one token: `7f3a9c21` begins with a number."""
    made: list[Token] = []
    for token in tokens:
        last = made[-1] if made else None
        after = len(made) > 1 and made[-2].norm in ("warehouse", "id")
        if (
            last
            and after
            and token.text.isalnum()
            and last.kind != "name"
            and token.place == last.place + len(last.text)
        ):
            whole = last.text + token.text
            made[-1] = Token("str", whole, "#str", whole, place=last.place)
        else:
            made.append(token)
    return made


def _listed(token: Token, columns: Container[str]) -> bool:
    return all(part in columns for part in token.text.split("/"))


def typed_columns(tokens: Sequence[Token]) -> tuple[dict[str, str], list[Token]]:
    """Columns that are told with their types, `id string, v double`, wherever that is; the rest."""
    phrase, types = Phrase(tokens), dict[str, str]()
    at = 0
    while (found := phrase.find(_TYPED, at)) is not None:
        items, end = {}, found.start
        item = phrase.at(_TYPED, end)
        while item is not None:
            name = item.groups["name"][0]
            said = str(name.value) if name.kind == "str" else name.text
            items[said] = COLUMN_TYPES[item.groups["type"][0].norm]
            end = item.end
            more = phrase.at(_MORE, end)
            item = phrase.at(_TYPED, more.end) if more else None
        if len(items) < 2:
            at = found.end
            continue
        types |= items
        phrase, at = _cut(phrase, found.start, end, items)
    return types, list(phrase.tokens)


def _cut(phrase: Phrase, start: int, end: int, types: dict[str, str]) -> tuple[Phrase, int]:
    """The phrase with a mark for a declaration, the words that lead there and its brackets."""
    lead = phrase.part(0, start).find(_LEAD)
    if lead is not None and not phrase.part(lead.start, start).has(r"#\w+"):
        start = lead.start
    if start and phrase.tokens[start - 1].norm in ("(", "[") and phrase.at(r"[)\]]", end):
        start, end = start - 1, end + 1
    place = phrase.tokens[min(start, len(phrase) - 1)].place
    mark = Token("columns", ",", "#columns", types, place=place)
    return Phrase((*phrase.tokens[:start], mark, *phrase.tokens[end:])), start + 1


def each_named(tokens: Sequence[Token]) -> list[Token]:
    """`topics a, b and c` as `topic a, topic b, topic c`."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        names = _names(tokens, at + 1) if tokens[at].norm == "topics" else []
        if len(names) < 2 and tokens[at].norm in ("topics", "streams"):
            told = _declaring(tokens, at + 1)
            tokens = [u for n, t in enumerate(tokens) for u in (_topic(t), t)[n not in told :]]
            at += bool(told)
        if len(names) < 2:
            made.append(tokens[at])
            at += 1
            continue
        for n in names:
            comma = Token("punct", ",", ",", place=tokens[n].place)
            made += [comma, tokens[at]._replace(text="topic", norm="topic"), tokens[n]]
        at = names[-1] + 1
    return made


def _topic(token: Token) -> Token:
    return Token("word", "topic", "topic", place=token.place)


def _declaring(tokens: Sequence[Token], at: int) -> set[int]:
    """Where the names stand that columns are declared of: `: logins #columns and orders #columns`;
    none where they are called topics already."""
    phrase = Phrase(tokens)
    found = [f for f in phrase.all(_DECLARED) if f.start >= at and _is_name(tokens[f.start])]
    apart = all(tokens[f.start - 1].norm not in ("topic", "topics") for f in found[1:])
    return {f.start for f in found} if len(found) > 1 and apart else set()


def _names(tokens: Sequence[Token], at: int) -> list[int]:
    """Where the names of a list stand; the first may come after a colon or comma."""
    at += at < len(tokens) and tokens[at].norm in (":", ",")
    found: list[int] = []
    while at < len(tokens) and _is_name(tokens[at]):
        found.append(at)
        at += 1
        if at + 1 < len(tokens) and tokens[at].norm == "," and tokens[at + 1].norm == "and":
            at += 2
        elif at < len(tokens) and tokens[at].norm in (",", "and", "&"):
            at += 1
        else:
            break
    return found


def _is_name(token: Token) -> bool:
    return token.kind in ("name", "str") or (token.kind == "word" and token.norm not in _NO_NAME)
