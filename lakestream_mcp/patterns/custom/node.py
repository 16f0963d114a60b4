"""Configuration and plan of `custom`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field, field_validator

from ...cep.authored import safety
from ...cep.processor_type import ProcessorPlan, ProcessorType, TimeMode
from ...errors import InvalidArgument, nearest
from ...graph.config import named_twice
from ...graph.model import Problem, Relation
from ...graph.node_type import ColumnResolver, NodeConfig
from ...relational.column_types import ddl, parse_columns
from ..common import KeyNames, renamed
from . import contract
from .code import Authored, read_code
from .shared_state import shared_state

KEY_TYPES = ("string", "boolean", "tinyint", "smallint", "int", "bigint", "date")
CODE_CHARS = 100_000


class CustomConfig(NodeConfig):
    """The author's own StatefulProcessor."""

    code: str = Field(
        min_length=1,
        max_length=CODE_CHARS,
        description="Python with exactly one subclass of pyspark.sql.streaming.StatefulProcessor "
        "(row API: rows come and go as pyspark.sql.Row)",
    )
    key: KeyNames = Field(description="Columns by which rows are grouped; at least one")
    output: str = Field(
        description="DDL of the columns that the code yields, e.g. `card string, total double`"
    )
    time_mode: TimeMode = Field(
        default="event_time",
        description="`event_time`: timers follow the watermark; `processing_time`: timers and "
        "times to live follow the clock; `none`: neither",
    )
    output_mode: Literal["append", "update"] = Field(
        default="append", description="Spark's output mode; the rows are the same"
    )

    @field_validator("output")
    @classmethod
    def _canonical(cls, text: str) -> str:
        try:
            return ddl(parse_columns(text))
        except InvalidArgument as error:
            error.where = {"field": "output"}
            raise

    @field_validator("code")
    @classmethod
    def _plain_lines(cls, text: str) -> str:
        return text.replace("\r\n", "\n")


class Custom(ProcessorType):
    """The author's own code."""

    type = "custom"
    title = "Custom StatefulProcessor"
    summary = "Your own StatefulProcessor in Python, checked and tried in a guarded process"
    Config = CustomConfig
    aliases = ("custom-stateful-processor",)
    field_aliases = {
        "pythonCode": "code",
        "groupByKeys": "key",
        "outputSchema": "output",
        "timeMode": "time_mode",
        "outputMode": "output_mode",
    }
    moved = {
        "stateSchema": "state is declared in the code: handle.getValueState(name, schema)",
        "timerConfig": "`time_mode` says what timers follow, and the code registers them",
        "watermarkDuration": "the watermark is declared upstream: `watermark_delay` of the source, "
        "or a watermark node",
        "checkpointInterval": "the trigger interval is a setting of the pipeline",
        "stateTtl": "a state is declared with ttlDurationMs, and time_mode processing_time",
    }

    def sentence(self, config: CustomConfig) -> str:
        """`own code (class Totals), by card`."""
        found = re.search(r"class\s+(\w+)\s*\(", config.code)
        name = f" (class {found[1]})" if found else ""
        return f"own code{name}, by {', '.join(config.key)}"

    def needs_watermark(self, config: CustomConfig) -> bool:
        """Only event time is counted by a watermark."""
        return config.time_mode == "event_time"

    def check(self, config: CustomConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """The key, then the code: syntax, names, contract, state."""
        yield from _check_key(config, inputs[0])
        yield from _check_names(inputs[0])
        yield from safety.refused_lines(config.code)
        try:
            authored = read_code(config.code)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            yield safety.syntax(error)
            return
        yield from _check_code(config, authored)

    def relation(
        self, config: CustomConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The declared columns; they have no event time, which Spark would check against it."""
        return Relation(parse_columns(config.output))

    def processor(self, config: CustomConfig) -> ProcessorPlan:
        """The code as it is."""
        authored = read_code(config.code)
        return ProcessorPlan(
            code=config.code,
            class_name=authored.classes[0].name,
            imports=tuple(sorted({module for module, _ in authored.imports})),
            states=authored.states,
            key=config.key,
            output=parse_columns(config.output),
            time_mode=config.time_mode,
            output_mode=config.output_mode,
        )


def _check_code(config: CustomConfig, authored: Authored) -> Iterator[Problem]:
    yield from safety.unsafe_names(authored.tree)
    yield from contract.one_class(authored, config.code)
    if len(authored.classes) == 1:
        yield from contract.methods(authored)
        yield from shared_state(authored)
    yield from contract.states(authored, config.time_mode)
    yield from contract.clocks(authored, config.time_mode)


def _check_key(config: CustomConfig, relation: Relation) -> Iterator[Problem]:
    if not config.key:
        yield Problem(
            "MISSING_KEY", "Spark groups rows by at least one column.", "key", [], "a column"
        )
    yield from named_twice("key", config.key)
    for name in dict.fromkeys(config.key):
        kind = relation.type_of(name)
        if kind is None:
            near = nearest(name, relation.names)
            yield Problem(
                "UNKNOWN_COLUMN",
                f"There is no column `{name}`.",
                "key",
                name,
                list(relation.names),
                f"Did you mean `{near}`?" if near else None,
                {"key": renamed(config.key, name, near)} if near else None,
            )
        elif kind not in KEY_TYPES:
            yield Problem(
                "UNSUPPORTED_TYPE",
                f"Column `{name}` of type {kind} cannot be a key: Spark's timers would give it "
                "back changed.",
                "key",
                kind,
                list(KEY_TYPES),
                "Cast it with a map-select node before.",
            )


def _check_names(relation: Relation) -> Iterator[Problem]:
    for name in relation.names:
        if "." in name or "`" in name:
            yield Problem(
                "UNSUPPORTED_NAME",
                f"Spark cannot hand the column `{name}` to a processor.",
                got=name,
                expected="column names without dots and backquotes",
                hint="Rename it with a rename-cast node before.",
            )


NODE = Custom()
