"""The same report of any back-end: `python -m evals` with rules, and with models of a server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evals.__main__ import main

from .drafts import BURST, SOURCE, add, reply
from .model_server import ModelServer, fails, says

ASKING = reply(questions=[{"text": "Which column, per what, how long, how many?", "options": []}])
WRONG = reply(
    add("orders", "kafka-topic", SOURCE),
    add("burst", "count-threshold", BURST | {"where": "amuont > 200"}, "orders"),
)


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    def told(*arguments: str) -> list[str]:
        assert main(arguments) == 0
        return capsys.readouterr().out.splitlines()

    return told


def test_rules_are_scored_as_the_product_uses_them(report: Callable[..., list[str]]) -> None:
    assert report("ambiguous", "--first", "5") == ["ambiguous, by rules: 100.0% of 5"]


@pytest.mark.parametrize("name", ["anthropic", "databricks"])
def test_a_model_is_scored_by_the_same_sentences(
    report: Callable[..., list[str]],
    models: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv("LAKESTREAM_LLM_ENDPOINT", "our-llama")
    models.script = [says(ASKING)]
    last = report("ambiguous", "--backend", name, "--first", "4")[-1]
    assert last.startswith(f"ambiguous, by {name}: ") and last.endswith("of 4")
    assert len(models.received) == 4


def test_a_model_is_asked_again_when_its_draft_is_wrong(
    report: Callable[..., list[str]], models: ModelServer
) -> None:
    models.script = [says(WRONG)]
    said = report("understood", "--backend", "anthropic", "--first", "1")
    assert len(models.received) == 3
    assert said[-1] == "understood, by anthropic: 0.0% of 1"


def test_a_service_that_fails_is_a_sentence_not_understood(
    report: Callable[..., list[str]], models: ModelServer
) -> None:
    models.script = [fails(401)]
    said = report("understood", "--backend", "anthropic", "--first", "2")
    assert "MODEL_NOT_AVAILABLE" in "\n".join(said)
    assert said[-1] == "understood, by anthropic: 0.0% of 2"


def test_a_back_end_that_is_not_set_up_says_why(
    no_models: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["understood", "--backend", "anthropic"]) == 2
    assert "ANTHROPIC_API_KEY is not set" in capsys.readouterr().out
