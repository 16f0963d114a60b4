"""A column that a model serving endpoint predicts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ....cep.processor.codec import tree_of
from ....errors import InvalidEvents
from ....graph.model import Column, Problem, Relation
from ....graph.node_parts import LocalRows
from ....graph.node_type import CodeTransformType, NodeConfig
from ...added_column import column_problems
from ...fields import NameList, NewName, PlainText, Secret, TypeText
from .samples import predicted, typed


class SamplePrediction(BaseModel):
    """What a local test takes for the endpoint's answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: dict[str, JsonValue] = Field(
        default_factory=dict, description="Values of input columns; none: every row"
    )
    prediction: JsonValue = Field(description="The answer for such rows")


class MlModelEndpointConfig(NodeConfig):
    """Which endpoint is asked, with what, how, and what is done where it does not answer."""

    endpoint: PlainText = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$",
        description="Name of a Databricks serving endpoint of the workspace",
    )
    input_columns: NameList = Field(
        min_length=1, description="Columns that a request has, under their names"
    )
    output_column: NewName = Field("prediction", description="The new column, after all others")
    output_type: TypeText = Field("double", description="Type of a prediction, e.g. `double`")
    max_batch_size: int = Field(100, ge=1, le=10_000, description="Most rows of a request")
    timeout_ms: int = Field(
        30_000, ge=1000, le=300_000, description="Longest silence of the endpoint, in milliseconds"
    )
    concurrency: int = Field(
        4, ge=1, le=64, description="Requests at a time, for each task of Spark"
    )
    max_retries: int = Field(
        5,
        ge=0,
        le=20,
        description="How often a request is sent again after 429, 5xx or silence, ever later",
    )
    on_error: Literal["fail", "fallback"] = Field(
        "fail",
        description="Rows without a usable answer stop the query (`fail`) or have `fallback_value`",
    )
    fallback_value: JsonValue = Field(
        None, description="The value of such rows, of `output_type`; default NULL"
    )
    token: Secret | None = Field(
        None,
        description="Reference of a token that may query the endpoint; default: the one of whoever "
        "runs the code, which ends with its session",
    )
    sample_predictions: list[SamplePrediction] = Field(
        default_factory=list,
        max_length=1000,
        description="Answers for local tests, which never call the endpoint: the first whose "
        "`when` fits the row",
    )


class MlModelEndpoint(CodeTransformType):
    """Batched calls to a serving endpoint."""

    type = "ml-model-endpoint"
    title = "ML model endpoint"
    summary = "A column that a Databricks model serving endpoint predicts, in batches with retries"
    Config = MlModelEndpointConfig
    calls_service = True
    aliases = ("model-endpoint", "ml-endpoint", "model-serving")
    field_aliases = {
        "endpointName": "endpoint",
        "inputColumns": "input_columns",
        "outputColumn": "output_column",
        "outputType": "output_type",
        "maxBatchSize": "max_batch_size",
        "timeoutMs": "timeout_ms",
        "maxRetries": "max_retries",
        "fallbackValue": "fallback_value",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier fallback was text, and its presence said that it was to be used."""
        given = config.get("fallback_value")
        if given == "":
            return {k: v for k, v in config.items() if k != "fallback_value"}
        if not isinstance(given, str) or "on_error" in config:
            return config
        is_text = str(config.get("output_type", "double")).lower() == "string"
        value = given if is_text else _plain_value(given)
        return config | {"on_error": "fallback", "fallback_value": value}

    def sentence(self, config: MlModelEndpointConfig) -> str:
        """`prediction = fraud_model(amount, country), double`."""
        called = f"{config.endpoint}({', '.join(config.input_columns)})"
        return f"{config.output_column} = {called}, {config.output_type}"

    def check(self, config: MlModelEndpointConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """The columns, the type of answers, and the values given for them."""
        yield from column_problems(inputs[0], config.input_columns, config.output_column)
        yield from _input_problems(config, inputs[0])
        yield from _output_problems(config)
        yield from _sample_problems(config, inputs[0])

    def added(self, config: MlModelEndpointConfig) -> tuple[Column, ...]:
        """The prediction."""
        return (Column(config.output_column, config.output_type),)

    def code(self, config: MlModelEndpointConfig, relation: Relation) -> dict[str, Any]:
        """How the endpoint is asked."""
        token = (config.token or "").removeprefix("secret://")
        scope, _, key = token.partition("/")
        fallback = config.fallback_value if config.on_error == "fallback" else None
        return {
            "endpoint": config.endpoint,
            "inputs": [(n, relation.type_of(n)) for n in config.input_columns],
            "output_column": config.output_column,
            "output": tree_of(config.output_type),
            "returns": config.output_type,
            "batch_rows": config.max_batch_size,
            "timeout_s": config.timeout_ms / 1000,
            "concurrency": config.concurrency,
            "retries": config.max_retries,
            "on_error": config.on_error,
            "fallback": fallback,
            "scope": scope,
            "key": key,
        }

    def local(
        self, config: MlModelEndpointConfig, relation: Relation, table: Any, node_id: str
    ) -> LocalRows:
        """Answers given in the configuration; the endpoint is never called."""
        samples = [(s.when, s.prediction) for s in config.sample_predictions]
        fallback = (config.fallback_value,) if config.on_error == "fallback" else ()
        (output,) = self.added(config)
        answers, note = predicted(table, relation, output, samples, fallback, node_id)
        return LocalRows(table.add_column(len(relation.columns), output.name, answers), (note,))


def _plain_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _input_problems(config: MlModelEndpointConfig, relation: Relation) -> Iterator[Problem]:
    for name in config.input_columns:
        if "binary" in (kind := relation.type_of(name) or ""):
            yield Problem(
                "UNSUPPORTED_TYPE",
                f"JSON has no bytes, so `{name}` of type {kind} cannot be sent.",
                "input_columns",
                kind,
                "text",
                "`base64` in a map-select node before",
            )


def _output_problems(config: MlModelEndpointConfig) -> Iterator[Problem]:
    if "binary" in config.output_type or re.search(r"map<(?!string)", config.output_type):
        yield Problem(
            "UNSUPPORTED_TYPE",
            "JSON has no bytes, and its objects have text as keys.",
            "output_type",
            config.output_type,
            "types without binary, and maps by string",
        )
    if config.on_error == "fail" and config.fallback_value is not None:
        yield Problem(
            "UNUSED_CONFIG",
            "`fallback_value` is used with `on_error: fallback` only.",
            "fallback_value",
            config.fallback_value,
            fix={"on_error": "fallback"},
        )


def _sample_problems(config: MlModelEndpointConfig, relation: Relation) -> Iterator[Problem]:
    output = Column("prediction", config.output_type)
    values = [(s.prediction, "sample_predictions") for s in config.sample_predictions]
    for value, field in [*values, (config.fallback_value, "fallback_value")]:
        yield from _misfit(value, output, field)
    for sample in config.sample_predictions:
        for name, value in sample.when.items():
            kind = relation.type_of(name)
            if kind is None or name not in config.input_columns:
                yield Problem(
                    "UNKNOWN_COLUMN",
                    f"`{name}` is no input column of the model.",
                    "sample_predictions",
                    name,
                    list(config.input_columns),
                )
            else:
                yield from _misfit(value, Column(name, kind), "sample_predictions")


def _misfit(value: Any, column: Column, field: str) -> Iterator[Problem]:
    try:
        typed([value], column)
    except InvalidEvents as error:
        yield Problem("UNREADABLE_VALUE", error.message, field, value, column.type)


NODE = MlModelEndpoint()
