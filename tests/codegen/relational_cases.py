"""The cases of relational transforms: see `cases.py`."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

NESTED = "items array<struct<sku:string,n:int>>, tags array<string>, readings map<string,double>"
SLIDING: Json = {"window_type": "sliding", "slide": "1 minute"}
FIRST: Json = {"aggregations": [{"function": "first", "column": "amount"}]}
POSITIVE: Json = {"name": "positive", "constraint": "amount > 0", "action": "drop"}
PEOPLE: Json = {
    "table": "main.shop.people",
    "keys": [{"stream": "key", "static": "name"}],
    "static_columns": "name string, region string, age int",
}

BASES: dict[str, Json] = {
    "flatten-explode": {"column": "items"},
    "lookup-enrichment": PEOPLE,
    "data-quality-expectations": {"expectations": [POSITIVE]},
    "stream-stream-join": {"keys": ["key"], "within_before": "5 minutes", "right_prefix": "r_"},
    "window-aggregate": {
        "duration": "5 minutes",
        "group_by": ["key"],
        "aggregations": [{"function": "sum", "column": "amount"}],
    },
    "split-router": {"routes": [{"name": "big", "condition": "amount > 1"}]},
}

CHANGES: dict[str, Json] = {
    "data-quality-expectations": {
        "expectations": {"expectations": [{**POSITIVE, "action": "fail"}]},
        "quarantine": {"quarantine": True},
        "reasons": {"reasons": "why"},
    },
    "lookup-enrichment": {
        "table": {"table": "main.shop.others"},
        "keys": {"keys": [{"stream": "note", "static": "name"}]},
        "join": {"join": "inner"},
        "select": {"select": ["region"]},
        "prefix": {"prefix": "p_"},
        "static_columns": {"static_columns": "name string, region string"},
        "static_rows": {"static_rows": [{"name": "x"}]},
        "static_file": {"static_file": "people.json"},
        "defaults": {"defaults": {"region": "none", "age": -1}},
    },
    "flatten-explode": {
        "column": {"column": "tags"},
        "alias": {"column": "tags", "alias": "tag"},
        "key_alias": {"column": "readings", "key_alias": "sensor"},
        "position": {"position": "line"},
        "outer": {"outer": True},
        "flatten": {"flatten": False},
        "prefix": {"prefix": "item_"},
        "keep": {"keep": True},
    },
    "stream-stream-join": {
        "keys": {"keys": [{"left": "kind", "right": "note"}]},
        "within_before": {"within_before": "6 minutes"},
        "within_after": {"within_after": "250 milliseconds"},
        "join": {"join": "full"},
        "condition": {"condition": "left.amount < right.amount"},
        "left_prefix": {"left_prefix": "l_"},
        "right_prefix": {"right_prefix": "other_"},
    },
    "window-aggregate": {
        "window_type": {**SLIDING, "window_type": "sliding"},
        "duration": {"duration": "6 minutes"},
        "slide": {**SLIDING, "slide": "2 minutes"},
        "gap": {"window_type": "session", "duration": None, "gap": "2 minutes"},
        "group_by": {"group_by": ["kind"]},
        "aggregations": {"aggregations": [{"function": "max", "column": "amount"}]},
        "order_by": {**FIRST, "order_by": ["id"]},
    },
    "split-router": {
        "routes": {"routes": [{"name": "big", "condition": "amount > 2"}]},
        "default_route": {"default_route": "rest"},
        "mode": {
            "routes": [
                {"name": "big", "condition": "amount > 1"},
                {"name": "named", "condition": "kind = 'A'"},
            ],
            "mode": "all",
        },
    },
}
