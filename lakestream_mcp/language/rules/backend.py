"""Plain English to changes by rules: no model, no network, the same answer every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..proposal import Draft
from .clauses import clauses, is_instruction
from .event_time import timed_source
from .flow import Flow
from .incomplete import ask_for_rest
from .language import REFUSAL, kind_refusal
from .modifiers import THINGS
from .names import Columns, singular
from .phrase import Phrase
from .quantities import measured
from .reader import Found, Reader, build
from .scene import Made
from .source_words import DEFAULT_BROKER
from .streams import clause_text
from .talk import Talk
from .tokens import MAX_TEXT, clean, tokenise
from .typos import corrected
from .words import ENTITIES

if TYPE_CHECKING:
    from ..proposal import Request

MAX_WORDS = 250


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
        text = clean(request.text)
        refusal = kind_refusal(text)
        if refusal:
            return Draft(refusal=refusal)
        try:
            return self._draft(request, text)
        except ValueError as error:
            return Draft(refusal=f"I cannot do that: {error}.")

    def _draft(self, request: Request, text: str) -> Draft:
        from .edits import Editor

        talk = Talk()
        if clause := clause_text(request.text):
            return _match_recognize(request, *clause, talk)
        names = (*request.schema, *(n for c in request.columns.values() for n in c))
        found = clauses(measured(corrected(tokenise(text), names)))
        if any(len(part) > MAX_WORDS for part in found):
            return Draft(refusal=f"A sentence has more than {MAX_WORDS} words. Say it in several.")
        if request.document.nodes:
            return Editor(request, talk).draft(found)
        return _new(request, found, talk)

    def repair(
        self, request: Request, draft: Draft, findings: Sequence[Mapping[str, Any]]
    ) -> Draft:
        """The draft with what the validator offers to mend it; a question for what it cannot."""
        from .repair import repaired

        return repaired(request, draft, findings)


def known_columns(request: Request) -> Columns:
    """The columns of a new source."""
    return Columns(request.schema, bool(request.schema))


def hints(found: Sequence[Phrase]) -> frozenset[str]:
    """The things that a text speaks of, in the singular."""
    words = {singular(t.norm) for phrase in found for t in phrase.tokens if t.kind == "word"}
    return frozenset((words & ENTITIES) - THINGS)


def _new(request: Request, found: list[Phrase], talk: Talk) -> Draft:
    columns = known_columns(request)
    columns.hints = hints(found)
    reader = Reader(request, columns, talk, False)
    _profile_columns(reader, found)
    for part in found:
        if not is_instruction(part):
            reader.read(part)
    if reader.found.empty and not talk.questions and not ask_for_rest(found, talk):
        return Draft(refusal=REFUSAL)
    if talk.questions:
        return Draft(assumptions=tuple(talk.assumptions), questions=talk.asked())
    _sources(reader, columns, talk)
    flow = Flow(request.document, request.catalog)
    build(flow, reader.found, columns, talk)
    return concluded(flow, found, talk)


def _profile_columns(reader: Reader, found: list[Phrase]) -> None:
    """A simulator knows its columns before anything else is read."""
    from .event_time import simulated_columns

    types = simulated_columns(reader.request, found)
    if types and not reader.request.schema:
        reader.scene.columns.types.update(types)
        reader.scene.columns.open = False


def _sources(reader: Reader, columns: Columns, talk: Talk) -> None:
    """Every source with columns, event time and watermark; one to start from where none is."""
    found = reader.found
    streams = next((made.inputs for made in found.steps if made.inputs), ())
    if not found.sources and len(streams) > 1:
        for name in streams:
            talk.assume(f"I took the stream `{name}` to be the Delta table `main.default.{name}`.")
            found.sources.append(
                Made("delta-table-source", {"table": f"main.default.{name}"}, name.capitalize())
            )
    if not found.sources:
        talk.assume(
            "No source was named: I took the Delta table `main.default.events`. "
            "Say for example `read from the Kafka topic orders at broker:9092`."
        )
        found.sources.append(Made("delta-table-source", {"table": "main.default.events"}, "Events"))
    if not found.sinks and not any(port == "other" for port, _ in found.routes):
        found.sinks.append(default_sink(talk))
    timed = any(
        reader.request.catalog.get(m.type).category == "pattern"
        or m.type in ("window-aggregate", "watermark", "stream-stream-join")
        for m in found.steps
    )
    _share_broker(found)
    found.sources = [timed_source(m, columns, talk, found.delay, timed) for m in found.sources]


def _share_broker(found: Found) -> None:
    """A broker that is named once is that of every topic without one."""
    made = [*found.sources, *found.sinks, *(sink for _, sink in found.routes)]
    topics = [m.config for m in made if "bootstrap_servers" in m.config]
    said = {c["bootstrap_servers"] for c in topics} - {DEFAULT_BROKER}
    for config in topics if len(said) == 1 else ():
        config["bootstrap_servers"] = next(iter(said))


def default_sink(talk: Talk) -> Made:
    """Where rows go when nobody says where."""
    talk.assume(
        "No destination was named: I took the Delta table `main.default.results`. "
        "Say for example `write to main.default.alerts` or `alert on Slack`."
    )
    return Made("delta-table-sink", {"table": "main.default.results"}, "Results")


def _match_recognize(request: Request, clause: str, rest: str, talk: Talk) -> Draft:
    """A row pattern that is given as text is taken as it is; the validator reads it."""
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
        reader.found.steps.append(made)
        for phrase in clauses(measured(tokenise(rest))):
            reader.read(phrase)
        _sources(reader, columns, talk)
        build(flow, reader.found, columns, talk)
        return concluded(flow, [], talk)
    flow.add(made, start)
    return concluded(flow, [], talk)


def concluded(flow: Flow, found: list[Phrase], talk: Talk) -> Draft:
    """The draft, with what of the text was left out."""
    left = left_out(found)
    if left:
        talk.assume(f"I left out: {', '.join(f'`{said}`' for said in left[:12])}.")
    if not talk.questions:
        _check(flow, talk)
    if talk.questions:
        return Draft(assumptions=tuple(talk.assumptions), questions=talk.asked())
    return Draft(tuple(flow.changes), tuple(talk.assumptions))


def _check(flow: Flow, talk: Talk) -> None:
    """Changes that cannot be applied, or a configuration that its type refuses, are a question."""
    from pydantic import ValidationError

    from ...errors import LakestreamError
    from ...graph.apply import apply

    try:
        apply(flow.document, flow.changes, flow.catalog)
        for made in flow.made.values():
            flow.catalog.get(made.type).Config.model_validate(made.config)
    except LakestreamError as error:
        talk.ask(f"That cannot be done so: {error.message}. What is meant?")
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        talk.ask(f"`{field}` cannot be so: {first['msg']}. What is meant?")


def left_out(found: Sequence[Phrase]) -> list[str]:
    """Words that mean something and were not used, as they stand in the text."""
    said: list[str] = []
    for phrase in found:
        run: list[str] = []
        for token in phrase.tokens:
            if token in phrase.content() and token.place not in phrase.used:
                run.append(token.text)
            elif run:
                said.append(" ".join(run))
                run = []
        if run:
            said.append(" ".join(run))
    return [text[:80] for text in dict.fromkeys(said)]
