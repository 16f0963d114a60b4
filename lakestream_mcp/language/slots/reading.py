"""A whole text read by what stands in it; the draft of it, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..rules.attempts import attempt
from ..rules.clauses import clauses
from ..rules.detect import vague
from ..rules.names import Columns
from ..rules.phrase import Phrase
from ..rules.reader import Reader
from ..rules.scene import UNSURE, Made, Scene
from ..rules.tokens import Token
from ..rules.transforms import filtered, is_filter
from ..rules.unsupported import unsupported
from ..rules.words import STATUS_WORDS, word_set
from .atoms import Atoms
from .branches import read_branches
from .lateness import without_lateness
from .layout import plain
from .meanings import read_pattern
from .parted import read_router
from .places import Places, cut_places
from .quality import read_quality
from .streams import CORRELATED, JOIN, UNION, read_streams

if TYPE_CHECKING:
    from ..proposal import Request
    from ..rules.talk import Talk

_WEIGHTY = (
    r"bad rows|keep them|instead|tripl\w*|"
    r"doubles|doubled|"
    r"(?P<p>previous)|ratio|password(?! (?:resets?|changes?))|enrich\w*|split\w*|rout\w*|"
    r"(?<!z )score\w*|model endpoint|"
    r"predict\w*|rename\w*|cast\w*|explode\w*|quality|quarantine\w*|watermark|late|top|rank\w*|"
    r"(?:than|above|over|below|times|#times)(?: the| its| their)? (?:average|mean|usual|normal)|"
    r"custom|own|weekends?|weekdays?|nights?|percent\w*|median|exactly|"
    r"(?:own|my|our|this) (?:code|class|script)|python"
)

_CHOOSES = r"(?:keep|drop|discard|remove|exclude|ignore|filter) (?:only|just|out|rows|those|all)"
_PARTED = r"keep them|bad rows|the rest|everything else|others|else"
_SEVERAL = rf"{JOIN}|{UNION}"
_COUNTING = ("count-threshold", "velocity", "heartbeat", "window-aggregate")
_OF_STREAMS = word_set(
    "hold holds each separately apart individually read sources source streams stream flows feeds "
    "topics kafka rows row everything data store write save result keep land"
)
"""Words that say of streams only that there are several."""
_TELLS = r"e ?mail\w*|notif\w*|posts?|publish\w*|kafka|topics?|webhooks?|tables?|files?|sinks?"


def second_reading(
    request: Request, tokens: Sequence[Token], columns: Columns, talk: Talk
) -> Reader | None:
    """What a text says, as a reader that has found it; None where something stays open."""
    phrase = Phrase(plain(tokens, columns.types))
    if columns.open or unsupported(phrase, columns.written()):
        return None
    reader, given = Reader(request, columns, talk, False), _is_given(phrase, request)
    phrase = without_lateness(reader, phrase)
    if _parted(reader, phrase, given):
        return reader
    if _is_weighty(phrase, columns):
        return None
    return _plainly(reader, phrase, given)


def _plainly(reader: Reader, phrase: Phrase, given: bool) -> Reader | None:
    """The reader with what a text says of one pattern, or of one in each of its branches."""
    is_vague, talk = vague(_without_how(phrase)) is not None, reader.talk
    read = partial(_nodes, is_vague=is_vague)
    branches = read_branches(reader.scene, phrase, given, read)
    if branches is not None and not talk.questions:
        reader.found.sources, reader.found.branches = branches[0], [*branches[1]]
        return reader
    talk.questions.clear()
    places = cut_places(reader.scene, phrase, given)
    if places is None or (len(places.sources) < 2 and phrase.has(_SEVERAL)):
        return None
    nodes = _joined(reader.scene, places, is_vague)
    if not nodes or talk.questions:
        return None
    reader.found.sources += places.sources
    reader.found.types += places.types
    reader.found.sinks += places.sinks
    reader.found.steps += nodes
    return reader


def _parted(reader: Reader, phrase: Phrase, given: bool) -> bool:
    """Whether rows part ways, by a router or by rules of quality, and the reader has it."""
    plainly = partial(_nodes, is_vague=False)
    for read in (partial(read_quality, read=plainly), read_router):
        parted = read(reader.scene, phrase, given)
        if parted is not None and not reader.talk.questions:
            reader.found.sources += parted.sources
            reader.found.steps += parted.steps
            reader.found.routes += parted.routes
            reader.found.sinks += parted.sinks
            return True
        reader.talk.questions.clear()
    return False


def steps_by_clauses(
    request: Request, tokens: Sequence[Token], columns: Columns, talk: Talk
) -> tuple[Reader, list[Phrase]] | None:
    """A text whose places are told by their shape, and its steps by clauses; with these."""
    phrase = Phrase(plain(tokens, columns.types))
    if columns.open or phrase.has(f"password(?! (?:resets?|changes?))|{_PARTED}"):
        return None
    reader = Reader(request, columns, talk, True)
    places = cut_places(reader.scene, phrase, _is_given(phrase, request))
    if places is None or len(places.sources) > 1:
        return None
    if not places.sinks and places.rest.has(_TELLS):
        return None
    parts = [part for part in clauses([*places.rest.tokens]) if part.content() or part.has(r"#\w+")]
    names = {name.lower() for name in columns.types}
    for part in parts:
        if part.has(r"#\w+") or names & {t.norm for t in part.tokens}:
            reader.step(part)
    if talk.questions or reader.found.misread or not reader.found.steps:
        return None
    reader.found.sources += places.sources
    reader.found.sinks += places.sinks
    return reader, parts


def _without_how(phrase: Phrase) -> Phrase:
    """The text without `how many`, which asks for a count and tells none."""
    return phrase.without(phrase.find("how (?:many|often|much)"))


def _is_weighty(phrase: Phrase, columns: Columns) -> bool:
    """Whether a word stands there that makes another thing of the rest, and is no column."""
    names = {name.lower() for name in columns.types}
    return any(
        not (found.groups.get("p") and phrase.at("#num|#dur", found.end))
        and not {t.norm for t in phrase.tokens[found.start : found.end]} & names
        for found in phrase.all(_WEIGHTY)
    )


def _is_given(phrase: Phrase, request: Request) -> bool:
    """Whether the rows come from where the request says, not the text."""
    return bool(request.schema) and not phrase.has("#columns")


def _joined(scene: Scene, places: Places, is_vague: bool) -> list[Made] | None:
    """The nodes of a text, those that join its sources first."""
    if len(places.sources) < 2:
        return _nodes(scene, places, is_vague)
    if not places.rest.has(UNION) or places.rest.has(CORRELATED):
        return read_streams(Atoms(scene, places.rest), places)
    parts = places.rest
    while (found := parts.find(UNION)) is not None:
        parts = parts.without(found)
    said = [t for t in parts.tokens if t.kind != "place" and t.norm not in _OF_STREAMS]
    if not Phrase(said).content():
        return [Made("union-merge", {}, "Union")]
    nodes = _nodes(scene, places._replace(rest=parts), is_vague)
    return None if nodes is None else [Made("union-merge", {}, "Union"), *nodes]


def _nodes(scene: Scene, places: Places, is_vague: bool) -> list[Made] | None:
    """The filters of a text and its pattern; None where words are left that tell more."""
    filters, rest = _cut_filters(scene, places.rest)
    atoms = Atoms(scene, rest)
    bare = atoms.bare()
    more = atoms.conditions or bare.has(r"#(?:num|dur|times|dist|pct|factor|str)")
    nodes = read_pattern(atoms) if more or not filters else []
    if nodes is None or (not places.sinks and bare.has(_TELLS)):
        return None
    if not atoms.conditions:
        told = any(t.norm in STATUS_WORDS for t in bare.tokens)
        if is_vague or (told and nodes and nodes[-1].type in _COUNTING):
            return None
    return [*filters, *nodes]


def read_around(reader: Reader, phrase: Phrase, made: Made, has_source: bool) -> bool:
    """A node that was given word for word, with the places and filters around it; False where
    those are not told by their shape."""
    places = cut_places(reader.scene, phrase, has_source)
    if places is None:
        return False
    filters, _ = _cut_filters(reader.scene, places.rest)
    reader.found.sources += places.sources
    reader.found.sinks += places.sinks
    reader.found.steps += [*filters, made]
    return True


def _is_plain_filter(scene: Scene, part: Phrase) -> bool:
    """Whether a sentence keeps rows by comparisons, and counts or times nothing."""
    if not is_filter(part) or part.has("->|state machine"):
        return False
    return not Atoms(scene, part).bare().has("#num|#dur|#times|#dist|#factor")


def _cut_filters(scene: Scene, phrase: Phrase) -> tuple[list[Made], Phrase]:
    """Sentences of their own that tell which rows are kept, as filters, and the others."""
    made: list[Made] = []
    others: list[Token] = []
    for said in phrase.split(rf"[.;]|, and then|and then|, then|then|,(?= {_CHOOSES})"):
        lead = said.at("(?:(?:,|and|:) )*(?:,|and|:)")
        part = said.part(lead.end if lead else 0)
        asked = dict(scene.talk.questions)
        found = attempt(scene, part, filtered) if _is_plain_filter(scene, part) else None
        if found is None or found is UNSURE:
            scene.talk.questions = asked
            others += [*part.tokens, Token("punct", ";", ";", place=-1)]
        else:
            made.append(found)
    return (made, Phrase(others, phrase.used)) if made else ([], phrase)
