"""Rows that an author's own data source reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field, JsonValue, field_validator

from ....cep.events import table_of
from ....errors import InvalidEvents
from ....graph.model import Problem, Relation
from ....graph.node_type import ColumnResolver, SourceType
from ....graph.plain import LiteralSecret, is_reference
from ....relational.column_types import ddl, parse_columns
from ...fields import ColumnList, SourceConfig, secret_ref, time_problems, timed
from .contract import read_source, source_problems

CODE_CHARS = 100_000
SECRET = "secret://"
SECRET_WORDS = ("password", "token", "secret", "apikey", "api_key", "credential")


class CustomPythonSourceConfig(SourceConfig):
    """The author's DataSource, its options and its columns."""

    code: str = Field(
        min_length=1,
        max_length=CODE_CHARS,
        description="Python with exactly one subclass of pyspark.sql.datasource.DataSource that "
        "makes a stream reader",
    )
    columns: ColumnList = Field(description="Columns of its rows, e.g. `id bigint, at timestamp`")
    options: dict[str, str] = Field(
        default_factory=dict,
        max_length=100,
        description="Options that the source is given; a value `secret://scope/key` is read when "
        "the code runs",
    )
    sample_rows: list[dict[str, JsonValue]] = Field(
        default_factory=list,
        max_length=10_000,
        description="Rows for local tests with `simulate`, which never run the source",
    )

    @field_validator("code")
    @classmethod
    def _plain_lines(cls, text: str) -> str:
        return text.replace("\r\n", "\n")

    @field_validator("options")
    @classmethod
    def _no_secrets(cls, options: dict[str, str]) -> dict[str, str]:
        for name, value in options.items():
            if is_reference(value):
                secret_ref(value)
            elif value and any(word in name.lower() for word in SECRET_WORDS):
                raise LiteralSecret(
                    f"option `{name}` is a secret, and a secret is never kept in a pipeline: put "
                    "it in a secret scope and write `secret://scope/key`"
                )
        return options


class CustomPythonSource(SourceType):
    """The author's own source, by the Python Data Source API."""

    type = "custom-python-source"
    title = "Custom Python source"
    summary = "Reads a stream by your own DataSource in Python, from wherever it can reach"
    Config = CustomPythonSourceConfig
    aliases = ("python-source",)
    field_aliases = {"pythonCode": "code", "outputSchema": "columns", "output_schema": "columns"}

    def sentence(self, config: CustomPythonSourceConfig) -> str:
        """`reads by own code: id bigint, at timestamp`."""
        return f"reads by own code: {config.columns}"

    def check(
        self, config: CustomPythonSourceConfig, inputs: Sequence[Relation]
    ) -> Iterator[Problem]:
        """The code, the options, the columns and the samples."""
        columns = parse_columns(config.columns)
        yield from source_problems(config.code)
        yield from time_problems(config.event_time, columns)
        try:
            table_of(config.sample_rows, Relation(columns), self.type)
        except InvalidEvents as error:
            yield Problem(
                "UNREADABLE_VALUE", error.message, "sample_rows", error.got, config.columns
            )

    def relation(
        self, config: CustomPythonSourceConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The declared columns."""
        return timed(config, parse_columns(config.columns))

    def authored_hash(self, config: CustomPythonSourceConfig) -> str:
        """Of the code as it is."""
        return hashlib.sha256(config.code.encode("utf-8", "surrogatepass")).hexdigest()

    def code(self, config: CustomPythonSourceConfig, relation: Relation) -> dict[str, Any]:
        """The class by name; secrets apart from plain options."""
        secrets = {
            name: value.removeprefix(SECRET).split("/", 1)
            for name, value in config.options.items()
            if value.startswith(SECRET)
        }
        return {
            "code": config.code,
            "class_name": read_source(config.code).sources[0],
            "schema": ddl(relation.columns),
            "options": {k: v for k, v in config.options.items() if k not in secrets},
            "secrets": secrets,
        }

    def simulate(self, config: CustomPythonSourceConfig, count: int, engine: Any) -> Any:
        """The first of the sample rows. Raises InvalidEvents where there are none."""
        if not config.sample_rows:
            raise InvalidEvents(
                "A local test does not run the source: its process has no network.",
                code="NO_SAMPLE_ROWS",
                where={"field": "sample_rows"},
                expected="`sample_rows` in the configuration, or events with the test",
            )
        columns = parse_columns(config.columns)
        table, _ = table_of(config.sample_rows[:count], Relation(columns), self.type)
        return table


NODE = CustomPythonSource()
