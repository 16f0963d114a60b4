"""What rows must satisfy, and what becomes of those that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ....errors import InvalidSql
from ....graph.model import Column, Problem, Relation
from ....graph.naming import slug
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....relational.declarative.statements import Expectation
from ....relational.sql import column, named
from ...conditions import condition, condition_notes, holds, refuse_other_types
from ...fields import Condition, NewName

if TYPE_CHECKING:
    from sqlglot import exp

REASONS = "failed_expectations"
QUARANTINE = "quarantine"


class RowExpectation(BaseModel):
    """One thing that rows must satisfy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")] = Field(
        description="Name in reports, metrics and reasons, e.g. `has_amount`"
    )
    constraint: Condition = Field(
        description="Spark SQL condition that must be true; a NULL fails it"
    )
    action: Literal["warn", "drop", "fail"] = Field(
        "warn",
        description="`warn` counts rows that fail it, `drop` leaves them out, `fail` stops the "
        "query",
    )


class DataQualityConfig(NodeConfig):
    """The expectations."""

    expectations: list[RowExpectation] = Field(
        min_length=1,
        max_length=64,
        description="What rows must satisfy: each a `name`, a `constraint` and an `action`",
    )
    quarantine: bool = Field(
        False, description="Let dropped rows leave by a port `quarantine` of their own"
    )
    reasons: NewName | None = Field(
        None,
        description="Name of a column to add, with the names of the expectations a row fails; "
        "default: none, with `quarantine` `failed_expectations`",
    )

    @model_validator(mode="after")
    def _one_name_each(self) -> DataQualityConfig:
        names = [expectation.name for expectation in self.expectations]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two expectations have the name `{twice[0]}`")
        if "rows" in names:
            raise ValueError("`rows` is what metrics count all rows under; name it otherwise")
        return self

    def reasons_column(self) -> str | None:
        """The column that names what a row fails."""
        return self.reasons or (REASONS if self.quarantine else None)

    def conditions(self) -> dict[str, str]:
        """Constraints by field."""
        texts = [expectation.constraint for expectation in self.expectations]
        return {f"expectations.{i}.constraint": text for i, text in enumerate(texts)}


