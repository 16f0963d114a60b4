"""Configuration and plan of `outlier`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario, is_true
from ...graph.duration import Duration, duration_us
from ...graph.model import Column, Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    Condition,
    Expression,
    PatternConfig,
    by_key,
    check_common,
)
from ..numeric import check_measure_names, said, unused, value_plan

MEASURES = (
    Column("value", "double"),
    Column("baseline", "double"),
    Column("deviation", "double"),
    Column("score", "double"),
    Column("lower", "double"),
    Column("upper", "double"),
    Column("samples", "bigint"),
    Column("skipped", "bigint"),
)
THRESHOLDS = {"zscore": 3.0, "iqr": 1.5, "mad": 3.0}
DEVIATIONS = {
    "zscore": "standard deviations from the mean",
    "iqr": "interquartile ranges beyond the quartiles",
    "mad": "median absolute deviations (x 1.4826) from the median",
}


class OutlierConfig(PatternConfig):
    """A value deviates from the values of its key before it."""

    value: Expression = Field(description="SQL expression of the number looked at, e.g. a column")
    where: Condition = Field(default="TRUE", description="SQL condition of the events looked at")
    method: Literal["zscore", "iqr", "mad"] = Field(
        default="zscore",
        description="`zscore`: sample standard deviations from the mean; `iqr`: interquartile "
        "ranges beyond the quartiles; `mad`: median absolute deviations from the median",
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="More deviations than this make an outlier; default 3, for `iqr` 1.5",
    )
    baseline_window: Duration | None = Field(
        default=None, description="Compare with the values of this time before; or `baseline_count`"
    )
    baseline_count: int | None = Field(
        default=None,
        ge=2,
        le=100_000,
        description="Compare with this many values before; or `baseline_window`",
    )
    min_samples: int = Field(
        default=10, ge=2, le=100_000, description="With fewer values before it, none is an outlier"
    )
    exclude_outliers: bool = Field(
        default=False,
        description="Outliers do not join the baseline; after a lasting change, every value may "
        "be one for as long as the old ones are kept",
    )
    forget_after: Duration | None = Field(
        default=None,
        description="`baseline_count`: how long after its last event a key is forgotten",
    )
    max_events_per_key: int = Field(
        default=10_000,
        ge=2,
        le=1_000_000,
        description="`baseline_window`: the oldest value is dropped beyond this",
    )


class Outlier(PatternType):
    """A value far from those before it."""

    type = "outlier"
    title = "Outlier"
    summary = "A number deviates from its key's baseline: z-score, interquartile range or MAD"
    Config = OutlierConfig
    aliases = ("outlier-anomaly", "anomaly", "anomaly-detection")
    field_aliases = {
        **FIELD_ALIASES,
        "valueField": "value",
        "thresholdStdDevs": "threshold",
        "algorithm": "method",
    }
    moved = MOVED_FIELDS

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """`algorithm` was `z-score`."""
        return config | {"method": "zscore"} if config.get("method") == "z-score" else config

    def sentence(self, config: OutlierConfig) -> str:
        """`temperature more than 3 standard deviations from the mean of 1 hour, by sensor`."""
        by = by_key(config.key)
        where = "" if is_true(config.where) else f" where {config.where}"
        count = f"{config.baseline_count} values" if config.baseline_count else "the values"
        of = config.baseline_window or count
        return (
            f"{config.value} more than {threshold_of(config):g} {DEVIATIONS[config.method]} "
            f"of {of} before{where}{by}"
        )

    def check(self, config: OutlierConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """Shared fields, then the baseline."""
        yield from check_common(config, inputs[0])
        yield from check_measure_names(config, MEASURES)
        yield from _check_baseline(config)
        field = "max_events_per_key" if config.baseline_count is None else "baseline_count"
        most = getattr(config, field)
        if config.min_samples > most:
            yield Problem(
                "THRESHOLD_UNREACHABLE",
                f"At most {most} values are kept, so {config.min_samples} samples never come.",
                "min_samples",
                config.min_samples,
                f"at most {most}",
                fix={"min_samples": most},
            )

    def plan(
        self, config: OutlierConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """One condition, and the value as a computed one."""
        return value_plan(
            config,
            inputs[0],
            resolver,
            matcher="outlier",
            construct=lambda value: _construct(config, value),
            step="outlier",
            measures=MEASURES,
        )

    def step_conditions(self, config: OutlierConfig) -> dict[str, str]:
        """The outlier satisfies `where`."""
        return {"outlier": config.where}

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """None: an event is an outlier or not at once."""
        return []

    def state_bound(self, config: OutlierConfig) -> StateBound:
        """The values of the baseline."""
        if config.baseline_count is not None:
            count = config.baseline_count
            return StateBound("baseline_count values", count, config.forget_after)
        most = config.max_events_per_key
        return StateBound("max_events_per_key values", most, config.baseline_window)

    def scenarios(self, config: OutlierConfig) -> Iterator[Scenario]:
        """Stories that match, just miss, or lie at a boundary."""
        from .scenarios import outlier_scenarios

        yield from outlier_scenarios(config)

    def misses(self, config: OutlierConfig, view: KeyView) -> Iterator[Miss]:
        """What came close, and what was missing."""
        from .why import outlier_misses

        yield from outlier_misses(config, view)

    def verdict(self, config: OutlierConfig, match: dict[str, Any]) -> str:
        """The value, its baseline, and how many deviations lie between."""
        m = match["measures"]
        score = f"{said(m['score'])} {DEVIATIONS[config.method]}"
        return (
            f"The value {said(m['value'])} is {score}, more than {threshold_of(config):g}: the "
            f"{m['samples']} values before allow {said(m['lower'])} to {said(m['upper'])} around "
            f"{said(m['baseline'])}."
        )


def threshold_of(config: OutlierConfig) -> float:
    """How many deviations a value may lie away, the method's own number by default."""
    return THRESHOLDS[config.method] if config.threshold is None else config.threshold


def span_us(config: OutlierConfig) -> int:
    """How long values are kept, by time; with a count, how long a silent key is kept."""
    return duration_us(config.baseline_window or config.forget_after or "1 day")


def _construct(config: OutlierConfig, value: int) -> str:
    return (
        f"OutlierMatcher(method={config.method!r}, threshold={threshold_of(config)!r}, "
        f"value={value}, span={span_us(config)}, count={config.baseline_count}, "
        f"min_samples={config.min_samples}, exclude_outliers={config.exclude_outliers}, "
        f"max_events={config.max_events_per_key})"
    )


def _check_baseline(config: OutlierConfig) -> Iterator[Problem]:
    by_time, by_count = config.baseline_window is not None, config.baseline_count is not None
    if not by_time and not by_count:
        yield Problem(
            "MISSING_CONFIG",
            "The baseline is missing: `baseline_window` for the values of a time before, or "
            "`baseline_count` for a number of them.",
            "baseline_window",
            None,
            "a duration",
            fix={"baseline_window": "10 minutes"},
        )
    if by_time and by_count:
        meaning = "A baseline is a time or a number of values, not both."
        yield unused("baseline_count", config.baseline_count, meaning)
    if by_count and not by_time and config.forget_after is None:
        yield Problem(
            "UNBOUNDED_STATE",
            "A number of values would be kept for ever for a key that does not come again.",
            "forget_after",
            None,
            "how long after its last event a key is forgotten",
            fix={"forget_after": "1 day"},
        )
    if by_time and config.forget_after is not None:
        meaning = "A baseline by time is forgotten when its time has passed."
        yield unused("forget_after", config.forget_after, meaning)


NODE = Outlier()
