"""Addresses at which whoever knows them may post: secrets, which no pipeline keeps as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..graph.changes import AddNode, Change, UpdateNode
from ..graph.plain import WEBHOOKS

PROVIDERS = ("slack", "teams")
"""Those that a sink of their own sends to."""
_TITLES = {"slack": "Slack", "teams": "Teams"}
_SAID = (
    r"(?:(?:(?:the|a|an|our|this|its|incoming|rest|http|webhook|url|address|endpoint|api|at)\b|:)"
    r"\s*)*"
)


def _pattern(host: str) -> re.Pattern[str]:
    return re.compile(rf"https?://(?:{host})/[^\s,;\"'<>)]*[\w/=-]", re.IGNORECASE)


_HOSTS = {name: _pattern(host) for name, host in WEBHOOKS.items()}


def webhook_of(text: str) -> str | None:
    """Whose webhook an address in a text is; None where there is none."""
    return next((name for name, host in _HOSTS.items() if host.search(text)), None)


def in_words(text: str) -> tuple[str, tuple[str, ...]]:
    """Words with references in the place of Slack's and Teams' addresses; what is to be told."""
    told: dict[str, None] = {}
    for name in PROVIDERS:
        named = re.search(rf"\b{name}\b", _HOSTS[name].sub("", text), re.IGNORECASE)
        lead, put = ("", "") if named else (_SAID, f"{_TITLES[name]} with ")
        whole = re.compile(lead + _HOSTS[name].pattern, re.IGNORECASE)
        if whole.search(text):
            text = whole.sub(put + _reference(name), text)
            told[_said(name)] = None
    return text, tuple(told)


def in_changes(changes: Sequence[Change]) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Changes with references in the place of any such address; what is to be told."""
    told: dict[str, None] = {}
    return tuple(_without(change, told) for change in changes), tuple(told)


def _without(change: Change, told: dict[str, None]) -> Change:
    if isinstance(change, AddNode):
        config = _replaced(change.node.config, told)
        return change.model_copy(update={"node": change.node.model_copy(update={"config": config})})
    if isinstance(change, UpdateNode) and change.config:
        return change.model_copy(update={"config": _replaced(change.config, told)})
    return change


def _replaced(value: Any, told: dict[str, None]) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(item, told) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, told) for item in value]
    name = webhook_of(value) if isinstance(value, str) else None
    if name is None:
        return value
    told[_said(name)] = None
    return _reference(name)


def _reference(name: str) -> str:
    return f"secret://alerts/{name}-webhook"


def _said(name: str) -> str:
    title = name.replace("-", " ").title()
    return (
        f"Whoever knows the address of a webhook of {title} may post, so it is a secret: I left it "
        f"out, and read it from `{_reference(name)}`. Store it with `databricks secrets put-secret "
        f"alerts {name}-webhook`."
    )
