"""Configuration of `velocity`, and what has no meaning in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from ...graph.duration import Duration, duration_us
from ...graph.model import Problem
from ..common import Condition, Expression, PatternConfig
from ..numeric import unused

MOST_EVENTS = 1_000_000
SECOND_US = 1_000_000
UNITS_US = {
    "second": SECOND_US,
    "minute": 60 * SECOND_US,
    "hour": 3600 * SECOND_US,
    "day": 86_400 * SECOND_US,
}


class VelocityConfig(PatternConfig):
    """The rate of a key's events in a window of time passes a limit."""

    where: Condition = Field(
        default="TRUE", description="SQL condition an event must satisfy to count"
    )
    sum: Expression | None = Field(
        default=None, description="Sum this SQL expression instead of counting events"
    )
    comparison: Literal["above", "below", "changed"] = Field(
        default="above",
        description="`above` looks back from each event; `below` answers at the end of tumbling "
        "windows; `changed` compares the window with the one before it",
    )
    threshold: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="The limit of `above` and `below`, per unit of time, e.g. 10 per minute",
    )
    per: Literal["second", "minute", "hour", "day"] = Field(
        default="second", description="The unit of time of rates"
    )
    factor: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="`changed`: 3 for more than three times as much, 0.5 for less than half",
    )
    window: Duration = Field(default="1 minute", description="Length of the window of time")
    repeat: bool = Field(
        default=False,
        description="`above` and `changed`: emit at every event for which it holds, not only at "
        "the first",
    )
    forget_after: Duration | None = Field(
        default=None,
        description="`below`: how long after its last event a key's empty windows still count",
    )
    max_events_per_key: int = Field(
        default=10_000, ge=1, le=MOST_EVENTS, description="The oldest event is dropped beyond this"
    )


def check_velocity(config: VelocityConfig) -> Iterator[Problem]:
    """Combinations that can never hold, always hold, or would never end."""
    if config.comparison == "changed":
        yield from _check_factor(config)
    else:
        yield from _check_threshold(config)
    yield from _check_windows(config)


def empty_answers(config: VelocityConfig) -> bool:
    """Whether a window without events is below the limit."""
    return config.comparison == "below" and (config.threshold or 0) > 0


def _check_factor(config: VelocityConfig) -> Iterator[Problem]:
    if config.threshold is not None:
        meaning = "A rate that is `changed` is compared with a `factor`, not a `threshold`."
        yield unused("threshold", config.threshold, meaning)
    if config.factor is None:
        meaning = "A change needs the `factor` it is compared with."
        yield Problem("MISSING_CONFIG", meaning, "factor", None, "a number, e.g. 3 or 0.5")
    elif config.factor == 1:
        yield Problem(
            "FACTOR_OF_ONE",
            "A factor of 1 does not say whether more or less is meant.",
            "factor",
            1,
            "above 1 for a rise, below 1 for a fall",
        )


def _check_threshold(config: VelocityConfig) -> Iterator[Problem]:
    if config.factor is not None:
        meaning = f"`factor` has no meaning for `{config.comparison}`."
        yield unused("factor", config.factor, meaning)
    if config.threshold is None:
        meaning = f"`{config.comparison}` needs the rate it compares with."
        yield Problem("MISSING_CONFIG", meaning, "threshold", None, "a number per unit of time")
    elif config.sum is None:
        yield from _check_count(config, config.threshold)


def _check_count(config: VelocityConfig, threshold: float) -> Iterator[Problem]:
    """Limits that no count of events passes, or every one."""
    above = config.comparison == "above"
    if threshold < 0 or (threshold == 0 and not above):
        yield Problem(
            "THRESHOLD_TOO_LOW",
            f"`{config.comparison} {threshold:g}` says nothing about a rate of events.",
            "threshold",
            threshold,
            "0 or more" if above else "more than 0",
        )
    limit = threshold * duration_us(config.window) / UNITS_US[config.per]
    needed = math.floor(limit) + 1 if above else math.ceil(limit)
    if needed > config.max_events_per_key:
        yield Problem(
            "THRESHOLD_UNREACHABLE",
            f"At most {config.max_events_per_key} events are kept, so the {needed} in "
            f"{config.window} that {'are above' if above else 'are not below'} this rate are never "
            "counted.",
            "max_events_per_key",
            config.max_events_per_key,
            f"at least {needed}",
            None if needed <= MOST_EVENTS else "Choose a shorter window.",
            {"max_events_per_key": needed} if needed <= MOST_EVENTS else None,
        )


def _check_windows(config: VelocityConfig) -> Iterator[Problem]:
    if config.comparison == "below" and config.repeat:
        yield unused("repeat", True, "`repeat` has no meaning for windows, which answer once.")
    if empty_answers(config) and config.forget_after is None:
        yield Problem(
            "UNBOUNDED_STATE",
            "An empty window is below the limit, so a key would answer for ever.",
            "forget_after",
            None,
            "how long after its last event a key still counts",
            fix={"forget_after": "1 day"},
        )
    if config.forget_after is not None and not empty_answers(config):
        yield unused(
            "forget_after",
            config.forget_after,
            "`forget_after` has a meaning only where an empty window is below the limit.",
        )
