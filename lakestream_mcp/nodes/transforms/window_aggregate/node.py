"""Rows summed up by window of time and key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from ....cep.stateful import Batch, Feed, LocalRun, StatefulRelationalType, numbered
from ....errors import InvalidSql
from ....graph.duration import Duration, duration_us
from ....graph.model import Column, Problem, Relation
from ....graph.node_parts import Reading
from ....graph.node_type import ColumnResolver, NodeConfig
from ....relational.sql import column, find_column, named, sql
from ...fields import NameList
from ...keys import refuse_key_type
from .aggregations import Aggregation, aggregated, migrated_aggregations
from .windows import Assigned, fixed_windows, session_windows

if TYPE_CHECKING:
    from sqlglot import exp

START, END = "window_start", "window_end"


class WindowAggregateConfig(NodeConfig):
    """Windows, keys and what is computed."""

    window_type: Literal["tumbling", "sliding", "session"] = Field(
        "tumbling",
        description="`tumbling`: one after the other; `sliding`: overlapping; `session`: as long "
        "as rows of a key follow each other within `gap`",
    )
    duration: Duration | None = Field(
        None, description="Length of a tumbling or sliding window, e.g. `5 minutes`"
    )
    slide: Duration | None = Field(
        None, description="Time from the start of a sliding window to the next; at most `duration`"
    )
    gap: Duration | None = Field(
        None, description="Time without a row of the key that ends a session"
    )
    group_by: NameList = Field(
        default=[], description="Columns whose values get windows of their own; default: none"
    )
    aggregations: list[Aggregation] = Field(
        min_length=1,
        max_length=100,
        description="Output columns: each a `function`, the `column` it reads and a `name`",
    )
    order_by: NameList = Field(
        default=[],
        description="Columns that decide between rows of equal event time, for `first`, `last` "
        "and `collect_list`",
    )

    @model_validator(mode="after")
    def _fields_of_its_type(self) -> WindowAggregateConfig:
        needed = {"tumbling": ["duration"], "sliding": ["duration", "slide"], "session": ["gap"]}
        for name in ("duration", "slide", "gap"):
            given = getattr(self, name) is not None
            if (name in needed[self.window_type]) and not given:
                raise ValueError(f"a {self.window_type} window needs `{name}`")
            if given and name not in needed[self.window_type]:
                raise ValueError(f"a {self.window_type} window has no `{name}`; leave it out")
        if self.window_type == "sliding" and self.slide_us() > duration_us(self.duration or ""):
            raise ValueError("`slide` is longer than `duration`, so rows would be in no window")
        return self

    def slide_us(self) -> int:
        """Microseconds from one window to the next."""
        return duration_us(self.slide or self.duration or "")


class WindowAggregate(StatefulRelationalType):
    """`GROUP BY` a window of the event time, and keys; a window is told once it has passed."""

    type = "window-aggregate"
    title = "Window aggregate"
    summary = "Counts, sums and the like over tumbling, sliding or session windows, by key"
    Config = WindowAggregateConfig
    unsaid = tuple(WindowAggregateConfig.model_fields)
    aliases = (
        "window",
        "aggregate",
        "tumbling-window",
        "hopping-window",
        "sliding-window",
        "session-window",
    )
    implied: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "hopping": {"window_type": "sliding"},
        "sliding": {"window_type": "sliding"},
        "session": {"window_type": "session"},
    }
    field_aliases = {
        "windowType": "window_type",
        "slideInterval": "slide",
        "slide_interval": "slide",
        "groupByKeys": "group_by",
        "group_by_keys": "group_by",
        "sessionGap": "gap",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Aggregations came as JSON text; a session's gap as its duration; a slide slides.

        All of the window may be an object of its own.
        """
        window = config.get("duration", config.get("window"))
        if isinstance(window, dict) and "value" not in window:
            config = {k: v for k, v in config.items() if v is not window} | _apart(window)
        if "slide" in config and "window_type" not in config:
            config = config | {"window_type": "sliding"}
        if "aggregations" in config:
            config = config | {"aggregations": migrated_aggregations(config["aggregations"])}
        if config.get("window_type") == "session" and "gap" not in config and "duration" in config:
            config = {("gap" if k == "duration" else k): v for k, v in config.items()}
        if config.get("window_type", "tumbling") in ("tumbling", "session"):
            config = {k: v for k, v in config.items() if k != "slide"}
        return config

    def sentence(self, config: WindowAggregateConfig) -> str:
        told = ", ".join(f"{a.function}({a.column or '*'})" for a in config.aggregations)
        how = {
            "tumbling": f"every {config.duration}",
            "sliding": f"over {config.duration}, every {config.slide}",
            "session": f"per session with gaps up to {config.gap}",
        }[config.window_type]
        by = f" by {', '.join(config.group_by)}" if config.group_by else ""
        return f"computes {told} {how}{by}"

    def check(self, config: WindowAggregateConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        uses = any(a.function in ("first", "last", "collect_list") for a in config.aggregations)
        if config.order_by and not uses:
            yield Problem(
                "UNUSED_CONFIG",
                "`order_by` has no use: no aggregation depends on the order of rows",
                field="order_by",
                fix={"order_by": None},
            )

    def query(self, config: WindowAggregateConfig, inputs: Sequence[Relation]) -> exp.Query:
        from sqlglot import exp

        time = exp.column(inputs[0].event_time or "", quoted=True)
        window = exp.Anonymous(
            this="session_window" if config.window_type == "session" else "window",
            expressions=[
                time,
                *(
                    exp.Literal.string(length)
                    for length in (config.duration or config.gap, config.slide)
                    if length
                ),
            ],
        )
        start, end = (
            exp.Dot(this=window.copy(), expression=exp.to_identifier(part))
            for part in ("start", "end")
        )
        keys = _keys(config, inputs[0])
        # sqlglot reads no `GROUP BY window(…)` that has nothing before it, unless in brackets.
        grouping = [*map(column, keys), window] if keys else [exp.Paren(this=window)]
        outputs = [named(start, START), named(end, END), *_computed(config, inputs[0])]
        return exp.select(*outputs).from_("in_0").group_by(*grouping)

    def read(
        self, query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
    ) -> Reading | None:
        """`SELECT window.start, window.end, keys, aggregates FROM in_0 GROUP BY keys, window`."""
        from .reading import reading

        return None if tables else reading(query)

    def relation(
        self,
        config: WindowAggregateConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        """Window, keys and aggregations. No watermark: Spark takes no second one after it."""
        rows = inputs[0]
        columns = resolver.columns(_local_query(config, rows), [_with_window(rows)])
        return Relation(columns, END)

    def local(
        self,
        config: WindowAggregateConfig,
        feeds: Sequence[Feed],
        batches: Sequence[Batch],
        output: Relation,
        engine: Any,
    ) -> LocalRun:
        """The same aggregations, grouped by the windows that Spark would give each row."""
        from ....relational.sql import cast_outputs

        (feed,) = feeds
        found = _assigned(config, feed, batches)
        query = cast_outputs(_local_query(config, feed.relation), output.columns)
        told = _windowed(feed, found, ~found.waiting)
        open_windows = _windowed(feed, found, found.waiting)
        rows, waiting = engine.run_many([(sql(query), {"in_0": t}) for t in (told, open_windows)])
        order = [(name, "ascending") for name in (END, START, *_keys(config, feed.relation))]
        return LocalRun(numbered(rows.sort_by(order)), found.late, waiting.num_rows)

    def state_bound(self, config: WindowAggregateConfig) -> str:
        """One row for each key and window that is open."""
        collecting = [a.name or a.function for a in config.aggregations if a.keeps_all]
        each = f"; {', '.join(collecting)} keep every value of a window" if collecting else ""
        length = config.gap or config.duration
        return f"one row per key and window until the watermark has passed it ({length}){each}"


def _keys(config: WindowAggregateConfig, rows: Relation) -> list[str]:
    keys = [find_column(k, rows, "group_by", config.group_by) for k in config.group_by]
    for key in keys:
        refuse_key_type(key, rows.type_of(key) or "", "group_by")
    return keys


def _computed(config: WindowAggregateConfig, rows: Relation) -> list[exp.Expr]:
    """Keys and aggregations as they are selected."""
    order = [find_column(k, rows, "order_by", config.order_by) for k in config.order_by]
    values = [
        named(aggregated(a, rows, order, f"aggregations.{i}"), a.output)
        for i, a in enumerate(config.aggregations)
    ]
    return [*(column(key) for key in _keys(config, rows)), *values]


def _with_window(rows: Relation) -> Relation:
    bounds = tuple(Column(name, "timestamp") for name in (START, END))
    taken = [c for c in rows.columns if c.name.lower() in (START, END)]
    if taken:
        raise InvalidSql(
            f"the input has a column `{taken[0].name}`, which is what the window is told in",
            code="DUPLICATE_COLUMN",
            got=taken[0].name,
            hint="rename it with a rename-cast node before",
        )
    return Relation((*rows.columns, *bounds), rows.event_time)


def _local_query(config: WindowAggregateConfig, rows: Relation) -> exp.Select:
    """The query over rows whose window is known: Sail has no session windows."""
    from sqlglot import exp

    keys = [column(name) for name in (START, END, *_keys(config, rows))]
    outputs = [column(START), column(END), *_computed(config, rows)]
    return exp.select(*outputs).from_("in_0").group_by(*keys)


def _assigned(config: WindowAggregateConfig, feed: Feed, batches: Sequence[Batch]) -> Assigned:
    if config.window_type == "session":
        keys = _keys(config, feed.relation)
        return session_windows(feed, batches, duration_us(config.gap or ""), keys)
    length = duration_us(config.duration or "")
    return fixed_windows(feed, batches, length, config.slide_us())


def _windowed(feed: Feed, found: Assigned, wanted: Any) -> Any:
    """The rows with their windows, one row for each pair."""
    import pyarrow as pa

    moments = pa.timestamp("us", tz="UTC")
    table = feed.table.take(pa.array(found.rows[wanted]))
    for name, values in ((START, found.starts), (END, found.ends)):
        table = table.append_column(name, pa.array(values[wanted]).cast(moments))
    return table


def _apart(window: dict[str, Any]) -> dict[str, Any]:
    """`{"type": "sliding", "size": …, "slide": …}` as fields beside the others."""
    words = {
        **dict.fromkeys(("type", "kind"), "window_type"),
        **dict.fromkeys(("size", "length", "width"), "duration"),
        **dict.fromkeys(("hop", "advance", "step"), "slide"),
    }
    return {words.get(name, name): value for name, value in window.items()}


NODE = WindowAggregate()
