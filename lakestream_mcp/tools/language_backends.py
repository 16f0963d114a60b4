"""Who can turn words into changes here and now, and what each caller may spend on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from ..errors import DatabricksFailed, LakestreamError, LimitExceeded, ModelFailed

if TYPE_CHECKING:
    from anthropic import Anthropic

    from ..language.models import Model, ModelBackend, ModelCall
    from ..language.proposal import Backend
    from ..workspace import Workspace

B = TypeVar("B", bound="Backend")
T = TypeVar("T")
DAY = timedelta(hours=24)
ANTHROPIC_KEY = "ANTHROPIC_API_KEY"


class Offer(NamedTuple, Generic[B]):
    """A back-end, and why it cannot answer; empty when it can."""

    name: str
    open: Callable[[], B]
    why_not: str = ""


class UserLedger:
    """What one caller may spend on models within a day, and the record of each question."""

    def __init__(self, ws: Workspace, pipeline_id: str) -> None:
        self._ws = ws
        self._pipeline_id = pipeline_id

    def reserve(self, call: ModelCall) -> int:
        """Stored before the question is sent, whatever becomes of the operation."""
        name, ws = self._ws.identity.name, self._ws
        with ws.store.transaction(write=True) as store:
            line = store.add_language_call(
                actor=name, pipeline_id=self._pipeline_id, **call._asdict()
            )
        with ws.reading() as store:
            left = ws.settings.language.tokens_per_day
            left -= store.language_tokens(name, store.at - DAY)
        if left < 0:
            self.settle(line, call._replace(tokens_in=0, outcome="MODEL_BUDGET_SPENT"))
            raise spent(left + call.tokens_in, call.tokens_in)
        return line

    def settle(self, line: int, call: ModelCall | None) -> None:
        """What the question came to."""
        with self._ws.store.transaction(write=True) as store:
            store.settle_language_call(line, call._asdict() if call else None)


def offers(ws: Workspace, pipeline_id: str) -> list[Offer[Backend]]:
    """All back-ends, in the order in which `auto` tries them."""
    models = model_offers(ws, pipeline_id)
    listed: list[Offer[Backend]] = [Offer(o.name, o.open, o.why_not) for o in models]
    return [*listed, Offer("rules", _rules)]


def model_offers(ws: Workspace, pipeline_id: str) -> list[Offer[ModelBackend]]:
    """The back-ends that are models."""
    settings = ws.settings.language
    asks = ws.dialogue.can("sampling")
    key = bool(os.environ.get(ANTHROPIC_KEY))

    def model(made: Callable[[], Model]) -> Callable[[], ModelBackend]:
        return lambda: _model_backend(ws, pipeline_id, made())

    return [
        Offer(
            "client",
            model(lambda: _client(ws)),
            "" if asks else "the client does not lend its model",
        ),
        Offer(
            "anthropic",
            model(lambda: _anthropic(ws)),
            "" if key else f"{ANTHROPIC_KEY} is not set",
        ),
        Offer(
            "databricks",
            model(lambda: _databricks(ws)),
            "" if settings.endpoint else "LAKESTREAM_LLM_ENDPOINT is not set",
        ),
    ]


def answered(
    listed: Sequence[Offer[B]], wanted: str, use: Callable[[B], T]
) -> tuple[T, B, dict[str, str]]:
    """What the first back-end that can gave, which it was, and why the ones before it did not.

    Raises what the wanted back-end raises; with `auto` the next one is tried.
    """
    others: dict[str, str] = {}
    failed: LakestreamError | None = None
    for offer in listed:
        if wanted not in ("auto", offer.name):
            continue
        if offer.why_not:
            others[offer.name] = offer.why_not
            continue
        try:
            backend = offer.open()
            return use(backend), backend, others
        except (ModelFailed, DatabricksFailed, LimitExceeded) as error:
            failed = error
            others[offer.name] = f"{error.code}: {error.message}"
    raise failed or not_there(wanted, others)


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


def not_there(wanted: str, why: Mapping[str, str]) -> ModelFailed:
    """The refusal where no back-end that was asked for is there."""
    said = "; ".join(f"{name}: {reason}" for name, reason in why.items())
    return ModelFailed(
        f"No model can answer: {said}.",
        code="MODEL_NOT_SET_UP",
        where={"argument": "backend"},
        got=wanted,
        hint="`rules` and `agent` need no model.",
    )


def _model_backend(ws: Workspace, pipeline_id: str, model: Model) -> ModelBackend:
    from ..language.models import ModelBackend

    ledger = UserLedger(ws, pipeline_id)
    return ModelBackend(model, ledger, ws.settings.language.tokens_per_call)


def _client(ws: Workspace) -> Model:
    from ..language.backends.client_model import ClientModel

    def ask(key: str, params: Mapping[str, Any]) -> tuple[Any, bool]:
        return ws.dialogue.ask(key, "sampling", params), ws.dialogue.heard_before(key)

    return ClientModel(ask)


def _anthropic(ws: Workspace) -> Model:
    from ..language.backends.messages_api import MessagesModel, anthropic_client

    settings = ws.settings.language

    def client() -> Anthropic:
        return anthropic_client(settings.timeout_s)

    return MessagesModel("anthropic", settings.model, client, settings.timeout_s, _alive(ws))


def _databricks(ws: Workspace) -> Model:
    from ..deploy.databricks_client import calling, client_for
    from ..language.backends.serving import Databricks, serving_model

    settings = ws.settings.language
    reached = Databricks(lambda: client_for(ws), calling)
    return serving_model(reached, settings.endpoint, settings.timeout_s, _alive(ws))


def _rules() -> Backend:
    from ..language.rules import Rules

    return Rules()


def _alive(ws: Workspace) -> Callable[[], None]:
    """Tells that the work goes on; ends it when the caller has cancelled."""
    return lambda: ws.progress(0.5, "the model is thinking")
