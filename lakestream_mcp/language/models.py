"""Models behind services: one question each, within time and within a budget, written down."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from ..dialogue import ClientAsked
from ..errors import LakestreamError, ModelFailed
from .model_tool import DESCRIPTION, NAME, draft_of, tool_schema, unreadable
from .prompt import repair_text, request_text, sha256_of, stored_text, system_text
from .proposal import Draft

if TYPE_CHECKING:
    from .proposal import Request

T = TypeVar("T")
ASKS_MOST = 3
LOOK_S = 0.25
CHARACTERS_PER_TOKEN = 4
PRICE_UNKNOWN = frozenset({"MODEL_TIMEOUT", "MODEL_REFUSED", "MODEL_ANSWER_UNREADABLE"})


class Tool(NamedTuple):
    """The one tool that a model answers by, and the strict schema of its input."""

    name: str
    description: str
    schema: Mapping[str, Any]


class Question(NamedTuple):
    """What a model is asked: all of it stands in these texts."""

    system: str
    user: str
    tool: Tool
    max_tokens: int

    @property
    def tokens(self) -> int:
        """About how many tokens it costs to ask, and to be answered at length."""
        return -(-(len(self.system) + len(self.user)) // CHARACTERS_PER_TOKEN) + self.max_tokens


class Reply(NamedTuple):
    """A model's answer: the input of the tool it called, as an object or as text.

    `told_before`: the operation runs again, and this answer is on record already.
    """

    answer: Mapping[str, Any] | str
    model: str
    tokens_in: int
    tokens_out: int
    told_before: bool = False


class Model(Protocol):
    """A model that answers by calling the tool of the question."""

    backend: str
    model: str

    def ask(self, question: Question) -> Reply:
        """The answer. Raises ModelFailed, DatabricksFailed; ClientAsked."""
        ...


class ModelCall(NamedTuple):
    """What is written down of a question. The texts themselves are not kept."""

    backend: str
    model: str
    tokens_in: int
    tokens_out: int
    prompt_sha256: str
    outcome: str
    duration_ms: int


class Ledger(Protocol):
    """What a user may spend, and did. A question is written down before it is asked, at the most
    that it can cost: neither two at a time nor a server that dies spend more than there is."""

    def reserve(self, call: ModelCall) -> int:
        """Write a question down; the number of its line. Raises LimitExceeded."""
        ...

    def settle(self, line: int, call: ModelCall | None) -> None:
        """What became of the question; None: it was not asked after all."""
        ...


class ModelBackend:
    """A model as a back-end of proposals."""

    def __init__(self, model: Model, ledger: Ledger, max_tokens: int) -> None:
        self.name = model.backend
        self._model = model
        self._ledger = ledger
        self._max_tokens = max_tokens
        self._asked = 0
        self.model = model.model
        """Which model answered, by its own word."""

    def draft(self, request: Request) -> Draft:
        """A first draft; an answer that cannot be read is asked for again."""
        return self._answered(request, request_text(request))

    def repair(
        self, request: Request, draft: Draft, findings: Sequence[Mapping[str, Any]]
    ) -> Draft:
        """The draft again, as long as the model may be asked."""
        if self._asked >= ASKS_MOST:
            return draft
        text = f"{request_text(request)}\n\n{repair_text(draft, findings)}"
        return self._answered(request, text)

    def _answered(self, request: Request, text: str) -> Draft:
        tool = Tool(NAME, DESCRIPTION, tool_schema(request.catalog))
        return self.read(system_text(request.catalog), text, tool, draft_of)

    def read(
        self, system: str, text: str, tool: Tool, reading: Callable[[Mapping[str, Any] | str], T]
    ) -> T:
        """An answer as `reading` takes it; what it cannot read is asked for again."""
        note = ""
        while True:
            question = Question(system, text + note, tool, self._max_tokens)
            try:
                return reading(self._ask(question).answer)
            except ModelFailed as error:
                if error.code != "MODEL_ANSWER_UNREADABLE" or self._asked >= ASKS_MOST:
                    raise
                note = f"\n\n{stored_text('unreadable').replace('{{why}}', error.message)}"

    def _ask(self, question: Question) -> Reply:
        """One question, with its line in the ledger."""
        line = self._ledger.reserve(self._call(question, "asking", question.tokens))
        self._asked += 1
        started = time.perf_counter()
        settled: ModelCall | None = self._call(question, "cancelled", question.tokens)
        try:
            reply = self._model.ask(question)
            self.model = reply.model
            spent = self._call(question, "ok", reply.tokens_in, reply.tokens_out)
            settled = None if reply.told_before else spent
        except ClientAsked:
            settled = None
            raise
        except LakestreamError as error:
            # What was asked for and not read has a price too: it counts in full.
            price = question.tokens if error.code in PRICE_UNKNOWN else 0
            settled = self._call(question, error.code, price)
            raise
        finally:
            took_ms = round((time.perf_counter() - started) * 1000)
            self._ledger.settle(line, settled and settled._replace(duration_ms=took_ms))
        return reply

    def _call(
        self, asked: Question, outcome: str, tokens_in: int, tokens_out: int = 0
    ) -> ModelCall:
        sha256 = sha256_of(asked.system, asked.user)
        return ModelCall(self.name, self.model, tokens_in, tokens_out, sha256, outcome, 0)


def attended(call: Callable[[], Reply], timeout_s: float, alive: Callable[[], None]) -> Reply:
    """The outcome of a call that blocks, looked after: `alive` raises when nobody waits any more.

    A call that is given up on ends by its own time-out, in a thread of its own.
    """
    pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="model")
    ends = time.monotonic() + timeout_s
    try:
        waiting = pool.submit(call)
        while time.monotonic() < ends:
            if concurrent.futures.wait([waiting], LOOK_S).done:
                return waiting.result()
            alive()
        raise timed_out(timeout_s)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def timed_out(timeout_s: float) -> ModelFailed:
    """No answer within the time that a question may take."""
    return ModelFailed(
        f"The model did not answer within {timeout_s:g} seconds.",
        code="MODEL_TIMEOUT",
        hint="Ask again, or use another `backend`; LAKESTREAM_LLM_TIMEOUT_S allows more time.",
    )


def failed(status: int, who: str, said: str) -> ModelFailed:
    """What a service's status means for the caller."""
    code, hint = "MODEL_FAILED", "Ask again, or use another `backend`."
    if status in (401, 403, 404):
        code, hint = "MODEL_NOT_AVAILABLE", "Check the key, and the name of the model or endpoint."
    elif status in (429, 503, 529):
        code, hint = "MODEL_BUSY", "Ask again in a minute, or use another `backend`."
    return ModelFailed(
        f"{who} answered {status}: {' '.join(said.split())[:200]}",
        code=code,
        got=status,
        hint=hint,
    )


def refused(who: str) -> ModelFailed:
    """The model would not answer."""
    return ModelFailed(
        f"{who} declined to answer.",
        code="MODEL_REFUSED",
        hint='Say it in other words, or use `backend="rules"`.',
    )


def cut_off(who: str, max_tokens: int) -> ModelFailed:
    """The answer ended at the limit of tokens."""
    return unreadable(f"{who} stopped after {max_tokens} tokens, in the middle of its answer")


def wrong_tool(tool: Tool, got: object) -> ModelFailed:
    """The model called another tool, or none."""
    return unreadable(f"it should call `{tool.name}`, and called {str(got)[:60] or 'nothing'}")
