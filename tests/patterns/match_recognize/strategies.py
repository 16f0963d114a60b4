"""Random clauses of `match-recognize`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields
from .oracle import LABELS, random_pattern

MEASURES = (
    "CLASSIFIER()",
    "MATCH_NUMBER()",
    "COUNT(*)",
    "COUNT({0}.*)",
    "SUM({0}.n)",
    "SUM(amount)",
    "AVG(n)",
    "FIRST({0}.price)",
    "LAST(day, 1)",
    "PREV(LAST({0}.note), 1)",
    "FINAL LAST(flag)",
    "MAX({0}.at)",
    "ARRAY_AGG(CLASSIFIER())",
    "ARRAY_AGG({0}.amount)",
    "ARRAY_AGG({0}.price)",
    "COLLECT_LIST(at)",
    "MIN_BY(id, amount)",
    "MAX(n, 2)",
    "{0}.n * 2 > COUNT({0}.n)",
    "CASE WHEN {0}.note IS NULL THEN 'none' ELSE {0}.note || CLASSIFIER({0}) END",
    "VAR_POP(n)",
    "LISTAGG(note, '/')",
    "'it''s'",
)
BY_PLACE = ("amount > PREV(amount)", "id < NEXT(id, 2)", "PREV(kind) = 'A' AND n IS NOT NULL")
BY_MATCH = (
    "COUNT({0}.*) < 4",
    "n > FIRST(n)",
    "SUM(n) < 5",
    "amount >= LAST(amount, 1)",
    "CLASSIFIER({0}) = '{0}'",
)


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    fields = shared_fields(draw)
    pattern = f"{random_pattern(draw)} {draw.choice(('A', 'B?', 'C*?'))}"
    labels = [label for label in LABELS if label in pattern.replace("PERMUTE", "")]
    parts = []
    if draw.random() < 0.5 and fields["key"]:
        parts.append(f"PARTITION BY {', '.join(fields.pop('key'))}")
    if draw.random() < 0.8:
        parts.append(f"ORDER BY {', '.join(['at', *fields.pop('order_by')])}")
    chosen = draw.sample(MEASURES, draw.randrange(4))
    measures = [f"{m.format(draw.choice(labels))} AS m{i}" for i, m in enumerate(chosen)]
    parts += [f"MEASURES {', '.join(measures)}"] if measures else []
    exclusion = "{-" in pattern
    rows = ["ONE ROW PER MATCH", "ALL ROWS PER MATCH", "ALL ROWS PER MATCH OMIT EMPTY MATCHES"]
    rows += [] if exclusion else ["ALL ROWS PER MATCH WITH UNMATCHED ROWS"]
    parts.append(draw.choice(rows))
    parts.append(f"AFTER MATCH SKIP {draw.choice(('PAST LAST ROW', 'TO NEXT ROW'))}")
    parts.append(f"PATTERN ({pattern})")
    if draw.random() < 0.5:
        parts.append(f"WITHIN {duration(draw)}")
    history = draw.random() < 0.3
    defined = [f"{label} AS {definition(draw, labels, history)}" for label in labels]
    parts.append(f"DEFINE {', '.join(defined)}")
    fields["clause"] = " ".join(parts)
    fields["max_rows_per_match"] = draw.choice((10_000, 10_000, 6))
    if draw.random() < 0.3:
        fields["forget_after"] = duration(draw)
    return fields


def definition(draw: random.Random, labels: list[str], history: bool) -> str:
    """A condition on the row, sometimes also on its neighbours or on the match."""
    chosen = [condition(draw)] if draw.random() < 0.8 else ["TRUE"]
    if draw.random() < 0.2:
        chosen.append(draw.choice(BY_PLACE))
    if history and draw.random() < 0.6:
        chosen.append(draw.choice(BY_MATCH).format(draw.choice(labels)))
    return " AND ".join(f"({each})" for each in chosen)