class DataQuality(RelationalType):
    """A filter whose reasons are counted; in declarative SQL `CONSTRAINT … EXPECT`."""

    type = "data-quality-expectations"
    title = "Data quality"
    summary = "Counts, drops or quarantines rows that fail named expectations, or stops"
    Config = DataQualityConfig
    ports_out = ("out", "quarantine, if set")
    unsaid = tuple(DataQualityConfig.model_fields)
    aliases = ("data-quality", "expectations")
    moved = {
        "quarantineTable": "a `delta-table-sink` connected to the port `quarantine` "
        "(set `quarantine` to true)",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Expectations came as JSON text, or as an object of constraints by name.

        What becomes of rows may be said once for all. What an expectation is to quarantine is
        dropped from the main port, and leaves by its own.
        """
        given = config.get("expectations")
        if isinstance(given, str):
            given = json.loads(given)
        if isinstance(given, dict):
            given = [
                {"name": name, **(text if isinstance(text, dict) else {"constraint": text})}
                for name, text in given.items()
            ]
        if isinstance(given, list):
            if len(words := WHAT_BECOMES & config.keys()) == 1:
                config = dict(config)
                usual = {"action": config.pop(*words)}
                given = [usual | i if isinstance(i, dict) else i for i in given]
            quarantined = any(isinstance(i, dict) and i.get("action") == QUARANTINE for i in given)
            config = config | ({QUARANTINE: True} if quarantined else {})
            given = [_migrated(item) for item in given]
        return config | ({"expectations": given} if given is not None else {})

    def output_ports(self, config: DataQualityConfig) -> tuple[str, ...]:
        """`out`, and `quarantine` if it is asked for."""
        return ("out", "quarantine") if config.quarantine else ("out",)

    def sentence(self, config: DataQualityConfig) -> str:
        parts = [
            f"{verb} {', '.join(e.name for e in config.expectations if e.action == action)}"
            for action, verb in (
                ("warn", "counts rows without"),
                ("drop", "quarantines rows without" if config.quarantine else "drops rows without"),
                ("fail", "stops at a row without"),
            )
            if any(e.action == action for e in config.expectations)
        ]
        return "; ".join(parts)

    def check(self, config: DataQualityConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        yield from condition_notes(config.conditions())
        if config.quarantine and not any(e.action == "drop" for e in config.expectations):
            yield Problem(
                "UNUSED_CONFIG",
                "`quarantine` has no use: no expectation drops rows",
                field="quarantine",
                hint="set the `action` of those whose rows it shall get to `drop`",
                fix={"expectations": [_dropping(e) for e in config.expectations]},
            )

    def expectations(
        self, config: DataQualityConfig, inputs: Sequence[Relation]
    ) -> tuple[Expectation, ...]:
        """Each as a condition that is never NULL, so that all engines mean the same."""
        return tuple(
            Expectation(e.name, holds(condition(e.constraint, inputs[0], field)), e.action)
            for e, field in zip(config.expectations, config.conditions(), strict=True)
        )

    def unchecked_query(self, config: DataQualityConfig, inputs: Sequence[Relation]) -> exp.Select:
        """All rows, with what they fail."""
        from sqlglot import exp

        outputs: list[exp.Expr] = [column(name) for name in inputs[0].names]
        reasons = config.reasons_column()
        if reasons is not None:
            outputs.append(named(_reasons(self.expectations(config, inputs)), reasons))
        return exp.select(*outputs).from_("in_0")

    def query(self, config: DataQualityConfig, inputs: Sequence[Relation]) -> exp.Query:
        return self.port_query(config, inputs, "out")

    def port_query(
        self, config: DataQualityConfig, inputs: Sequence[Relation], port: str
    ) -> exp.Query:
        """The rows that are kept, or those in quarantine; either stops at what must not be."""
        from sqlglot import exp

        known = self.expectations(config, inputs)
        stops = [
            exp.Is(
                this=exp.Anonymous(
                    this="assert_true",
                    expressions=[e.condition.copy(), exp.Literal.string(_said(e.name))],
                ),
                expression=exp.Null(),
            )
            for e in known
            if e.action == "fail"
        ]
        drops = [e.condition.copy() for e in known if e.action == "drop"]
        if port == "quarantine":
            drops = [exp.Not(this=exp.Paren(this=exp.and_(*drops)))]
        return self.unchecked_query(config, inputs).where(*stops, *drops)

    def relation(
        self, config: DataQualityConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The input, and what a row fails, if it is asked for."""
        refuse_other_types(config.conditions(), inputs, resolver)
        rows, reasons = inputs[0], config.reasons_column()
        if reasons is None:
            return rows
        if reasons.lower() in {name.lower() for name in rows.names}:
            raise InvalidSql(
                f"the input has a column `{reasons}` already",
                code="DUPLICATE_COLUMN",
                where={"field": "reasons"},
                got=reasons,
                hint="set `reasons` to another name",
            )
        return rows._replace(columns=(*rows.columns, Column(reasons, "array<string>")))


def _said(name: str) -> str:
    return f"expectation {name} failed"


def _reasons(known: Sequence[Expectation]) -> exp.Expr:
    """The names of what is not satisfied, in order."""
    from sqlglot import exp

    names = [
        exp.Case(
            ifs=[exp.If(this=e.condition.copy(), true=exp.cast(exp.Null(), "string"))],
            default=exp.Literal.string(e.name),
        )
        for e in known
    ]
    return exp.func("array_compact", exp.func("array", *names, dialect="spark"), dialect="spark")


def _dropping(expectation: RowExpectation) -> dict[str, Any]:
    action = "drop" if expectation.action == "warn" else expectation.action
    return {**expectation.model_dump(), "action": action}


WHAT_BECOMES = frozenset({"action", "on_violation", "onViolation"})


def _migrated(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    renamed = {"expression": "constraint", "condition": "constraint", "onViolation": "action"}
    found = {renamed.get(key, key): value for key, value in item.items()}
    if isinstance(action := found.get("action"), str):
        actions = {"drop row": "drop", "fail update": "fail", QUARANTINE: "drop"}
        found["action"] = actions.get(action.lower(), action)
    name = found.get("name")
    return found | ({"name": slug(name)} if isinstance(name, str) and name != slug(name) else {})


NODE = DataQuality()
