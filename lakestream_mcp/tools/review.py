"""A pipeline looked at by a colleague: explained, reviewed, or given a configuration that fits."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..arguments import GivenEvents, Json, PipelineId
from ..errors import InvalidArgument, LakestreamError
from ..operations import Answer, operation
from ..review.facts import Risk
from ..review.review import explained, risks, score, summary
from ..review.suggestion import Suggestion
from .answers import calls_for, compact
from .discovery import existing, load
from .templates import rows_for

if TYPE_CHECKING:
    from ..review.facts import Facts
    from ..storage.rows import Stored
    from ..workspace import Workspace

ROWS_MOST = 5_000
TEXT_CHARACTERS = 6_500
LINE_CHARACTERS = 420
Mode = Literal["explain", "review", "suggest"]


class ReviewAnswer(Answer):
    """Sentences, or a score with risks, or suggestions; by what was asked for."""

    pipeline_id: str
    revision: int
    mode: Mode
    summary: str
    sentences: list[dict[str, str]] | None = None
    worded_by: str | None = Field(None, description="The model whose words these are")
    note: str | None = None
    score: int | None = Field(None, description="0 to 100: less for each risk, by its weight")
    risks: list[Risk] | None = None
    suggestions: list[Suggestion] | None = None
    next: str
    link: str

    def text(self) -> str:
        """A line per node, risk or suggestion; fixes as they can be sent."""
        lines = [f"{self.pipeline_id}@{self.revision}: {self.summary}"]
        if self.worded_by:
            lines.append(f"(In the words of {self.worded_by}, from the sentences of the nodes.)")
        lines += [self.note] if self.note else []
        if self.score is not None:
            lines.append(f"Score: {self.score} of 100")
        lines += _fitting(self._listed(), TEXT_CHARACTERS)
        return "\n".join([*lines, f"Next: {self.next}", self.link])

    def _listed(self) -> list[tuple[str, str]]:
        """A line each, and its fix as it can be sent."""
        listed = [(f"- {s['text']}", "") for s in self.sentences or []]
        for risk in self.risks or []:
            what = risk.message if risk.fix or not risk.hint else f"{risk.message} {risk.hint}"
            listed.append((f"- {risk.weight} {risk.code}: {what}", _fix(risk.fix)))
        for said in self.suggestions or []:
            listed.append((f"- {said.node}: {said.text}. {said.why}", _fix(said.fix)))
        return listed


def _fitting(listed: list[tuple[str, str]], most: int) -> list[str]:
    """The first lines, with the fixes that there is room for."""
    lines: list[str] = []
    for line, fix in listed:
        shown = line[:LINE_CHARACTERS]
        room = most - sum(map(len, lines)) - len(shown)
        if room < 0:
            return [*lines, f"… {len(listed) - len(lines)} more in the structured answer"]
        lines.append(shown + fix if len(fix) <= room else shown)
    return lines


@operation(
    title="Review a pipeline",
    effect="read",
    method="POST",
    path="/api/pipelines/{pipeline_id}/review",
    examples=({"pipeline_id": "quakes"}, {"pipeline_id": "quakes", "mode": "review"}),
)
def review_pipeline(
    ws: Workspace,
    pipeline_id: PipelineId,
    mode: Mode = "explain",
    node: Annotated[str, Field(max_length=64)] = "",
    events: Annotated[GivenEvents, Json, Field(description="Sample rows, or by source id")] = [],  # noqa: B006
    reword: Annotated[
        Literal["", "auto", "client", "anthropic", "databricks"],
        Field(description="explain in a model's words"),
    ] = "",
) -> ReviewAnswer:
    """Say what a pipeline does (explain), its risks with fixes and a score (review), or what
    configuration sample rows speak for (suggest). Run review before deploy."""
    stored = load(ws, pipeline_id)
    if node:
        existing(stored, node)
    tested = mode == "review" and _tested(ws, stored)
    facts = _facts(ws, stored, events, tested)
    said = ReviewAnswer(
        pipeline_id=pipeline_id,
        revision=stored.revision,
        mode=mode,
        summary=summary(facts),
        next="",
        link=ws.link(pipeline_id, stored.revision),
    )
    if mode == "explain":
        said.sentences = [s._asdict() for s in explained(facts) if node in ("", s.node)]
        said.next = f'review_pipeline(pipeline_id="{pipeline_id}", mode="review")'
        if reword and said.sentences:
            _reword(ws, said, reword)
    elif mode == "review":
        found = risks(facts)
        said.score = score(found)
        said.risks = [risk for risk in found if node in ("", risk.node)]
        said.next = _after_review(ws, pipeline_id, said.risks)
    else:
        said.suggestions = _suggested(facts, node)
        said.next = _after_suggestions(said.suggestions)
    return said


def _reword(ws: Workspace, said: ReviewAnswer, wanted: str) -> None:
    """The same in a model's words, marked as such; as it was where no model answers."""
    from ..language.rewording import reword
    from .language_backends import answered, model_offers
    from .language_record import UserLedger

    plain = {s["node"]: s["text"] for s in said.sentences or []}
    try:
        (summary, found), by, _ = answered(
            model_offers(ws, UserLedger(ws, said.pipeline_id)),
            wanted,
            lambda backend: reword(backend, said.summary, plain),
        )
    except LakestreamError as error:
        if wanted != "auto":
            raise
        said.note = f"In plain words, since no model answered: {error.message}"
        return
    said.summary, said.worded_by = summary, f"{by.name} ({by.model})"
    for sentence in said.sentences or []:
        sentence["text"] = found[sentence["node"]]


