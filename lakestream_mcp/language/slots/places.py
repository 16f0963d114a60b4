"""Sources and sinks of a text, known by the shape of their names, and the text without them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import Any, NamedTuple

from ..rules.phrase import Phrase
from ..rules.places import comes_in
from ..rules.scene import Made, Scene
from ..rules.sinks import take_sink
from ..rules.source_words import DEFAULT_BROKER
from ..rules.sources import take_source
from ..rules.tokens import Token
from ..rules.words import word_set
from .layout import LISTED
from .placed import FORMATS, MERGED, MESSAGE, Place, made_sink, made_source

_LEAD = word_set(
    "to into onto in as on at via by from the a an my our delta table tables unity catalog write "
    "writes save store stores send sends put output sink destination target result results rows "
    "matches them it these everything post posts also too alert alerts notify message messages "
    "mail email publish append forward log record kafka topic topics read reads reading consume "
    "consumes source stream events data files file folder monitor ingest load take please and , : "
    "-> = + plus csv json parquet avro under new path called named findings what you find "
    "additionally should shall must is been written mailed emailed reported sent posted stored "
    "saved published be with using over watch tell inform then call page note"
)
_BACK = 10
_BROKER = (
    r"(?:(?:,|\(|@|on|at|via|from|with|and|the|kafka|bootstrap|servers?|brokers?|is|:|=) ){0,5}"
    r"(?P<host>#host)(?: \))?"
)
_NAME = (
    r"(?:kafka )?topics?(?: (?:called|named|:|=|is))* (?P<name>#name|#str|#topic|"
    r"(?!(?:on|at|in|from|with|and|to|for|by|of|is|are|have|has)\b)[a-z]\w*)"
)
_BARE = (
    r"kafka (?P<name>#name|#str|(?!(?:topics?|on|at|in|from|via|with|brokers?|servers?|bootstrap|"
    r"cluster)\b)[a-z]\w*)(?= (?:@ |at |on |\( )?#host)"
)
_PEOPLE = r"(?P<who>slack|teams|pager ?duty)(?: (?:channel|message|alert|notification))?"
_FOLDER = (
    r"(?:csv|json|parquet|avro|files?|folder|directory)(?: files?)? (?:in|under|to|into|at|from) "
    r"(?:the |folder |directory )?(?P<p>\w+(?: / \w+){1,6})|"
    r"(?:to|into|under) (?P<q>\w+(?: / \w+){1,6})(?= (?:as|in) (?:csv|json|parquet|avro))"
)
_SOURCES = (
    r"mqtt|pub ?/? ?sub|kinesis|event hubs?|debezium|cdc|maxwell|simulat\w*|"
    r"webhooks?(?= (?:source|,|on|at|#path|:|#columns|(?:, )?(?:(?:that|which) )?land(?:s|ing)))|"
    r"port #num|#url(?: ,)?(?: and)? topics?"
)
_SINKS = (
    r"lakebase|postgres\w*|sql warehouse|feature (?:store|table)|dead letters?|dlq|unity catalog"
)
_OWN_COLUMNS = (
    r"(?:(?:\(|\)|,|;|-|:|with|on|at|kafka|broker|servers?|#host|in|format|csv|json|has|having|"
    r"columns?|fields?|payload|schema|and|the|its|are|both|all|each|separately|apart|individually|"
    r"holds?|carr(?:y|ies)|contains?|own|read) )*#columns"
)
_BOTH = r"(?:(?:,|\() )?(?:both|each|all)(?= (?:#num|#columns|at|on|via|with|in|from|having|of))"
_HOLDS = word_set("no any without after before")
_WEAK = word_set("over on stream input watch monitor")
_NEAR = 3
_AT_START = 4
_REACH = 8
_INTO = word_set(
    "to into onto -> = sink output outputs destination result results save saved saves store "
    "stored write written writes land lands publish publishes append appended put puts log logged "
    "forward send sends goes go post posts record recorded then target keep"
)
_FROM = word_set(
    "from read reads reading consume consumes source input monitor watch ingest load take loader "
    "over on stream correlate join union subscribe listen"
)


class Places(NamedTuple):
    """Where rows come from and go, the rest of the text, and the columns of each source."""

    sources: list[Made]
    sinks: list[Made]
    rest: Phrase
    types: tuple[dict[str, str], ...] = ()


def cut_places(scene: Scene, phrase: Phrase, has_source: bool) -> Places | None:
    """The places of a text; None where one of them is of a kind that its shape does not tell."""
    sources, phrase = _cut_special(scene, phrase, _SOURCES, take_source, False)
    sinks, phrase = _cut_special(scene, phrase, _SINKS, take_sink, True)
    types, lists = list[dict[str, str]](), dict[str, bool]()
    names = {name.lower() for name in scene.columns.types}
    for _ in range(12):
        place = _next(phrase)
        if place is None:
            rest = _with_broker(phrase, [*sources, *sinks])
            types = types if len(types) == len(sources) and all(types) else []
            return Places(sources, sinks, _unmarked(rest), tuple(types))
        into = place.kind in ("mail", "people", "url") or _is_sink(
            phrase, place, has_source or bool(sources)
        )
        if (told := phrase.tokens[place.start].unit).startswith(LISTED):
            into = lists.setdefault(told, into)
        if not into:
            types.append(_declared(phrase, place.end))
        made = (made_sink if into else made_source)(scene, phrase, place)
        if made is None:
            return None
        (sinks if into else sources).append(made)
        phrase = _without(phrase, place, made if into else None, names)
    return None


def _declared(phrase: Phrase, at: int) -> dict[str, str]:
    """The columns that are declared next after a place: its own, or those of several."""
    found = phrase.find("#columns", at)
    return dict(phrase.tokens[found.start].value) if found else {}


def _unmarked(phrase: Phrase) -> Phrase:
    """The text without the marks of declarations."""
    return Phrase([t for t in phrase.tokens if t.kind != "columns"], phrase.used)


def _cut_special(
    scene: Scene, phrase: Phrase, cue: str, read: Callable[..., Any], has_source: bool
) -> tuple[list[Made], Phrase]:
    """Places whose kind has a word of its own, each read in its sentence; the rest of the text."""
    if not phrase.has(cue):
        return [], phrase
    made: list[Made] = []
    rest: list[Token] = []
    for part in phrase.split(r"[;]|\."):
        start = _lead(part, cue) if has_source else 0
        said, used = part.part(start), {*part.used}
        found = read(scene, said, has_source) if part.has(cue) else None
        left = found[1].tokens if found else said.tokens
        if found:
            made.append(found[0])
            left = tuple(t for t in left if t.place in used or t.place not in part.used)
            left = _without_pace(left) if made[-1].type == "stream-simulator" else left
        there = [mark(found[0], -1)] if found and has_source else []
        rest += [*part.tokens[:start], *there, *left, Token("punct", ";", ";", place=-1)]
    return made, Phrase(rest, phrase.used)


def _without_pace(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The text without how many events a simulator makes."""
    phrase = Phrase(tokens)
    return phrase.without(phrase.find(r"#num (?:\w+ )?(?:(?:per|a|each|every|/) )?#dur")).tokens


