"""Times of patterns that the silences of keys speak for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..errors import InvalidArgument
from ..graph.duration import duration_us
from .profile import gaps, quantile
from .suggestion import Seen, Suggestion, neat


class Silence(NamedTuple):
    """A field that is a time: so many times the silence that this part of all do not exceed.

    Ends of times are outside, so that a time is longer than what it takes in.
    always: it is suggested even where the present one is long enough for these silences.
    """

    field: str
    part: float
    times: float
    always: bool = False


FORGET = Silence("forget_after", 0.99, 30)
SILENCES: dict[str, tuple[Silence, ...]] = {
    "absence": (Silence("within", 0.99, 1.25),),
    "count-threshold": (Silence("window", 0.5, 10),),
    "deduplicate": (Silence("within", 0.99, 1.25),),
    "geofence": (FORGET,),
    "heartbeat": (Silence("timeout", 0.99, 3, always=True), FORGET),
    "match-recognize": (FORGET,),
    "outlier": (FORGET,),
    "sequence": (Silence("within", 0.95, 1.25),),
    "session": (Silence("gap", 0.99, 1, always=True),),
    "state-machine": (FORGET,),
    "temporal-correlation": (Silence("within", 0.95, 1.25),),
    "trend": (Silence("within", 0.99, 2),),
    "velocity": (Silence("window", 0.5, 10),),
}


def times(seen: Seen) -> Iterator[Suggestion]:
    """Times for a pattern of one type."""
    if not (seen.time and seen.keys and seen.node.type in SILENCES):
        return
    found = gaps(seen.rows, seen.keys, seen.time)
    for silence in SILENCES[seen.node.type]:
        usual = quantile(found, silence.part)
        if usual <= 0 or silence.field not in seen.fields:
            continue
        steps = len(seen.fields.get("steps") or ()) - 1 if seen.node.type == "sequence" else 1
        wanted = neat(usual * silence.times * max(1, steps))
        now = _seconds(seen.fields.get(silence.field)) if seen.given(silence.field) else 0.0
        fits = now == _seconds(wanted) if silence.always else now > usual * max(1, steps)
        if not fits:
            yield seen.setting(
                f"{100 * silence.part:g} % of the silences between two rows of one key last "
                f"{usual:g} s or less.",
                **{silence.field: wanted},
            )


def _seconds(text: object) -> float:
    try:
        return duration_us(str(text)) / 1_000_000
    except InvalidArgument:
        return 0.0
