"""The address of a webhook is a secret: words that hold one come to a reference of it."""

from __future__ import annotations

from typing import Any

import pytest

from ..surfaces.callers import McpCaller
from .conftest import Asker, Opener
from .drafts import SOURCE, add, reply
from .model_server import ModelServer, says

Json = dict[str, Any]
SLACK = "https://hooks.slack.com/services/T000/B000/hunter2"
TEAMS = "https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/hunter2"
DISCORD = "https://discord.com/api/webhooks/123/hunter2"
WORDS = {
    f"Read topic orders; when amount over 100 call {SLACK}": "slack",
    f"Read topic orders; when amount over 100 post to Slack at {SLACK}.": "slack",
    f"Read topic orders; send amount over 100 to the webhook {SLACK}": "slack",
    f"Alert Slack with webhook {SLACK} when the amount in topic orders is over 100": "slack",
    f"Read topic orders; tell Teams via {TEAMS} when amount over 100.": "teams",
    f"Read topic orders; post amount over 100 to {DISCORD}": "discord",
}


def sinks(document: Json) -> list[tuple[str, str]]:
    """The types of the sinks, and where they send to."""
    sending = ("rest-webhook-sink", "slack-teams-pagerduty")
    found = [(n["type"], n["config"]) for n in document["nodes"] if n["type"] in sending]
    return [(name, config.get("webhook_url") or config["url"]) for name, config in found]


@pytest.mark.parametrize("words", WORDS)
def test_an_address_in_the_words_becomes_a_reference(opened: Opener, words: str) -> None:
    asker = Asker(opened(), "rules")
    said = asker.ask(words, apply=True)
    assert said["status"] == "applied", said
    name = WORDS[words]
    made = {"pipeline_id": said["pipeline_id"], "detail": "document"}
    document = McpCaller(asker.host).call("get_pipeline", made)["document"]
    chat = "rest-webhook-sink" if name == "discord" else "slack-teams-pagerduty"
    assert sinks(document) == [(chat, f"secret://alerts/{name}-webhook")]
    put = f"databricks secrets put-secret alerts {name}-webhook"
    assert len([told for told in said["assumptions"] if put in told]) == 1
    asker.host.workspace.store.close()
    kept = b"".join(p.read_bytes() for p in asker.host.workspace.settings.data_dir.iterdir())
    assert b"hunter2" not in kept


def test_an_address_that_is_told_later_becomes_a_reference(opened: Opener) -> None:
    asker = Asker(opened(), "rules")
    made = asker.ask(
        "Read topic orders; post amount over 100 to https://example.org/in", apply=True
    )
    place = {"pipeline_id": made["pipeline_id"]}
    said = asker.ask(f"the url of the webhook is {DISCORD}", apply=True, **place)
    assert said["status"] == "applied", said
    document = McpCaller(asker.host).call("get_pipeline", place | {"detail": "document"})[
        "document"
    ]
    assert sinks(document) == [("rest-webhook-sink", "secret://alerts/discord-webhook")]


def test_any_other_address_stays(opened: Opener) -> None:
    asker = Asker(opened(), "rules")
    made = asker.ask(
        "Read topic orders; post amount over 100 to https://example.org/in", apply=True
    )
    asked = {"pipeline_id": made["pipeline_id"], "detail": "document"}
    document = McpCaller(asker.host).call("get_pipeline", asked)["document"]
    assert sinks(document) == [("rest-webhook-sink", "https://example.org/in")]


@pytest.mark.parametrize("address", [SLACK, TEAMS, DISCORD])
def test_a_model_that_writes_the_address_is_refused(
    models: ModelServer, opened: Opener, address: str
) -> None:
    asker = Asker(opened(), "anthropic")
    sink = add("told", "rest-webhook-sink", {"url": address}, "orders")
    models.script = [says(reply(add("orders", "kafka-topic", SOURCE), sink))]
    said = asker.ask(f"post the rows of topic orders to {address}", apply=True)
    assert "SECRET_IN_WORDS" in {found["code"] for found in said["findings"]}
    assert said["status"] == "proposed"
