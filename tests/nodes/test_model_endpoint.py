"""What is said about the configuration of a model endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Relation

NODE: Any = Catalog.load().get("ml-model-endpoint")
ROWS = Relation((Column("n", "bigint"), Column("raw", "binary"), Column("at", "timestamp")))
PLAIN: dict[str, Any] = {"endpoint": "fraud", "input_columns": ["n"]}
FALLBACK = {"on_error": "fallback"}


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({}, []),
        (FALLBACK, []),
        (FALLBACK | {"fallback_value": 1}, []),
        ({"fallback_value": 1}, ["UNUSED_CONFIG"]),
        (FALLBACK | {"fallback_value": "x"}, ["UNREADABLE_VALUE"]),
        (FALLBACK | {"fallback_value": {"a": 1}, "output_type": "struct<a:int>"}, []),
        ({"input_columns": ["m"]}, ["UNKNOWN_COLUMN"]),
        ({"input_columns": ["raw"]}, ["UNSUPPORTED_TYPE"]),
        ({"output_column": "AT"}, ["DUPLICATE_COLUMN"]),
        ({"output_type": "binary"}, ["UNSUPPORTED_TYPE"]),
        ({"output_type": "map<int,string>"}, ["UNSUPPORTED_TYPE"]),
        ({"output_type": "map<string,array<int>>"}, []),
        ({"sample_predictions": [{"prediction": "x"}]}, ["UNREADABLE_VALUE"]),
        ({"sample_predictions": [{"when": {"n": "x"}, "prediction": 1}]}, ["UNREADABLE_VALUE"]),
        ({"sample_predictions": [{"when": {"at": None}, "prediction": 1}]}, ["UNKNOWN_COLUMN"]),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], codes: list[str]) -> None:
    parsed = parse(NODE, PLAIN | given)
    assert not parsed.problems
    assert [p.code for p in NODE.check(parsed.config, [ROWS])] == codes


@pytest.mark.parametrize(
    "given",
    [
        {"endpoint": "a/b"},
        {"endpoint": "../../api"},
        {"input_columns": []},
        {"max_batch_size": 0},
        {"concurrency": 65},
        {"timeout_ms": 999},
        {"token": "dapi123"},
        {"output_type": "STRUCT"},
    ],
)
def test_bad_values_are_refused_at_their_field(given: dict[str, Any]) -> None:
    problems = parse(NODE, PLAIN | given).problems
    assert [p.field for p in problems] == list(given)
    assert "dapi123" not in str(problems)


def test_an_earlier_configuration_is_understood() -> None:
    given = {
        "endpointName": "fraud",
        "inputColumns": "n, at",
        "outputColumn": "risk",
        "outputType": "DOUBLE",
        "maxBatchSize": 10,
        "timeoutMs": 2000,
        "concurrency": 2,
        "fallbackValue": "0.5",
    }
    config = parse(NODE, canonical(NODE, given)).config
    assert (config.on_error, config.fallback_value) == ("fallback", 0.5)
    assert config.input_columns == ["n", "at"]
    none = parse(NODE, canonical(NODE, given | {"fallbackValue": ""})).config
    assert (none.on_error, none.fallback_value) == ("fail", None)
    text = canonical(NODE, given | {"outputType": "STRING"})
    assert parse(NODE, text).config.fallback_value == "0.5"
