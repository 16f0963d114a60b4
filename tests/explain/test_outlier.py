"""Why a value was no outlier."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .asking import Json, closest, event, random_events, unanswered
from .test_why_not import FEED

BASE: Json = {"value": "amount", "baseline_window": "1 hour", "min_samples": 4}
ORDINARY = [8, 12, 8, 12]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("outlier")) as made:
        yield made


def value(agent: Agent, config: Json, values: list[Any], **asked: Any) -> Json:
    events = [event(second, number) for second, number in enumerate(values)]
    return closest(agent, "outlier", config, events, **asked)


def test_not_far_enough(agent: Agent) -> None:
    found = value(agent, BASE, [*ORDINARY, 16.5])
    score = (16.5 - 10) / statistics.stdev(ORDINARY)
    assert (found["clause"], found["event"], found["expected"]) == ("threshold", 4, "> 3")
    assert found["got"] == pytest.approx(score)
    assert float(found["distance"]) == pytest.approx(3 - score, abs=1e-5)
    assert "standard deviations from the mean 10, where more than 3 is asked" in found["sentence"]


def test_within_the_quartiles(agent: Agent) -> None:
    found = value(agent, BASE | {"method": "iqr"}, [*ORDINARY, 16.5])
    assert (found["clause"], found["got"], found["distance"]) == ("threshold", 1.125, "0.375")
    assert "beyond the quartiles 8 and 12" in found["sentence"]
    assert "allow 2 to 18, and it lies 1.5 inside" in found["sentence"]


def test_exactly_at_the_threshold(agent: Agent) -> None:
    found = value(agent, BASE | {"method": "iqr"}, [*ORDINARY, 18])
    assert (found["got"], found["distance"]) == (1.5, "0")
    assert "it lies exactly there" in found["sentence"]


def test_median_and_a_count_of_values(agent: Agent) -> None:
    """The first value is none of the five before the last."""
    config = BASE | {"method": "mad", "baseline_count": 5, "forget_after": "1 day"}
    config["baseline_window"] = None
    found = value(agent, config, [99, *ORDINARY, 10, 15], event=6)
    deviation = 1.4826 * statistics.median([abs(v - 10) for v in [*ORDINARY, 10]])
    assert found["got"] == pytest.approx(5 / deviation)
    assert "the 5 values before" in found["sentence"]


def test_too_few_samples(agent: Agent) -> None:
    found = value(agent, BASE, [8, 12, 8, 50])
    assert (found["clause"], found["event"], found["got"]) == ("min_samples", 3, 3)
    assert found["distance"] == "1 value"
    assert "By those alone it is 17.6092 standard deviations" in found["sentence"]


def test_a_baseline_that_time_has_emptied(agent: Agent) -> None:
    events = [*(event(n, v) for n, v in enumerate(ORDINARY)), event(3602, 50)]
    found = closest(agent, "outlier", BASE, events, event=4)
    assert (found["clause"], found["got"]) == ("min_samples", 1)


def test_no_value(agent: Agent) -> None:
    found = value(agent, BASE, [*ORDINARY, None], event=4)
    assert (found["clause"], found["event"]) == ("value", 4)
    assert "`amount` is NULL" in found["sentence"]


def test_nothing_is_looked_at(agent: Agent) -> None:
    found = value(agent, BASE | {"where": "amount > 100"}, [1, 90])
    assert (found["clause"], found["event"], found["distance"]) == ("where", 1, "10")


def test_outliers_that_do_not_join(agent: Agent) -> None:
    """The baseline of the last value has no 50, which was an outlier."""
    config = BASE | {"exclude_outliers": True}
    found = value(agent, config, [*ORDINARY, 50, 16.5], event=5)
    assert found["got"] == pytest.approx((16.5 - 10) / statistics.stdev(ORDINARY))


@pytest.mark.parametrize("method", ["zscore", "iqr", "mad"])
def test_every_event_has_an_answer(agent: Agent, method: str) -> None:
    config = BASE | {"key": ["card"], "method": method, "threshold": 2}
    made = agent.pipeline("outlier", config, FEED)
    assert unanswered(agent, made, random_events(9, 40)) == []
