"""What the three questions must answer, worked out from the file in plain Python.

Nothing of the product is used here: every event is compared with every other one of its network.
A match is named by the `event_id`s of its events, in order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).with_name("earthquakes.jsonl")
HOUR = timedelta(hours=1)

Event = dict[str, Any]
Match = tuple[str, ...]


def read_events(file: Path = EVENTS) -> list[Event]:
    """The file's rows, with the event time as a datetime."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [{**row, "at": datetime.fromisoformat(row["event_time"])} for row in rows]


def aftershocks(events: list[Event]) -> Iterator[Match]:
    """After a shock of 5.5 or more: the first weaker one of 4.5 or more near it within 6 hours."""
    for main in events:
        if main["magnitude"] < 5.5:
            continue
        for later in events:
            if (
                main["at"] < later["at"] < main["at"] + 6 * HOUR
                and 4.5 <= later["magnitude"] < main["magnitude"]
                and abs(later["latitude"] - main["latitude"]) <= 1
                and abs(later["longitude"] - main["longitude"]) <= 1
            ):
                yield main["event_id"], later["event_id"]
                break


def silences(events: list[Event]) -> Iterator[Match]:
    """A shock of 3 or more, and no other event of the network in the 6 hours from it."""
    for strong in events:
        following = [e for e in events if strong["at"] < e["at"] < strong["at"] + 6 * HOUR]
        if strong["magnitude"] >= 3 and not following:
            yield (strong["event_id"],)


def swarms(events: list[Event]) -> Iterator[Match]:
    """The fifth shock of 1 or more within an hour, where there were not five just before it."""
    shocks = [e for e in events if e["magnitude"] >= 1]
    for now in shocks:
        window = [e for e in shocks if now["at"] - HOUR < e["at"] <= now["at"]]
        if len(window) == 5:
            yield tuple(e["event_id"] for e in window)


def expected(question: Callable[[list[Event]], Iterator[Match]]) -> set[Match]:
    """The matches of a question: earthquakes only, each network on its own."""
    quakes = [e for e in read_events() if e["type"] == "earthquake"]
    by_network = groupby(sorted(quakes, key=_network_and_time), key=lambda e: e["network"])
    return {match for _, events in by_network for match in question(list(events))}


def _network_and_time(event: Event) -> tuple[str, datetime]:
    return event["network"], event["at"]
