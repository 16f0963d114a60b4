"""Who can turn words into changes here and now, and what each caller may spend on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from ..errors import DatabricksFailed, LakestreamError, LimitExceeded, ModelFailed
from .language_record import UserLedger

if TYPE_CHECKING:
    from anthropic import Anthropic

    from ..language.models import Model, ModelBackend
    from ..language.proposal import Backend
    from ..workspace import Workspace

B = TypeVar("B", bound="Backend")
T = TypeVar("T")
ANTHROPIC_KEY = "ANTHROPIC_API_KEY"


class Offer(NamedTuple, Generic[B]):
    """A back-end, and why it cannot answer; empty when it can."""

    name: str
    open: Callable[[], B]
    why_not: str = ""


def offers(ws: Workspace, ledger: UserLedger) -> list[Offer[Backend]]:
    """All back-ends, in the order in which `auto` tries them."""
    models = model_offers(ws, ledger)
    listed: list[Offer[Backend]] = [Offer(o.name, o.open, o.why_not) for o in models]
    return [*listed, Offer("rules", _rules)]


def model_offers(ws: Workspace, ledger: UserLedger) -> list[Offer[ModelBackend]]:
    """The back-ends that are models."""
    settings = ws.settings.language
    key = bool(os.environ.get(ANTHROPIC_KEY))

    def model(made: Callable[[], Model]) -> Callable[[], ModelBackend]:
        return lambda: _model_backend(made(), ledger, settings.tokens_per_call)

    return [
        Offer(
            "client",
            model(lambda: _client(ws)),
            ws.dialogue.why_not("sampling"),
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


def _model_backend(model: Model, ledger: UserLedger, max_tokens: int) -> ModelBackend:
    from ..language.models import ModelBackend

    return ModelBackend(model, ledger, max_tokens)


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
