"""The three questions that the main job asks the stream, as pipelines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import earthquakes_reference as reference

Change = dict[str, Any]


class Question(NamedTuple):
    """A question to the stream: the pattern that asks it, and the answer worked out by hand."""

    id: str
    name: str
    description: str
    pattern: dict[str, Any]
    answer: Callable[[list[reference.Event]], Iterator[reference.Match]]

    def changes(self) -> list[Change]:
        """The pipeline as one batch of changes: source, filter, pattern, sink."""
        source = {
            "path": str(reference.EVENTS),
            "format": "json",
            "event_time": "event_time",
            "watermark_delay": "1 hour",
            "columns": "event_id string, event_time timestamp, type string, network string, "
            "magnitude double, magnitude_type string, place string, longitude double, "
            "latitude double, depth_km double",
        }
        sink = {"table": f"main.demo.{self.id}", "mode": "merge"}
        return [
            _node("quakes", "auto-loader", "Worldwide feed", source),
            _node(
                "shocks",
                "filter",
                "Earthquakes only",
                {"condition": "type = 'earthquake'"},
                "quakes",
            ),
            _node(**self.pattern, after="shocks"),
            _node("found", "delta-table-sink", "Table of matches", sink, self.pattern["id"]),
        ]


def _node(
    id: str, type: str, name: str, config: dict[str, Any], after: str | None = None
) -> Change:
    node = {"id": id, "type": type, "name": name, "config": config}
    return {"op": "add_node", "node": node, **({"after": after} if after else {})}


QUESTIONS = (
    Question(
        "demo_aftershocks",
        "Main shock, then aftershock",
        "A shock of 5.5 or more and the first weaker one near it within 6 hours, by network",
        {
            "id": "aftershock",
            "type": "sequence",
            "name": "Aftershock",
            "config": {
                "key": ["network"],
                "steps": [
                    {"name": "main", "where": "magnitude >= 5.5"},
                    {
                        "name": "after",
                        "where": "magnitude >= 4.5 AND magnitude < main.magnitude "
                        "AND abs(latitude - main.latitude) <= 1 "
                        "AND abs(longitude - main.longitude) <= 1",
                    },
                ],
                "within": "6 hours",
                # Shocks elsewhere in the same network keep waiting for theirs.
                "after_match": "skip-to-next",
            },
        },
        reference.aftershocks,
    ),
    Question(
        "demo_silences",
        "Silence after a strong shock",
        "A network that reports nothing in the 6 hours after a shock of 3 or more",
        {
            "id": "silence",
            "type": "absence",
            "name": "Silence",
            "config": {
                "key": ["network"],
                "trigger": "magnitude >= 3",
                "expected": "true",
                "within": "6 hours",
            },
        },
        reference.silences,
    ),
    Question(
        "demo_swarms",
        "Swarm",
        "Five shocks of 1 or more within an hour, by network",
        {
            "id": "swarm",
            "type": "count-threshold",
            "name": "Swarm",
            "config": {
                "key": ["network"],
                "where": "magnitude >= 1",
                "threshold": 5,
                "window": "1 hour",
            },
        },
        reference.swarms,
    ),
)
