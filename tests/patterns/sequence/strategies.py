"""Random configurations of `sequence`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields

CROSS = (
    "{now} AND amount > {step}.amount",
    "{now} AND COUNT({step}) < 3",
    "id > {step}.id",
    "{now} AND note = {step}.note",
    "{now} AND at > {step}.at AND SUM({step}.n) + n >= 2",
)
MEASURES = {
    "total": "SUM({step}.amount)",
    "how_many": "COUNT({step})",
    "first_at": "FIRST({step}.at)",
    "last_note": "LAST({step}.note)",
    "price": "{step}.price",
    "span": "unix_millis(LAST({step}.at)) - unix_millis(FIRST({step}.at))",
}


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration that has a meaning."""
    count = draw.randint(1, 4)
    steps: list[dict[str, Any]] = []
    for number in range(count):
        steps.append(_step(draw, number, steps, last=number == count - 1))
    if all(step["negated"] for step in steps):
        steps.append(_step(draw, count, [], last=True))
    config: dict[str, Any] = {
        **shared_fields(draw),
        "steps": steps,
        "within": duration(draw),
        "after_match": draw.choice(("skip-past-last", "skip-past-last", "skip-to-next", "no-skip")),
        "max_partial_matches": draw.choice((20, 50, 3)),
        "emit_timed_out": draw.random() < 0.3,
    }
    if draw.random() < 0.2:
        config["after_match"] = draw.choice(("skip-to-first", "skip-to-last"))
        config["skip_to"] = draw.choice(steps)["name"]
    if draw.random() < 0.5:
        bound = [step["name"] for step in steps if not step["negated"]]
        names = draw.sample(list(MEASURES), draw.randint(1, 3))
        config["measures"] = {n: MEASURES[n].format(step=draw.choice(bound)) for n in names}
    return config


def _step(
    draw: random.Random, number: int, before: list[dict[str, Any]], last: bool
) -> dict[str, Any]:
    bound = [step["name"] for step in before if not step["negated"]]
    where = condition(draw)
    if bound and draw.random() < 0.3:
        where = draw.choice(CROSS).format(now=f"({where})", step=draw.choice(bound))
    step: dict[str, Any] = {
        "name": f"s{number}",
        "where": where,
        "contiguity": draw.choice(("relaxed", "relaxed", "relaxed-any", "strict")),
        "negated": False,
    }
    after_optional = bool(before) and (before[-1].get("optional") or before[-1].get("min") == 0)
    after_greedy = bool(before) and bool(before[-1].get("greedy"))
    kind = draw.random()
    if not before and not last and kind < 0.1:
        step |= {"negated": True, "within": duration(draw)}
    elif kind < 0.2 and before and not after_optional:
        step["negated"] = True
    elif kind < 0.45:
        step |= draw.choice(({"max": 3}, {"min": 2, "max": 2}, {"max": None}, {"min": 2, "max": 3}))
        step["inner"] = draw.choice(("relaxed", "relaxed", "strict"))
        step["greedy"] = draw.random() < 0.3
    elif kind < 0.6 and not last:
        step |= {"min": 0} if after_greedy else {"optional": True}
    return step
