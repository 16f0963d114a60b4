"""Proposals that wait to be accepted, and the questions to models that they came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from ..errors import NotFound
from .encoding import legible
from .rows import LanguageCall, StoredProposal
from .session import Session, checked_limit, columns
from .tables import language_calls, proposals

KEPT_PER_ACTOR = 50
KEPT_FOR = timedelta(hours=24)


class ProposalRows(Session):
    """The part of a transaction that keeps proposals and calls of models."""

    def add_proposal(
        self,
        *,
        actor: str,
        pipeline_id: str,
        revision: int,
        backend: str,
        changes: Sequence[dict[str, Any]],
        text: str,
    ) -> StoredProposal:
        """Keep a proposal for a day; the oldest of its author go beyond fifty."""
        proposal = StoredProposal(
            id=self.new_id("prop"),
            actor=actor,
            pipeline_id=pipeline_id,
            revision=revision,
            backend=backend,
            changes=list(changes),
            text=text,
            at=self.at,
            expires_at=self.at + KEPT_FOR,
        )
        self._run(proposals.insert(), proposal._asdict())
        table = proposals.c
        self._run(delete(proposals).where(table.expires_at <= self.at))
        newest = (
            select(table.id)
            .where(table.actor == actor)
            .order_by(table.at.desc(), table.id.desc())
            .limit(KEPT_PER_ACTOR)
        )
        kept = [row.id for row in self._rows(newest)]
        self._run(delete(proposals).where(table.actor == actor, table.id.not_in(kept)))
        return proposal

    def take_proposal(self, proposal_id: str, actor: str) -> StoredProposal:
        """A proposal of this author whose time is not over, given out once. Raises NotFound."""
        table = proposals.c
        row = self._first(
            select(*columns(StoredProposal, proposals)).where(
                table.id == proposal_id, table.actor == actor, table.expires_at > self.at
            )
        )
        if row is None or not self._run(delete(proposals).where(table.id == proposal_id)):
            raise NotFound(
                "You have no such proposal, or its day is over.",
                code="PROPOSAL_NOT_FOUND",
                where={"argument": "accept"},
                got=proposal_id[:64],
                hint="nl_generate makes it again from the same words.",
            )
        return StoredProposal._make(row)

    def put_back_proposal(self, proposal: StoredProposal) -> None:
        """Keep a taken proposal again: nothing came of it."""
        self._run(proposals.insert(), proposal._asdict())

    def add_language_call(
        self,
        *,
        actor: str,
        pipeline_id: str,
        backend: str,
        model: str,
        tokens_in: int,
        tokens_out: int,
        prompt_sha256: str,
        outcome: str,
        duration_ms: int,
    ) -> int:
        """Write down a question to a model; the number of its row."""
        row = {
            "at": self.at,
            "actor": legible(actor, 200),
            "pipeline_id": legible(pipeline_id, 200),
            "backend": legible(backend, 32),
            "model": legible(model, 200),
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "prompt_sha256": prompt_sha256,
            "outcome": legible(outcome, 64),
            "duration_ms": duration_ms,
        }
        made = self._writing().execute(language_calls.insert(), row).inserted_primary_key
        return int(made[0]) if made else 0

    def settle_language_call(self, seq: int, values: dict[str, Any] | None) -> None:
        """What a question came to; None: it was not asked, and leaves no row."""
        row = language_calls.c.seq == seq
        if values is None:
            self._run(delete(language_calls).where(row))
            return
        legibly = {
            "model": legible(values["model"], 200),
            "backend": legible(values["backend"], 32),
            "outcome": legible(values["outcome"], 64),
        }
        self._run(update(language_calls).where(row).values(values | legibly))

    def language_tokens(self, actor: str, since: datetime) -> int:
        """Tokens that an actor has spent since then."""
        table = language_calls.c
        total = func.coalesce(func.sum(table.tokens_in + table.tokens_out), 0).label("total")
        row = self._first(select(total).where(table.actor == actor, table.at >= since))
        return int(row.total) if row else 0

    def list_language_calls(self, *, limit: int = 50) -> list[LanguageCall]:
        """The latest first."""
        found = (
            select(*columns(LanguageCall, language_calls))
            .order_by(language_calls.c.seq.desc())
            .limit(checked_limit(limit))
        )
        return [LanguageCall._make(row) for row in self._rows(found)]
