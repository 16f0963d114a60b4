"""A filter that Spark may move below a watermark is told of."""

from __future__ import annotations

import pytest

from lakestream_mcp.codegen import CodeTarget
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, FEED, Json

from .cases import code_for, graph, node

FEED_NODE = node("feed", "auto-loader", **FEED)
BIG = node("big", "filter", condition="amount > 1")
MARK = node("mark", "watermark", event_time="at", delay="20 seconds")
WINDOW = node("windows", "window-aggregate", **BASES["window-aggregate"])
TABLE = node("kept", "delta-table-sink", table="main.out.kept")
PLAIN_FEED = node("plain", "auto-loader", **{k: v for k, v in FEED.items() if "watermark" not in k})


@pytest.mark.parametrize("target", ["sdp", "hybrid", "auto"])
def test_a_filter_before_a_window_is_told_of(bench: Bench, target: CodeTarget) -> None:
    made = code_for(bench, graph([FEED_NODE, BIG, WINDOW, TABLE]), target)
    (warning,) = made.warnings
    assert "`big`" in warning
    assert "`windows`" in warning


@pytest.mark.parametrize(
    "chain",
    [
        [FEED_NODE, WINDOW, TABLE],
        [FEED_NODE, BIG, TABLE],
        [FEED_NODE, WINDOW, node("many", "filter", condition="sum_amount > 9"), TABLE],
        [PLAIN_FEED, BIG, MARK, WINDOW, TABLE],
    ],
)
def test_others_are_not(bench: Bench, chain: list[Json]) -> None:
    assert code_for(bench, graph(chain), "sdp").warnings == []


def test_notebooks_keep_filters_above_the_watermark(bench: Bench) -> None:
    assert code_for(bench, graph([FEED_NODE, BIG, WINDOW, TABLE]), "sss").warnings == []