def _suggested(facts: Facts, node: str) -> list[Suggestion]:
    from ..review.suggest import suggestions
    from ..review.suggest_schema import suggestions_of_schema

    if any(facts.samples.values()):
        return suggestions(facts, node)
    found = suggestions_of_schema(facts, node)
    if not found:
        raise InvalidArgument(
            "The columns alone speak for nothing more: suggestions are made from sample rows.",
            where={"argument": "events"},
            expected='rows, or {"source_id": [rows]} where there are several sources',
        )
    return found


def _after_suggestions(found: list[Suggestion]) -> str:
    if any(said.fix for said in found):
        return "edit_pipeline with a fix"
    return "review_pipeline with other rows in `events`"


def _after_review(ws: Workspace, pipeline_id: str, found: list[Risk]) -> str:
    if any(risk.fix for risk in found):
        return "edit_pipeline with the fixes you agree with"
    if any(risk.code == "NOT_TESTED" for risk in found):
        return f'test_pattern(pipeline_id="{pipeline_id}", events={{"examples": "all"}})'
    named = f'pipeline_id="{pipeline_id}"'
    return calls_for(
        ws,
        pipeline_id,
        ("generate_code", f"generate_code({named})"),
        ("deploy", f"deploy({named}) makes a plan"),
    )


def _tested(ws: Workspace, stored: Stored) -> bool:
    """Whether a deployment would find it tested."""
    from ..deploy.tested import tested
    from .deployment_request import patterns_of
    from .generation import generated

    if not ws.validate(stored.document).ok:
        return False
    try:
        hashes = generated(ws, stored, "auto").hashes
    except LakestreamError:
        hashes = None
    patterns = patterns_of(ws, stored)
    with ws.reading() as store:
        return tested(store, stored.pipeline_id, stored.document, patterns, hashes)


def _facts(ws: Workspace, stored: Stored, events: Any, tested: bool) -> Facts:
    from ..review.facts import Facts

    validation = ws.validate(stored.document)
    samples = _samples(ws, stored, events)
    return Facts(stored.document, validation, ws.catalog, samples, tested, ws.validate)


def _samples(ws: Workspace, stored: Stored, events: Any) -> dict[str, list[Any]]:
    """Rows by source. Raises InvalidArgument where it is not clear whose rows they are."""
    known = set(ws.catalog.types())
    sources = [
        n.id
        for n in stored.document.nodes
        if n.type in known and ws.catalog.get(n.type).category == "source"
    ]
    if not events:
        return {}
    events = rows_for(ws, events, stored.document)
    whole = isinstance(events, list) or set(events) == {"file"}
    given = {sources[0]: events} if whole and len(sources) == 1 else events
    if not isinstance(given, dict) or not set(given) <= set(sources):
        raise InvalidArgument(
            "It is not clear of which source these rows are.",
            where={"argument": "events"},
            got=sorted(given)[:5] if isinstance(given, dict) else "a list",
            expected=f'rows by source, of {sources}; for one source rows or {{"file": "path"}}; '
            'or {"template": "id"}',
        )
    return {name: _rows(ws, rows) for name, rows in given.items()}


def _rows(ws: Workspace, given: Any) -> list[Any]:
    """The first rows of a list, or of a file below a data root."""
    from ..cep.event_files import read_rows

    if isinstance(given, dict) and isinstance(given.get("file"), str):
        return list(islice(read_rows(ws.find_file(given["file"])), ROWS_MOST))
    rows = given[:ROWS_MOST] if isinstance(given, list) else None
    if rows is None or not all(isinstance(row, dict) for row in rows):
        raise InvalidArgument(
            "A sample is a list of rows.",
            where={"argument": "events"},
            expected='[{…}], or {"file": "path"}',
        )
    return rows


def _fix(fix: list[dict[str, Any]] | None) -> str:
    return f" fix: {compact(fix)}" if fix else ""
