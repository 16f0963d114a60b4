"""Plain English to changes by rules: no model, no network, the same answer every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..proposal import Draft
from ..webhook_addresses import in_changes, in_words
from .building import build
from .clauses import clauses, is_instruction
from .declared import declared
from .drafts import concluded, with_places
from .event_time import simulated_columns
from .flow import Flow
from .incomplete import ask_for_rest
from .language import REFUSAL, kind_refusal
from .names import Columns, singular
from .off_topic import is_off_topic
from .options import take_options, with_options
from .phrase import Phrase
from .quantities import measured
from .reader import Reader
from .readings import better, whole
from .row_patterns import clause_text
from .scene import Made
from .static_tables import take_lookup, with_lookup
from .talk import Talk
from .tokens import MAX_TEXT, Token, clean, tokenise
from .typed import typed_columns
from .typos import corrected
from .usual import usual, usual_of
from .words import ENTITIES, THINGS

if TYPE_CHECKING:
    from ..proposal import Request

MAX_WORDS = 250
_NAMES_SOURCE = (
    r"(?:reads?|reading|from|sources?|take|consumes?|consuming|ingests?|ingesting|load|loads|"
    r"subscribe\w*|listen\w*|monitor|watch|use|using|stream|incoming|arriving|simulat\w*)"
    r"(?: \S+){0,6}? (?:#name|#path|topics?|tables?|kafka|files?)|"
    r"^(?:[a-z]\w* ){0,4}(?:#name|#path|topics?|kafka|tables?)"
)
"""Words of a text that may lead to where its rows come from."""


class Rules:
    """The back-end that needs no model."""

    name = "rules"

    def draft(self, request: Request) -> Draft:
        """Changes for what a text asks; questions for what it leaves open."""
        if len(request.text) > MAX_TEXT:
            return Draft(
                refusal=(
                    f"The text has {len(request.text)} characters; I read at "
                    f"most {MAX_TEXT}. Say it shorter."
                )
            )
        words, left_out = in_words(request.text)
        request, text = request._replace(text=words), clean(words)
        refusal = kind_refusal(text)
        if refusal:
            return Draft(refusal=refusal)
        try:
            made = self._draft(request, text)
        except ValueError as error:
            return Draft(refusal=f"I cannot do that: {error}.")
        if not (made.changes or request.document.nodes) and is_off_topic(text, request.schema):
            return Draft(refusal=REFUSAL)
        changes, replaced = in_changes(made.changes)
        told = (*made.assumptions, *left_out, *replaced) if changes else made.assumptions
        return made._replace(changes=changes, assumptions=told)

    def _draft(self, request: Request, text: str) -> Draft:
        from .edits import Editor

        talk = Talk()
        if clause := clause_text(request.text):
            return _match_recognize(request, *clause, talk)
        names = (*request.schema, *(n for c in request.columns.values() for n in c))
        tokens = measured(corrected(tokenise(text), names))
        options, tokens = ([], tokens) if request.document.nodes else take_options(tokens)
        tokens = tokens if request.document.nodes else usual(tokens)
        whole, columns, given = tokens, request.schema, bool(request.schema)
        typed, marked = ({}, tokens) if request.document.nodes else typed_columns(tokens)
        lookup = None if request.document.nodes else take_lookup(marked, columns)
        if lookup is not None:
            columns = {**(columns or _declared(lookup.rest)), **lookup.added}
            request, whole = request._replace(schema=columns), lookup.rest
            tokens = [token for token in whole if token.kind != "columns"]
        elif not request.schema and not request.document.nodes:
            said = declared(tokens, talk)
            request, tokens = request._replace(schema=said.types), said.tokens
            columns, whole = (typed, marked) if typed else (said.types, tokens)
            columns = simulated_columns(request, [Phrase(whole)]) or columns
        if not request.document.nodes:
            tokens, whole = (usual_of(said, columns) for said in (tokens, whole))
        found = clauses(tokens, bool(request.document.nodes))
        if any(len(part) > MAX_WORDS for part in found):
            return Draft(refusal=f"A sentence has more than {MAX_WORDS} words. Say it in several.")
        if request.document.nodes:
            return Editor(request, talk).draft(found)
        first = _new(request, found, talk, given and not Phrase(whole).has(_NAMES_SOURCE))
        request = request._replace(schema=columns)
        made = better(request, whole, known_columns(request), first)
        made = with_lookup(made, lookup, request.catalog) if lookup else made
        return with_options(made, options, request.catalog)

    def repair(
        self, request: Request, draft: Draft, findings: Sequence[Mapping[str, Any]]
    ) -> Draft:
        """The draft with what the validator offers to mend it; a question for what it cannot."""
        from .repair import repaired

        return repaired(request, draft, findings)


def _declared(tokens: Sequence[Token]) -> dict[str, str]:
    """The columns that the first declaration of a text has."""
    return next((dict(t.value) for t in tokens if t.kind == "columns"), {})


def known_columns(request: Request) -> Columns:
    """The columns of a new source."""
    return Columns(request.schema, bool(request.schema))


def hints(found: Sequence[Phrase]) -> frozenset[str]:
    """The things that a text speaks of, in the singular."""
    words = {singular(t.norm) for phrase in found for t in phrase.tokens if t.kind == "word"}
    return frozenset((words & ENTITIES) - THINGS)


def _new(request: Request, found: list[Phrase], talk: Talk, has_source: bool) -> Draft:
    columns = known_columns(request)
    columns.hints = hints(found)
    reader = Reader(request, columns, talk, has_source)
    _profile_columns(reader, found)
    for part in found:
        if not is_instruction(part):
            reader.read(part)
    if reader.found.empty and not talk.questions and not ask_for_rest(found, talk):
        return Draft(refusal=REFUSAL)
    if talk.questions:
        return Draft(assumptions=tuple(talk.assumptions), questions=talk.asked())
    with_places(reader, columns, talk)
    flow = Flow(request.document, request.catalog)
    build(flow, reader.found, columns, talk)
    return concluded(flow, found, talk)


def _profile_columns(reader: Reader, found: list[Phrase]) -> None:
    """A simulator knows its columns before anything else is read."""
    types = simulated_columns(reader.request, found)
    if types and not reader.request.schema:
        reader.scene.columns.types.update(types)
        reader.scene.columns.open = False


def _match_recognize(request: Request, clause: str, rest: str, talk: Talk) -> Draft:
    """A row pattern that is given as text is taken as it is; the validator reads it."""
    from ..slots import read_around

    tokens, given = measured(tokenise(clean(rest))), bool(request.schema)
    if not request.schema and not request.document.nodes:
        types, tokens = typed_columns(tokens)
        request = request._replace(schema=types)
    columns = known_columns(request)
    if columns.open and not request.document.nodes:
        talk.ask("Which columns do the rows have? Give them as `schema`.")
        return Draft(questions=talk.asked())
    flow = Flow(request.document, request.catalog)
    made = Made("match-recognize", {"clause": clause[:20_000]})
    start = None
    if request.document.nodes:
        tails = flow.tails()
        start = tails[-1] if tails else None
    else:
        reader = Reader(request, columns, talk, False)
        if not read_around(reader, Phrase(tokens), made, given):
            reader.found.steps.append(made)
            for phrase in clauses(tokens):
                reader.read(phrase)
        with_places(reader, columns, talk)
        build(flow, reader.found, columns, talk)
        draft = concluded(flow, [], talk)
        return whole(draft, Phrase(tokens), columns)
    flow.add(made, start)
    return concluded(flow, [], talk)