def _lead(part: Phrase, cue: str) -> int:
    """Where the words begin that lead to a cue."""
    found = part.find(cue)
    start = found.start if found else 0
    while start and part.tokens[start - 1].norm in _LEAD:
        start -= 1
    return start


def _with_broker(phrase: Phrase, made: list[Made]) -> Phrase:
    """`server: b:9092` in a sentence of its own is that of the topics without one."""
    found = phrase.find(
        r"(?:bootstrap |kafka )*(?:servers?|brokers?|bootstrap)(?: is| :| =)* (?P<h>#host)"
    )
    found = found or phrase.find(r"(?:(?:both|all|on|at|via|kafka|,) )*(?P<h>#host)")
    if found is None:
        return phrase
    for place in made:
        if place.config.get("bootstrap_servers") == DEFAULT_BROKER:
            place.config["bootstrap_servers"] = str(found.groups["h"][0].value)
    phrase.use(found.start, found.end)
    return phrase.outside(found.start, found.end)


def _next(phrase: Phrase) -> Place | None:
    """The first place that a phrase names."""
    found = [*_topics(phrase)]
    if people := phrase.find(_PEOPLE):
        found.append(Place(people.start, people.end, "people", people.groups["who"][0].norm))
    if folder := phrase.find(_FOLDER):
        words = folder.groups.get("p") or folder.groups["q"]
        path = "".join(t.text for t in words)
        found.append(Place(folder.end - len(words), folder.end, "path", path))
    for at, token in enumerate(phrase.tokens):
        if token.kind in ("name", "mail", "url", "path"):
            kind = "table" if token.kind == "name" else token.kind
            found.append(Place(at, at + 1, kind, str(token.value)))
            break
    return min(found, key=lambda place: place.start) if found else None


