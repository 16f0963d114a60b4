"""A pipeline explained in a model's words: marked, complete, or in plain words with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from ..surfaces.callers import Json, McpCaller
from .conftest import Asker, Opener
from .drafts import BURST, SOURCE
from .model_server import ModelServer, says

WORDS = {
    "summary": "Watches orders for sudden spending.",
    "sentences": [
        {"node": "orders", "text": "Orders come in from Kafka."},
        {"node": "burst", "text": "Two large orders of a customer within an hour count."},
    ],
}


def explain(asker: Asker, **arguments: Any) -> Json:
    caller = McpCaller(asker.host)
    nodes: list[Json] = [
        {"op": "add_node", "node": {"id": "orders", "type": "kafka-topic", "config": SOURCE}},
        {"op": "add_node", "node": {"id": "burst", "type": "count-threshold", "config": BURST}},
    ]
    caller.call("create_pipeline", {"name": "Orders"})
    caller.call("edit_pipeline", {"pipeline_id": "orders", "changes": nodes})
    return caller.call("review_pipeline", {"pipeline_id": "orders"} | arguments)


def test_a_models_words_are_marked(asker: Asker, models: ModelServer) -> None:
    models.script = [says(WORDS, tool="reword")]
    said = explain(asker, reword=asker.backend)
    assert said["summary"] == WORDS["summary"]
    assert said["worded_by"].startswith(asker.backend)
    assert [s["text"] for s in said["sentences"]] == [s["text"] for s in WORDS["sentences"]]  # type: ignore[index]
    (call,) = asker.calls()
    assert call.outcome == "ok"


@pytest.mark.parametrize(
    "given",
    [
        WORDS | {"sentences": WORDS["sentences"][:1]},  # type: ignore[index]
        WORDS | {"sentences": [*WORDS["sentences"], {"node": "evil", "text": "x"}]},  # type: ignore[misc]
        WORDS | {"summary": "x" * 5_000},
        "no",
    ],
)
def test_words_that_leave_out_or_add_are_not_shown(
    given: Any, models: ModelServer, opened: Opener
) -> None:
    models.script = [says(given, tool="reword")]
    asker = Asker(opened(), "anthropic")
    error = explain(asker, reword="anthropic")["error"]
    assert error["code"] == "MODEL_ANSWER_UNREADABLE"
    said = explain(asker, reword="auto")
    assert "no model answered" in said["note"]
    assert "worded_by" not in said


@pytest.mark.usefixtures("no_models")
def test_without_a_model_the_words_are_plain(opened: Opener) -> None:
    said = explain(Asker(opened(), "auto"), reword="auto")
    assert "MODEL" not in said["summary"]
    assert "no model answered" in said["note"]
