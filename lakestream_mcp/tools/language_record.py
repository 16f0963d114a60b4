"""What is on record of turning words into changes: each question to a model, and each call."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from ..errors import LakestreamError, LimitExceeded

if TYPE_CHECKING:
    from ..language.models import ModelCall
    from ..workspace import Workspace
    from .proposal_answer import ProposalAnswer

DAY = timedelta(hours=24)
REFUSED = "refused"


class UserLedger:
    """What one caller may spend on models within a day, and the record of each question."""

    def __init__(self, ws: Workspace, pipeline_id: str) -> None:
        self._ws = ws
        self._pipeline_id = pipeline_id
        self._last: tuple[int, ModelCall] | None = None

    def reserve(self, call: ModelCall) -> int:
        """Stored before the question is sent, whatever becomes of the operation."""
        line, ws = self._add(call, self._pipeline_id), self._ws
        with ws.reading() as store:
            left = ws.settings.language.tokens_per_day
            left -= store.language_tokens(ws.identity.name, store.at - DAY)
        if left < 0:
            self.settle(line, call._replace(tokens_in=0, outcome="MODEL_BUDGET_SPENT"))
            raise spent(left + call.tokens_in, call.tokens_in)
        return line

    def settle(self, line: int, call: ModelCall | None) -> None:
        """What the question came to."""
        with self._ws.store.transaction(write=True) as store:
            store.settle_language_call(line, call._asdict() if call else None)
        self._last = (line, call) if call else None

    def recorded(
        self, backend: str, prompt: str, answer: Callable[[], ProposalAnswer]
    ) -> ProposalAnswer:
        """What `answer` gives, with a line for the call: its last question's, or one of its own."""
        from ..language.models import ModelCall
        from ..language.prompt import sha256_of

        started = time.perf_counter()
        call = ModelCall(backend, "", 0, 0, sha256_of(prompt), "", 0)
        try:
            said = answer()
        except LakestreamError as error:
            self._end(call._replace(outcome=error.code), self._pipeline_id, started)
            raise
        by, pipeline_id = said.backend or backend, said.pipeline_id or self._pipeline_id
        ended = call._replace(backend=by, model=said.model or "", outcome=said.status)
        self._end(ended, pipeline_id, started)
        return said

    def _end(self, call: ModelCall, pipeline_id: str, started: float) -> None:
        line, asked = self._last or (0, None)
        if asked is None or asked.backend != call.backend:
            took_ms = round((time.perf_counter() - started) * 1000)
            self._add(call._replace(duration_ms=took_ms), pipeline_id)
        elif asked.outcome == "ok" and (call.outcome == REFUSED or call.outcome.isupper()):
            self.settle(line, asked._replace(outcome=call.outcome))

    def _add(self, call: ModelCall, pipeline_id: str) -> int:
        actor = self._ws.identity.name
        with self._ws.store.transaction(write=True) as store:
            return store.add_language_call(actor=actor, pipeline_id=pipeline_id, **call._asdict())


def spent(left: int, needed: int) -> LimitExceeded:
    """The refusal of a question that the budget has no room for."""
    return LimitExceeded(
        "Your tokens for models are spent for today.",
        code="MODEL_BUDGET_SPENT",
        got=needed,
        expected=f"at most {max(left, 0)}",
        hint='Use `backend="rules"`, fill the form of `backend="agent"`, or raise '
        "LAKESTREAM_LLM_TOKENS_PER_DAY.",
    )
