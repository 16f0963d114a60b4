"""From words to changes of a pipeline, looked at before they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, JsonValue, WithJsonSchema

from ..arguments import ChangeOrMore, GivenEvents, Json, Objects
from ..errors import InvalidArgument, LakestreamError, NotFound
from ..graph.diff import Diff, diff
from ..graph.model import PipelineDocument
from ..operations import operation
from .answers import Counts, worst
from .columns_shown import shown_columns
from .discovery import load
from .language_backends import answered, offers
from .language_record import UserLedger
from .proposal_answer import Asked, ProposalAnswer
from .proposals import OTHERWISE, UNNAMED, accepted, applied, kept, title_of

if TYPE_CHECKING:
    from ..language.proposal import Backend, Request
    from ..language.propose import Proposal
    from ..storage.rows import Stored
    from ..workspace import Workspace

NOTHING = "Nothing to change was understood in these words."
NEW = "To make a new pipeline from the words, leave `pipeline_id` out."
EMPTY = (
    "Say in a sentence what to find in which data, for example: alert when a card is used in two "
    "countries within an hour, reading Kafka topic payments, to Slack."
)


COLUMNS = {
    "anyOf": [{"type": "string"}, {"type": "object"}],
    "description": "Columns: id bigint, at timestamp",
}


@operation(
    title="Propose changes from words",
    effect="run",
    method="POST",
    path="/api/proposals",
    examples=({"text": "alert when a sensor is silent for 10 minutes", "backend": "rules"},),
)
def nl_generate(
    ws: Workspace,
    text: Annotated[str, Field(max_length=4000)] = "",
    pipeline_id: Annotated[str, Field(max_length=64, description="To change; else a new one")] = "",
    schema: Annotated[JsonValue, Json, WithJsonSchema(COLUMNS)] = "",
    events: Annotated[GivenEvents, Json, Field(description='Sample rows or {"file": …}')] = [],  # noqa: B006
    backend: Literal["auto", "client", "anthropic", "databricks", "rules", "agent"] = "auto",
    filled: Annotated[Objects, ChangeOrMore, Field(description="Changes, for agent's form")] = [],  # noqa: B006
    apply: bool = False,
    accept: Annotated[str, Field(max_length=64, description="Proposal id")] = "",
) -> ProposalAnswer:
    """Turn words into changes, checked and tried on examples; nothing is stored before accept.

    backend="agent" gives you a form to fill.
    """
    ledger = UserLedger(ws, pipeline_id)

    def answer() -> ProposalAnswer:
        if accept:
            return accepted(ws, accept)
        return _answered(ws, ledger, text, pipeline_id, (schema, events), backend, filled, apply)

    by = "agent" if filled else "accept" if accept else backend
    return ledger.recorded(by, text or accept, answer)


def _answered(
    ws: Workspace,
    ledger: UserLedger,
    text: str,
    pipeline_id: str,
    data: tuple[Any, Any],
    backend: str,
    filled: list[Any],
    apply: bool,
) -> ProposalAnswer:
    """A proposal from words, kept or applied."""
    if not text.strip() and not filled:
        return ProposalAnswer(status="refused", refusal=EMPTY, next="nl_generate(text=…)")
    columns = _schema(ws, *data) or ({} if pipeline_id else _of_file(ws, text))
    request, revision = _request(ws, text, pipeline_id, columns)
    if backend == "agent" and not filled:
        return _form(request, pipeline_id)
    proposal, by, others = _proposed(ws, request, ledger, backend, filled)
    said = _described(ws, request, proposal)
    said.backend, said.model = by.name, getattr(by, "model", None)
    said.others = others or None
    said.pipeline_id, said.revision = pipeline_id or None, revision or None
    if apply and proposal.ready:
        return applied(ws, said, request, proposal, pipeline_id)
    if apply and said.status == "proposed":
        said.notes = [*(said.notes or []), "Not applied: look at findings, questions and flags."]
    return kept(ws, said, request, proposal, pipeline_id)


def _request(
    ws: Workspace, text: str, pipeline_id: str, schema: dict[str, str]
) -> tuple[Request, int]:
    """What back-ends are given, and the revision that it is about; 0 for none."""
    from ..language.proposal import Request

    document, revision = PipelineDocument(name=UNNAMED), 0
    if pipeline_id:
        stored = _stored(ws, pipeline_id)
        document, revision = stored.document, stored.revision
    relations = ws.validate(document).relations if document.nodes else {}
    columns = {n: {c.name: c.type for c in r.columns} for n, r in relations.items()}
    return Request(text, document, columns, schema, ws.catalog), revision


def _stored(ws: Workspace, pipeline_id: str) -> Stored:
    """The pipeline to change. Raises NotFound, which says how a new one is made."""
    try:
        return load(ws, pipeline_id)
    except NotFound as error:
        error.hint = f"{error.hint or ''} {NEW}".strip()
        raise


def _schema(ws: Workspace, given: Any, events: Any) -> dict[str, str]:
    """The columns and types that were said, or those that sample rows show."""
    from ..relational.column_types import canonical_type, parse_columns

    said = _listed(given) if isinstance(given, list) else given
    if isinstance(said, dict):
        return {str(name): canonical_type(str(kind)) for name, kind in said.items()}
    if said:
        return {c.name: c.type for c in parse_columns(str(said))}
    return _shown(ws, events) if events else {}


def _listed(columns: list[Any]) -> dict[str, Any] | str:
    """A list of columns as names with their types, one of texts as one text."""
    if all(isinstance(column, str) for column in columns):
        return ", ".join(columns)
    for column in columns:
        if not (isinstance(column, dict) and {"name", "type"} <= column.keys()):
            raise InvalidArgument(
                "`schema` is a text, names with types, or a list of columns.",
                where={"argument": "schema"},
                got=column,
                expected='id bigint, at timestamp; or [{"name": "id", "type": "bigint"}]',
            )
    return {str(column["name"]): column["type"] for column in columns}


def _of_file(ws: Workspace, text: str) -> dict[str, str]:
    """The columns of the first file named in a text that lies below a data root."""
    from ..language.data_files import named_files

    for path, kind in named_files(text):
        try:
            return {c.name: c.type for c in ws.resolver.file_columns(path, kind)}
        except LakestreamError:
            continue
    return {}


def _shown(ws: Workspace, events: Any) -> dict[str, str]:
    """The columns that rows or a file show."""
    from ..relational.column_types import parse_columns

    shown = shown_columns(ws, events)
    if shown is None:
        raise InvalidArgument(
            "These events show no columns.",
            where={"argument": "events"},
            expected='rows as [{…}], or {"file": "path"} below a data root',
        )
    return {c.name: c.type for c in parse_columns(shown)}


def _proposed(
    ws: Workspace, request: Request, ledger: UserLedger, wanted: str, filled: list[Any]
) -> tuple[Proposal, Backend, dict[str, str]]:
    """A proposal by whoever can make one."""
    from ..graph.autofix import autofix
    from ..language.backends.form import Filled
    from ..language.propose import propose

    def mend(document: PipelineDocument) -> tuple[list[dict[str, Any]], PipelineDocument]:
        mended = autofix(document, ws.catalog, ws.resolver, ws.cache)
        return mended.changes, mended.document

    def use(backend: Backend) -> Proposal:
        return propose(request, backend, ws.validate, mend)

    if filled:
        agent = Filled(filled)
        return use(agent), agent, {}
    proposal, by, others = answered(offers(ws, ledger), wanted, use)
    return proposal, by, others


def _form(request: Request, pipeline_id: str) -> ProposalAnswer:
    from ..language.backends.form import form

    return ProposalAnswer(
        status="form",
        backend="agent",
        pipeline_id=pipeline_id or None,
        summary="fill this in",
        form=form(request),
        next="nl_generate(text=…, pipeline_id=…, filled=[changes])",
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _summary(proposal: Proposal, difference: Diff | None) -> str:
    if difference is not None:
        return difference.summary()
    return "changes that cannot be applied" if proposal.changes else "something must be known first"


def _described(ws: Workspace, request: Request, proposal: Proposal) -> ProposalAnswer:
    """What is to be said of a proposal before it is kept or applied."""
    from .proposal_examples import tried

    draft, judged = proposal.draft, proposal.judged
    if draft.refusal or not (draft.changes or draft.questions):
        said = draft.refusal or NOTHING
        return ProposalAnswer(status="refused", refusal=said, next=draft.instead or OTHERWISE)
    document = title_of(judged.document, request) if judged.document else None
    difference = diff(request.document, document) if document else None
    examples, notes = tried(ws, request.document, judged)
    asked = list(dict.fromkeys(draft.questions))
    repaired = [f"Repaired {_times(proposal.repairs)}."] if proposal.repairs else []
    return ProposalAnswer(
        status="question" if draft.questions and not draft.changes else "proposed",
        summary=_summary(proposal, difference),
        changes=proposal.changes,
        diff=difference,
        counts=Counts.of(judged.findings),
        findings=worst(judged.findings) or None,
        assumptions=list(draft.assumptions) or None,
        questions=[Asked(text=q.text, options=list(q.options)) for q in asked] or None,
        flags=proposal.flags or None,
        examples=examples or None,
        notes=[*repaired, *notes] or None,
        next="",
    )