def _topics(phrase: Phrase) -> Iterator[Place]:
    """The first topic that is named as one, with its broker."""
    topic = min(
        (found for cue in (_NAME, _BARE) if (found := phrase.find(cue))),
        key=lambda found: found.start,
        default=None,
    )
    if topic is None:
        return
    token, end = topic.groups["name"][0], topic.end
    name = token.text if token.kind == "word" else str(token.value)
    if token.kind == "word" and phrase.end_of_hyphenated(end - 1) > end:
        end = phrase.end_of_hyphenated(end - 1)
        name = "-".join(t.text for t in phrase.tokens[topic.end - 1 : end])
    host = phrase.at(_BROKER, end)
    broker = str(host.groups["host"][0].value) if host else ""
    yield Place(topic.start, host.end if host else end, "topic", name, broker)


def _is_sink(phrase: Phrase, place: Place, has_source: bool) -> bool:
    """Whether rows go there: the nearest word before it, in its sentence, that tells."""
    if phrase.at(_OWN_COLUMNS, place.end):
        return False
    if not has_source and place.kind != "url" and comes_in(_sentence(phrase, place.start)):
        return False
    for at in range(place.start - 1, max(-1, place.start - _REACH), -1):
        norm = phrase.tokens[at].norm
        if norm in _INTO:
            return True
        if norm in _FROM and (norm not in _WEAK or place.start - at <= _NEAR):
            return False
        named = norm == ":" and at and phrase.tokens[at - 1].norm in _INTO | _FROM
        if norm in (";", ".", ":") and not named:
            break
    if phrase.at(_BOTH, place.end):
        return False
    after = phrase.tokens[place.end].norm if place.end < len(phrase) else ""
    opens = place.start <= _AT_START and after in ("->", ",", ";", ".")
    return has_source and not opens


def _sentence(phrase: Phrase, end: int) -> Phrase:
    """The words of a sentence before a place in it."""
    start = end
    while start and phrase.tokens[start - 1].norm not in (".", ";"):
        start -= 1
    return phrase.part(start, end)


def mark(made: Made | None, place: int) -> Token:
    """The boundary that is left where a place was; it holds the sink."""
    return Token("place", ";", ";", made, place=place)


def _leads(phrase: Phrase, at: int, columns: Container[str]) -> bool:
    """Whether a word only leads to a place: `page` does unless it is a column, and so does `data`,
    but not in `no data` or `after it`; nor does the state `new` in `old to this, new to that`."""
    norm = phrase.tokens[at].norm
    denied = at > 0 and phrase.tokens[at - 1].norm in _HOLDS
    valued = norm == "new" and phrase.part(max(0, at - 1), at + 2).at(r"[,:;.] new (?:to|into|->)")
    return norm in _LEAD and norm not in columns and not denied and not valued


def _without(phrase: Phrase, place: Place, made: Made | None, columns: Container[str]) -> Phrase:
    """The phrase with a boundary where a place was, and the words before it that lead there."""
    start, end = place.start, place.end
    while start and place.start - start < _BACK and _leads(phrase, start - 1, columns):
        start -= 1
    after = phrase.at(rf"(?:,|as|in|and|the|files?|format|table|{FORMATS}|too|also|as well)+", end)
    end = after.end if after and phrase.part(end, after.end).has(FORMATS) else end
    told = phrase.at(MESSAGE, end) if place.kind in ("mail", "people") else None
    end = told.end if told else end
    told = phrase.at(MERGED, end) if place.kind == "table" and made else None
    end = told.end if told else end
    phrase.use(start, end)
    left = mark(made, phrase.tokens[place.start].place)
    return Phrase((*phrase.tokens[:start], left, *phrase.tokens[end:]), phrase.used)
