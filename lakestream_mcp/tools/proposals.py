"""Proposals kept for a day, and stored as a revision when they are accepted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgument, NotFound
from ..graph.apply import apply
from ..graph.model import PipelineDocument
from ..graph.plain import may_tell_secret
from .answers import Counts, worst
from .authoring import slug, stored_new
from .edits import edit
from .proposal_answer import ProposalAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..language.proposal import Request
    from ..language.propose import Proposal
    from ..workspace import Workspace

UNNAMED = "New pipeline"
TITLE_WORDS = 7
OTHERWISE = 'nl_generate with other words, or backend="agent" for a form that you fill'
UNFINISHED = re.compile(
    r"(\s+(a|an|and|at|by|for|from|in|is|of|on|or|over|the|to|when|with|within))+$", re.IGNORECASE
)
SUFFIXES_MOST = 100
ID_CHARACTERS_MOST = 24
FILLERS = frozenset(
    re.findall(
        r"\w+",
        "a alert all an and any are at by find for from has have i if in is it its me my notify of "
        "on or our please read s that the their then there this to us want warn we when whenever "
        "where which who with within would",
    )
)
"""Words of a request that tell nothing apart."""


def title_of(document: PipelineDocument, request: Request) -> PipelineDocument:
    """The document with a title made of the words, where nobody gave it one."""
    if document.name != UNNAMED:
        return document
    return document.model_copy(update={"name": _title(request.text)})


def kept(
    ws: Workspace, said: ProposalAnswer, request: Request, proposal: Proposal, pipeline_id: str
) -> ProposalAnswer:
    """The answer to a proposal that waits; what cannot be applied is not kept."""
    if said.status == "refused":
        return said
    if proposal.judged.document is None:
        asked = bool(proposal.draft.questions)
        said.next = "nl_generate with the question answered in `text`" if asked else OTHERWISE
        return said
    with ws.writing(pipeline_id or None) as store:
        waiting = store.add_proposal(
            actor=ws.identity.name,
            pipeline_id=pipeline_id,
            revision=said.revision or 0,
            backend=said.backend or "",
            changes=_named(proposal.changes, request, pipeline_id),
            text="" if may_tell_secret(request.text) else request.text[:400],
        )
    said.proposal = waiting.id
    accept = f'nl_generate(accept="{waiting.id}")'
    if proposal.judged.errors:
        said.next = f"nl_generate with clearer words; or {accept} and edit_pipeline"
    elif proposal.draft.questions:
        said.next = f"nl_generate with the question answered in `text`; or {accept}"
    else:
        said.next = accept
    return said


def applied(
    ws: Workspace, said: ProposalAnswer, request: Request, proposal: Proposal, pipeline_id: str
) -> ProposalAnswer:
    """The answer to a proposal that was stored at once."""
    backend = said.backend or ""
    changes = _named(proposal.changes, request, pipeline_id)
    done = _stored(ws, pipeline_id, changes, reason_of(request.text, backend))
    done.status = "applied"
    parts = said.model_dump(exclude={"status", "pipeline_id", "revision", "next", "link"})
    for name in parts:
        setattr(done, name, getattr(said, name))
    return done


def accepted(ws: Workspace, proposal_id: str) -> ProposalAnswer:
    """A kept proposal as a revision, of the newest revision there is now."""
    with ws.store.transaction(write=True) as store:
        waiting = store.take_proposal(proposal_id, ws.identity.name)
    reason = reason_of(waiting.text, waiting.backend)
    try:
        done = _stored(ws, waiting.pipeline_id, waiting.changes, reason)
    except BaseException:
        with ws.store.transaction(write=True) as store:
            store.put_back_proposal(waiting)
        raise
    done.proposal, done.backend = waiting.id, waiting.backend
    return done


def reason_of(words: str, backend: str) -> str:
    """Why a revision was made: the words, unless a secret may stand in them."""
    named = f"by {backend or 'words'}"
    return named if not words or may_tell_secret(words) else f"{words[:400]} ({named})"


def _stored(ws: Workspace, pipeline_id: str, changes: Sequence[Any], reason: str) -> ProposalAnswer:
    if not pipeline_id:
        return _created(ws, changes, reason)
    said = edit(ws, pipeline_id, changes, reason=reason)
    return ProposalAnswer(
        status="applied",
        pipeline_id=pipeline_id,
        revision=said.revision,
        summary=said.changed.text() or "nothing changed",
        counts=said.counts,
        findings=said.findings or None,
        notes=said.notes or None,
        next=said.next,
        link=said.link,
    )


def _created(ws: Workspace, changes: Sequence[Any], reason: str) -> ProposalAnswer:
    document = apply(PipelineDocument(name=UNNAMED), changes, ws.catalog).document
    findings = ws.validate(document).findings
    pipeline_id = _free_id(ws, short_id(document.name))
    stored = stored_new(ws, pipeline_id, document, reason)
    counts = Counts.of(findings)
    mend = f'validate_pipeline(pipeline_id="{pipeline_id}", autofix="apply")'
    test = f'test_pattern(pipeline_id="{pipeline_id}", events={{"examples": "all"}})'
    return ProposalAnswer(
        status="applied",
        pipeline_id=pipeline_id,
        revision=stored.revision,
        summary=f"created with {len(document.nodes)} nodes",
        counts=counts,
        findings=worst(findings) or None,
        next=mend if counts.errors else test,
        link=ws.link(pipeline_id, stored.revision),
    )


def _named(
    changes: Sequence[dict[str, Any]], request: Request, pipeline_id: str
) -> list[dict[str, Any]]:
    """The changes, with a title for a new pipeline first: a later one still wins."""
    title = {"op": "set_pipeline", "name": _title(request.text)}
    return [*changes] if pipeline_id else [title, *changes]


def _title(words: str) -> str:
    """A title made of the first words, unless a secret may stand in them."""
    if may_tell_secret(words):
        return UNNAMED
    plain = UNFINISHED.sub("", " ".join(words.split()[:TITLE_WORDS]))
    printable = "".join(c for c in plain if c.isprintable())[:80].rstrip(" ,.;:")
    return printable[:1].upper() + printable[1:] if printable else UNNAMED


def short_id(title: str) -> str:
    """An id that costs little in every later call: the first telling words of a title."""
    words = slug(title).split("-")
    kept = ""
    for word in [w for w in words if w not in FILLERS] or words:
        longer = f"{kept}-{word}".strip("-")
        if kept and len(longer) > ID_CHARACTERS_MOST:
            break
        kept = longer[:ID_CHARACTERS_MOST]
    return slug(kept)


def _free_id(ws: Workspace, wanted: str) -> str:
    """The id itself, or with a number behind it that nobody has."""
    with ws.reading() as store:
        for number in range(1, SUFFIXES_MOST):
            name = wanted if number == 1 else f"{wanted}-{number}"
            try:
                store.get_pipeline(name, deleted=True)
            except NotFound:
                return name
    raise InvalidArgument(
        "There are too many pipelines of this name.", got=wanted, hint="Name it in the words."
    )
