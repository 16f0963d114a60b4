"""Where declarative SQL may take other rows for late than a notebook does."""

from __future__ import annotations

from ...graph.model import PipelineDocument

LATE_MATTERS = ("stream-stream-join", "window-aggregate")
FILTERS = ("filter", "split-router")


def late_row_warnings(document: PipelineDocument) -> list[str]:
    """A warning for each filter that feeds a window or a join of streams directly."""
    types = {node.id: node.type for node in document.nodes}
    return [
        f"`{edge.source}` filters what `{edge.target}` reads: declarative SQL lets Spark filter "
        "before the watermark, so that dropped rows may not advance it and late rows may be "
        f"counted otherwise. Put a `watermark` node behind `{edge.source}` where that matters, "
        "or generate for `sss`."
        for edge in document.edges
        if types[edge.source] in FILTERS and types[edge.target] in LATE_MATTERS
    ]
