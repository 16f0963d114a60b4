"""Whether a text speaks of nothing that a pipeline has or does: then nothing of it is asked."""

from __future__ import annotations

import re
from collections.abc import Collection

from .names import singular
from .words import ENTITIES

_DATA = (
    r"kafka|topics?|streams?|tables?|events?|files?|folders?|rows?|records?|messages?|readings?|"
    r"logs?|feeds?|columns?|fields?|data|metrics?|csv|json\w*|parquet|mqtt|sensors?|devices?|"
    r"log-?ins?|payments?|purchases?|transactions?|clicks?|trades?|"
    r"pipelines?|patterns?|sources?|sinks?|nodes?|windows?|sessions?|watermarks?"
)
_DONE = (
    r"alerts?|alerting|notif\w+|warn\w*|detect\w*|monitor\w*|track\w*|watch\w*|observ\w+|find|flag\w*|"
    r"spot|count\w*|aggregat\w+|averages?|sums?|totals?|joins?|merges?|enrich\w*|filter\w*|keep|drop\w*|"
    r"remove|split\w*|rout\w+|renam\w+|convert|cast|dedup\w*|duplicat\w+|match\w*|correlat\w+|simulat\w+|"
    r"reads?|sends?|stores?|saves?|publish\w*|slack|e-?mails?|webhooks?|teams|pagerduty"
)
_HELD = (
    r"when|whenever|if|once|unless|then|followed|after|before|without|within|per|each|every|more|"
    r"outside|inside|less|fewer|greater|least|most|than|above|below|over|under|exceed\w*|between|consecutive|"
    r"in a row|times?|twice|rises?|rising|falls?|falling|spik\w+|jump\w*|silent|silence|missing|"
    r"late|lost|stops?|stuck|fail\w*|too|unusual|anomal\w+|outliers?|trends?|rates?|zones?|geofence"
)
_SPOKEN_OF = re.compile(
    rf"\b(?:{_DATA}|{_DONE}|{_HELD}|\w+\.\w+\.\w+|\w*processors?)\b|[<>=]|://", re.IGNORECASE
)


def is_off_topic(text: str, columns: Collection[str]) -> bool:
    """No data, no events, no work on them, and no condition is named."""
    words = {singular(word) for word in re.findall(r"\w+", text.lower())}
    known = ENTITIES | {singular(column.lower()) for column in columns}
    return not _SPOKEN_OF.search(text) and not words & known
