"""Node type `match-recognize`: SQL's row pattern recognition on a stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field

from ...cep.near_miss import KeyView, Miss, Part
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario
from ...errors import InvalidSql, LakestreamError, Unsupported, nearest
from ...graph.config import problem_of
from ...graph.duration import Duration, duration_text
from ...graph.model import Problem, Relation
from ...graph.node_type import ColumnResolver
from ...graph.reads import Reads
from ..common import FIELD_ALIASES, MOVED_FIELDS, PatternConfig, by_key, check_common
from .analysis import analyze
from .apart import joined
from .clause import Clause, OrderItem, parse_clause
from .naming import CLAUSE
from .pattern_text import pattern_text
from .tokens import FIELD, tokenize

WHOLE_QUERY = re.compile(
    r"\s*SELECT\s+(?:\w+\.)?\*\s+FROM\s+[\w.`]+\s+(?=MATCH_RECOGNIZE\b)", re.IGNORECASE
)
"""A query around the clause that takes all its columns."""


class MatchRecognizeConfig(PatternConfig):
    """A MATCH_RECOGNIZE clause of SQL:2016."""

    clause: Annotated[str, Reads(CLAUSE)] = Field(
        description="What stands inside MATCH_RECOGNIZE( … ): PARTITION BY, ORDER BY (event time "
        "first), MEASURES, ONE ROW or ALL ROWS PER MATCH, AFTER MATCH SKIP, PATTERN, WITHIN, "
        "SUBSET, DEFINE. Expressions are Spark SQL",
    )
    forget_after: Duration | None = Field(
        default=None,
        description="A partition that sends nothing for so long is over: `$` holds, NEXT is NULL, "
        "open greedy tails are decided, numbers start anew. Without it a partition is over only "
        "when the input is",
    )
    max_rows_per_match: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Rows of a match, and so rows kept per key; a match cannot go on beyond it, "
        "which is counted",
    )
    max_partial_matches: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Ways to go on that are kept at once where definitions read earlier rows; an "
        "attempt that needs more is given up and counted",
    )


class MatchRecognize(PatternType):
    """Row pattern recognition, as SQL:2016 defines it."""

    type = "match-recognize"
    title = "Match recognize"
    summary = "SQL:2016 row pattern recognition: a regular expression over rows, per key"
    Config = MatchRecognizeConfig
    aliases = ("match-recognize-sql",)
    field_aliases = {**FIELD_ALIASES, "matchRecognizeSql": "clause", "stateTtl": "forget_after"}
    moved = {
        **{k: v for k, v in MOVED_FIELDS.items() if k != "stateTtl"},
        "quantifiers": "a quantifier is greedy unless `?` follows it: `A+?`",
        "outputMeasures": "measures stand in the clause: MEASURES SUM(A.price) AS total",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """`quantifiers: greedy` says what is so anyway, and so does `SELECT * FROM its input`.

        Sections of the clause may be fields of their own.
        """
        if config.get("quantifiers") == "greedy":
            config = {name: value for name, value in config.items() if name != "quantifiers"}
        clause = config.get("clause")
        if isinstance(clause, str) and (whole := WHOLE_QUERY.match(clause)):
            config |= {"clause": clause[whole.end() :].rstrip().removesuffix(";").rstrip()}
        return joined(config)

    def sentence(self, config: MatchRecognizeConfig) -> str:
        """`rows like A B+ C within 10 minutes, by customer`."""
        try:
            clause = parse_clause(config.clause)
        except LakestreamError:
            return "a MATCH_RECOGNIZE clause that cannot be read"
        key = clause.partition_by or config.key
        by = by_key(key)
        pattern = pattern_text(clause.pattern)
        shown = pattern if len(pattern) <= 80 else f"{pattern[:79]}…"
        within = f" within {duration_text(clause.within_us)}" if clause.within_us else ""
        rows = "" if clause.rows == "one row" else ", each row"
        return f"rows like {shown}{within}{rows}{by}"

    def check(self, config: MatchRecognizeConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """The shared fields, with the clause's key and order."""
        try:
            clause = parse_clause(config.clause)
            whole = settled(config, clause, inputs[0])
        except LakestreamError as error:
            yield problem_of(error)
            return
        yield from check_common(whole, inputs[0])
        if whole.forget_after is None and _remembers(clause):
            yield Problem(
                "KEYS_KEPT_FOR_EVER",
                "The clause reads what came before or after the match, so something is kept for "
                "every key for ever.",
                "forget_after",
                None,
                "how long a key may be silent before its partition is over",
                "set `forget_after`, or keep the number of keys small",
                severity="warning",
            )

    def plan(
        self, config: MatchRecognizeConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """The program of the pattern, and its expressions as code."""
        from .plan import clause_plan

        clause = parse_clause(config.clause)
        return clause_plan(clause, settled(config, clause, inputs[0]), inputs[0], resolver)

    def batch_sql(
        self, config: MatchRecognizeConfig, inputs: Sequence[Relation], table: str
    ) -> str | None:
        """Databricks' own MATCH_RECOGNIZE, for what its grammar has."""
        from .native import native_query

        clause = parse_clause(config.clause)
        whole = settled(config, clause, inputs[0])
        time = whole.event_time or inputs[0].event_time
        assert time is not None, "a valid pattern has an event time"
        return native_query(clause, whole.key, [time, *whole.order_by], table)

    def step_conditions(self, config: MatchRecognizeConfig) -> dict[str, str]:
        """The part of each definition that reads the row alone."""
        from .truth import own_conditions

        clause = parse_clause(config.clause)
        return own_conditions(clause.define, analyze(clause))

    def event_conditions(self, config: MatchRecognizeConfig, match: dict[str, Any]) -> list[str]:
        """The whole definition of each row's variable."""
        define = dict(parse_clause(config.clause).define)
        return [define.get(event["step"], "") for event in match["events"]]

    def event_parts(
        self, config: MatchRecognizeConfig, match: dict[str, Any], view: Callable[[], KeyView]
    ) -> list[list[Part]] | None:
        """Also what definitions read of other rows, with the values that were there."""
        from .truth import match_parts

        clause = parse_clause(config.clause)
        rows = [(event["step"], event["event"]) for event in match["events"]]
        return match_parts(clause, analyze(clause), view(), rows)

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """Attempts that are not decided, as the matcher shows them."""
        return list(state[-1]) if state else []

    def state_bound(self, config: MatchRecognizeConfig) -> StateBound:
        """The rows of the attempts that are open, and what remembers the partition."""
        clause = parse_clause(config.clause)
        kept = config.forget_after
        if clause.within_us is not None and not _remembers(clause):
            kept = duration_text(clause.within_us)
        return StateBound("max_rows_per_match rows", config.max_rows_per_match, kept)

    def scenarios(self, config: MatchRecognizeConfig) -> Iterator[Scenario]:
        """The shortest match, and what breaks it."""
        from .scenarios import recognize_scenarios

        yield from recognize_scenarios(config, self.step_conditions(config))

    def misses(self, config: MatchRecognizeConfig, view: KeyView) -> Iterator[Miss]:
        """How far attempts came, and what did not hold then."""
        from .why import recognize_misses

        yield from recognize_misses(config, view)

    def verdict(self, config: MatchRecognizeConfig, match: dict[str, Any]) -> str:
        """What decided a match."""
        if not match["events"]:
            return f"It holds no rows; it was certain at {match['detected_at']}."
        if match["detected_at"] == match["events"][-1]["at"]:
            return "Its last row decided it: no preferred way to match was left."
        return f"It was certain at {match['detected_at']}: no preferred way to match was left then."


def settled(
    config: MatchRecognizeConfig, clause: Clause, relation: Relation
) -> MatchRecognizeConfig:
    """The configuration with the clause's key and order. Raises InvalidSql, Unsupported."""
    key = clause.partition_by
    if key and config.key and [k.lower() for k in key] != [k.lower() for k in config.key]:
        raise InvalidSql(
            "PARTITION BY and `key` name different columns.",
            code="KEY_CONFLICT",
            where={"field": "key"},
            got=list(config.key),
            expected=list(key),
            hint="leave `key` out",
        )
    declared = {name.lower(): name for name in relation.names}
    time = config.event_time or relation.event_time
    columns = [_column(item, declared) for item in clause.order_by]
    if columns and time is not None and columns[0].lower() != time.lower():
        raise Unsupported(
            f"A stream is matched in the order of its event time, `{time}`.",
            code="ORDER_BY_NOT_TIME",
            where={"field": FIELD},
            got=f"ORDER BY {columns[0]}",
            expected=f"ORDER BY {time}",
            hint=f"write ORDER BY {', '.join([time, *[c for c in columns if c != time]])}",
        )
    by = dict.fromkeys(_named(k, declared, "PARTITION BY") for k in key)
    ties = [*dict.fromkeys(columns[1:]), *(c for c in config.order_by if c not in columns)]
    return config.model_copy(
        update={
            "key": tuple(by) or config.key,
            "order_by": tuple(ties),
        }
    )


def _column(item: OrderItem, declared: dict[str, str]) -> str:
    """A column of ORDER BY, which must be ascending with NULL first, as the kernel sorts."""
    if item.how not in ("", "ASC", "NULLS FIRST", "ASC NULLS FIRST"):
        raise Unsupported(
            "Rows are matched in ascending order, NULL first.",
            code="ORDER_BY_NOT_ASCENDING",
            where={"field": FIELD},
            got=f"ORDER BY {item.column} {item.how}",
            expected=f"ORDER BY {item.column}",
            hint="compute a column that sorts as you need in a map-select node before the pattern",
        )
    return _named(item.column, declared, "ORDER BY")


def _named(name: str, declared: dict[str, str], where: str) -> str:
    found = declared.get(name.lower())
    if found is None:
        near = nearest(name, declared.values())
        raise InvalidSql(
            f"{where} names `{name}`, which is no column.",
            code="UNKNOWN_COLUMN",
            where={"field": FIELD},
            got=name,
            expected=list(declared.values()),
            hint=f"did you mean `{near}`?" if near else None,
        )
    return found


def _remembers(clause: Clause) -> bool:
    """Whether something is kept for a key that has no open match."""
    if any(part.kind in ("start", "end") for part in clause.pattern.walk()):
        return True
    tokens = [token for _, text in (*clause.measures, *clause.define) for token in tokenize(text)]
    return any(
        name.is_word("PREV", "NEXT", "MATCH_NUMBER") and bracket.is_sign("(")
        for name, bracket in pairwise(tokens)
    )


NODE = MatchRecognize()
